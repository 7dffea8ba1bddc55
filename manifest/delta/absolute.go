package delta

// absolute returns a copy of an executable in which references say where they
// point and not how far away that is, so that code that moved is the same as
// before. to translates a target; pointers says whether to do so in data too.
//
// Only Make needs it, to find what both files have: it may guess.
func absolute(file []byte, m *image, pointers bool, to func(uint32) uint32) []byte {
	out := append([]byte(nil), file...)
	for _, s := range m.sections {
		b, w := file[s.offset:s.offset+s.size], out[s.offset:s.offset+s.size]
		switch {
		case s.code:
			absoluteCode(w, b, m, s.address, to)
		case pointers:
			absoluteData(w, b, m, s.address, to)
		}
	}
	if pointers {
		for _, t := range tablesOf(file, m) {
			for i := t.from; i+4 <= t.to; i += 4 {
				base := t.counts[(i-t.from)/4%len(t.counts)]
				le.PutUint32(out[i:], to(le.Uint32(file[i:])+base))
			}
		}
	}
	return out
}

// absoluteCode translates the references in code.
func absoluteCode(w, b []byte, m *image, address uint32, to func(uint32) uint32) {
	var r reference
	for i := 0; ; i = r.field + 4 {
		m.next(&r, b, i, address)
		if r.field == len(b) {
			return
		}
		le.PutUint32(w[r.field:], to(r.target))
	}
}

// absoluteData translates what looks like a pointer.
func absoluteData(w, b []byte, m *image, address uint32, to func(uint32) uint32) {
	size := m.pointerSize()
	for i := int(-address) & (size - 1); i+size <= len(b); i += size {
		if target, ok := m.pointer(b[i:]); ok && target >= small && m.at(target) != nil {
			le.PutUint32(w[i:], to(target))
		}
	}
}

// rough finds roughly where the parts of the old image went: by code without its
// references, then, as their targets can be translated by that, with them.
func rough(old, new []byte, from, to *image) *moves {
	zero := func(uint32) uint32 { return 0 }
	m := roughly(absolute(old, from, false, zero), absolute(new, to, false, zero), from, to)
	return roughly(absolute(old, from, true, m.to), absolute(new, to, true, unmoved), from, to)
}

// unmoved is the translation of the new image's own addresses.
func unmoved(address uint32) uint32 { return address }

// roughly returns the moves that the anchors show.
func roughly(old, new []byte, from, to *image) *moves {
	found := pieces{old: from, new: to}
	for _, a := range anchors(old, new) {
		if !found.add(uint32(a.from), uint32(a.at), uint32(a.length)) {
			break
		}
	}
	return newMoves(found.list)
}
