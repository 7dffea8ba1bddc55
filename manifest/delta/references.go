package delta

// The references of x86 code that are followed: four bytes, which count from
// their own end to where they point, or from the base of the image.
const (
	call        = iota + 1 // E8
	jump                   // E9
	conditional            // 0F 80 to 0F 8F
	operand                // in memory, without a register; in 64 bits, it counts from the end
	constant               // in 32 bits only: an address that is pushed, loaded or stored
)

// kinds gives, for each byte, the kind of reference that may begin with it.
var kinds = [256]byte{
	0xE8: call, 0xE9: jump, 0x0F: conditional,
	0x05: operand, 0x0D: operand, 0x15: operand, 0x1D: operand,
	0x25: operand, 0x2D: operand, 0x35: operand, 0x3D: operand,
}

// narrowKinds is the same for 32 bits.
var narrowKinds = [256]byte{
	0xE8: call, 0xE9: jump, 0x0F: conditional,
	0x05: operand, 0x0D: operand, 0x15: operand, 0x1D: operand,
	0x25: operand, 0x2D: operand, 0x35: operand, 0x3D: operand,
	0x68: constant, 0xA1: constant, 0xA3: constant,
	0xB8: constant, 0xB9: constant, 0xBA: constant, 0xBB: constant,
	0xBC: constant, 0xBD: constant, 0xBE: constant, 0xBF: constant,
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
	useful   [5 * 256]int8 // by kind of reference and what comes before it
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
	target, place uint32 // old address of the target, new address from which the field counts
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

// A reference is four bytes in code that point to somewhere.
type reference struct {
	field  int // where they begin
	kind   byte
	target uint32
}

// relative reports whether a reference counts from its own end.
func (m *image) relative(kind byte) bool {
	return kind < operand || kind == operand && !m.narrow
}

// next finds the next reference in code from i on. Its field is len(code) for
// none. address is that of the code.
func (m *image) next(r *reference, code []byte, i int, address uint32) {
	kindOf := &kinds
	if m.narrow {
		kindOf = &narrowKinds
	}
	for ; i+5 <= len(code); i++ {
		kind := kindOf[code[i]]
		if kind == 0 {
			continue
		}
		field := i + 1
		if kind == conditional {
			if code[i+1]&0xF0 != 0x80 || i+6 > len(code) {
				continue
			}
			field++
		}
		target := le.Uint32(code[field:])
		if m.relative(kind) {
			target += address + uint32(field) + 4
		} else {
			target -= uint32(m.base)
		}
		if s := m.at(target); s != nil && (kind >= operand || s.code) {
			*r = reference{field, kind, target}
			return
		}
	}
	r.field = len(code)
}

// guess finds the next reference in a part with code from i on, and guesses what
// it is now. It returns where its field begins, len(o) for none. What lies
// before i may be new already, so it is not looked at.
func (p *predictor) guess(g *guess, o []byte, i int, in *part) int {
	var r reference
	p.old.next(&r, o, i, in.old)
	if r.field == len(o) {
		return r.field
	}
	g.target, g.place = r.target, in.new+uint32(r.field)+4
	if !p.old.relative(r.kind) {
		g.place = -uint32(p.new.base)
	}
	g.first, g.second = p.target(r.target)-g.place, le.Uint32(o[r.field:])
	before := byte(0)
	switch {
	case r.kind == constant:
		before = o[r.field-1]
	case r.kind == operand && r.field-2 >= i:
		before = o[r.field-2]
	}
	g.trust = &p.useful[int(r.kind-1)<<8|int(before)]
	if g.swapped = *g.trust < 0; g.swapped {
		g.first, g.second = g.second, g.first
	}
	return r.field
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
