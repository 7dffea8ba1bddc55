package delta

import (
	"bytes"
	"testing"
)

func TestFollowsReferences(t *testing.T) {
	p := sample(400)
	q := p.next()
	narrow := p
	narrow.narrow = true
	for _, c := range []struct {
		name     string
		old, new []byte
	}{
		{"elf", p.elf(), q.elf()},
		{"pe", p.pe(), q.pe()},
		{"from-elf-to-pe", p.elf(), q.pe()},
		{"pe-for-x86", narrow.pe(), narrow.next().pe()},
		{"mach-o", p.machO(), q.machO()},
		{"universal-mach-o", p.universal(), q.universal()},
	} {
		t.Run(c.name, func(t *testing.T) {
			bare, got := patched(t, c.old, c.new, Options{Transform: None})
			if !bytes.Equal(got, c.new) {
				t.Error("got another file without a transform")
			}
			followed, got := patched(t, c.old, c.new, Options{Transform: X86})
			if !bytes.Equal(got, c.new) {
				t.Error("got another file with a transform")
			}
			if len(followed) > len(bare)*2/3 {
				t.Errorf("got %d bytes, and %d without a transform; want two thirds", len(followed), len(bare))
			}
			chosen, _ := patched(t, c.old, c.new, Options{})
			if !bytes.Equal(chosen, followed) {
				t.Errorf("got %d bytes by default, want the %d of the transform", len(chosen), len(followed))
			}
		})
	}
}

// TestLooksBackNoFurther changes what lies before the place from where a
// reference is looked for: it may be new already while a patch is applied, and
// was old while it was made.
func TestLooksBackNoFurther(t *testing.T) {
	m := image{sections: []section{{size: 1000, memory: 1000, code: true}}}
	m.end = 1000
	p := newPredictor(m, m, newMoves(nil))
	for _, opcode := range []byte{0xE8, 0xE9, 0x05, 0x3D} {
		code := []byte{0, 0, 0, 0, opcode, 100, 0, 0, 0, 0}
		var guesses [2]guess
		for i, before := range []byte{0x0F, 0xFF} {
			code[3] = before
			if got := p.guess(&guesses[i], code, 4, &part{length: len(code)}); got != 5 {
				t.Errorf("opcode %x: got a field at %d, want it at 5", opcode, got)
			}
		}
		if guesses[0] != guesses[1] {
			t.Errorf("opcode %x: got %v and %v for other bytes before", opcode, guesses[0], guesses[1])
		}
	}
}
