package delta

import "encoding/binary"

// encoder writes segments into streams.
type encoder struct {
	*predictor // nil without a transform
	to         [streams][]byte
	differ     differences
}

// encode writes the segments of a file.
func (e *encoder) encode(old, new []byte, segments []segment) {
	at, from := 0, 0
	for _, s := range segments {
		e.to[copies] = binary.AppendUvarint(e.to[copies], uint64(s.copied))
		e.to[extras] = binary.AppendUvarint(e.to[extras], uint64(s.extra))
		e.to[seeks] = binary.AppendVarint(e.to[seeks], int64(s.from-from))
		e.copy(old, new, s.from, at, s.copied)
		at, from = at+s.copied, s.from+s.copied
		e.to[inserts] = append(e.to[inserts], new[at:at+s.extra]...)
		at += s.extra
	}
	e.differ.end()
	e.to[gaps], e.to[diffs] = e.differ.gaps, e.differ.bytes
}

// copy writes what a copied range differs in.
func (e *encoder) copy(old, new []byte, from, at, copied int) {
	for copied > 0 {
		n := min(copied, partSize)
		var p part
		if e.predictor != nil {
			p = e.part(uint32(from), uint32(at), uint32(n))
			n = p.length
		}
		w, o := new[at:at+n], old[from:from+n]
		switch p.kind {
		case codePart:
			e.code(w, o, &p)
		case dataPart:
			e.data(w, o, &p)
		default:
			e.differ.add(w, o)
		}
		from, at, copied = from+n, at+n, copied-n
	}
}

// code writes a part with code.
func (e *encoder) code(w, o []byte, p *part) {
	var g guess
	for i := 0; ; {
		field := e.guess(&g, o, i, p)
		e.differ.add(w[i:field], o[i:field])
		if field == len(o) {
			return
		}
		now := le.Uint32(w[field:])
		e.to[codes] = binary.AppendUvarint(e.to[codes], correction(g.first, g.second, now))
		e.settle(&g, now)
		i = field + 4
	}
}

// data writes a part with words of data.
func (e *encoder) data(w, o []byte, p *part) {
	i := p.firstWord()
	e.differ.add(w[:i], o[:i])
	var g word
	for ; i+4 <= len(o); i += 4 {
		e.read(&g, o, i, p)
		now := le.Uint32(w[i:])
		if g.best == same {
			e.differ.add(w[i:i+4], o[i:i+4])
		} else {
			e.to[tables] = binary.AppendUvarint(e.to[tables], correction(g.now, g.was, now))
		}
		e.settleWord(&g, now)
	}
	e.differ.add(w[i:], o[i:])
}
