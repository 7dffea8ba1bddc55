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
