package delta

// The references of x86-64 code that are followed, each four bytes that count
// from their own end to where they point.
const (
	call        = iota + 1 // E8
	jump                   // E9
	conditional            // 0F 80 to 0F 8F
	indirect               // an operand that counts from the instruction pointer
)

// kinds gives, for each byte, the kind of reference that may begin with it.
var kinds = [256]byte{
	0xE8: call, 0xE9: jump, 0x0F: conditional,
	0x05: indirect, 0x0D: indirect, 0x15: indirect, 0x1D: indirect,
	0x25: indirect, 0x2D: indirect, 0x35: indirect, 0x3D: indirect,
}

// learnedBits is the size of the table of learned addresses.
const learnedBits = 15

// predictor guesses what references of the old image have become in the new.
// Make and Apply feed it the same ranges in the same order, and the same
// answers, so it gives both the same guesses.
type predictor struct {
	old, new image
	moves    *moves
	learned  [1 << learnedBits]struct{ key, address uint32 }
	useful   [4 * 256]int8 // by kind of reference and what comes before it
	words    words
}

// newPredictor knows where the pieces of the old image went, and nothing yet of
// the references.
func newPredictor(old, new image, m *moves) *predictor {
	return &predictor{old: old, new: new, moves: m, words: newWords(&old, &new)}
}

// What a part is taken for.
const (
	bytesPart = iota
	codePart
	dataPart
)

// A part is what is made at once of a copied range: it lies in one section of
// each image, or is taken as bytes.
type part struct {
	kind, length       int
	old, new           uint32 // the addresses of its first byte
	oldStart, newStart uint32 // and of its sections
}

// part returns the part of n bytes at most that begins at two offsets.
func (p *predictor) part(from, at, n uint32) part {
	o, n := p.old.run(from, n)
	w, n := p.new.run(at, n)
	if o == nil || w == nil {
		return part{length: int(n)}
	}
	kind := dataPart
	if o.code {
		kind = codePart
	}
	return part{
		kind: kind, length: int(n),
		old: o.address + from - o.offset, new: w.address + at - w.offset,
		oldStart: o.address, newStart: w.address,
	}
}

// A guess is what the four bytes of a reference probably are now.
type guess struct {
	first, second uint32
	target, place uint32 // old address of the target, new one of the field's end
	trust         *int8
	swapped       bool
}

// target says where an old address is in the new image: where a reference to it
// went before, else as far away as what surrounds it.
func (p *predictor) target(address uint32) uint32 {
	if l := &p.learned[address*2654435761>>(32-learnedBits)]; l.key == address+1 {
		return l.address
	}
	return p.moves.to(address)
}

// learn notes where a reference to an old address points now.
func (p *predictor) learn(address, now uint32) {
	l := &p.learned[address*2654435761>>(32-learnedBits)]
	l.key, l.address = address+1, now
}

// reference finds the next reference in code from i on: where its field begins,
// len(code) for none, and where it points. address is that of the code.
func (m *image) reference(code []byte, i int, address uint32) (field int, target uint32) {
	for ; i+5 <= len(code); i++ {
		kind := kinds[code[i]]
		if kind == 0 {
			continue
		}
		field = i + 1
		if kind == conditional {
			if code[i+1]&0xF0 != 0x80 || i+6 > len(code) {
				continue
			}
			field++
		}
		target = address + uint32(field) + 4 + le.Uint32(code[field:])
		if s := m.at(target); s != nil && (kind == indirect || s.code) {
			return field, target
		}
	}
	return len(code), 0
}

// next finds the next reference in a part with code from i on, and guesses what
// it is now. It returns where the field begins, len(o) for none. What lies
// before i may be new already, so it is not looked at.
func (p *predictor) next(g *guess, o []byte, i int, in *part) int {
	field, target := p.old.reference(o, i, in.old)
	if field == len(o) {
		return field
	}
	g.target, g.place = target, in.new+uint32(field)+4
	g.first, g.second = p.target(target)-g.place, le.Uint32(o[field:])
	kind, before := kinds[o[field-1]], byte(0)
	switch {
	case kind == 0:
		kind = conditional
	case kind == indirect && field-2 >= i:
		before = o[field-2]
	}
	g.trust = &p.useful[int(kind-1)<<8|int(before)]
	if g.swapped = *g.trust < 0; g.swapped {
		g.first, g.second = g.second, g.first
	}
	return field
}

// settle tells the predictor what a reference is now.
func (p *predictor) settle(g *guess, now uint32) {
	if g.first != g.second && (now == g.first || now == g.second) {
		// The guess was right where it was taken and first, or not and second.
		if right := (now == g.first) != g.swapped; right && *g.trust < 16 {
			*g.trust++
		} else if !right && *g.trust > -16 {
			*g.trust--
		}
	}
	if address := now + g.place; p.new.at(address) != nil {
		p.learn(g.target, address)
	}
}

// correction returns the number that turns a guess into what is.
func correction(first, second, now uint32) uint64 {
	switch now {
	case first:
		return 0
	case second:
		return 1
	}
	d := now - first
	return 2 + uint64(d<<1^uint32(int32(d)>>31))
}

// corrected undoes correction.
func corrected(first, second uint32, by uint64) (uint32, error) {
	switch {
	case by == 0:
		return first, nil
	case by == 1:
		return second, nil
	case by-2 > 1<<32-1:
		return 0, damaged("a correction of %d", by)
	}
	d := uint32(by - 2)
	return first + (d>>1 ^ -(d & 1)), nil
}
