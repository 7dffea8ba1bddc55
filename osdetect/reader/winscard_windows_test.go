package reader

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"time"
)

// vpcd is where the virtual readers of the test bench wait for a card.
var vpcd = []string{"127.0.0.1:35963", "127.0.0.1:35964"}

// bench skips on a machine that is not there to be used up, and on one without
// virtual readers.
func bench(t *testing.T) {
	t.Helper()
	if os.Getenv("RELEVE_BENCH") != "wine" {
		t.Skip("needs the virtual readers of the test bench (RELEVE_BENCH=wine)")
	}
}

// insert puts a card into a virtual reader until the test ends or remove is
// called. A nil ATR is a card that does not answer.
func insert(t *testing.T, slot int, atr ATR) (remove func()) {
	t.Helper()
	c, err := net.DialTimeout("tcp", vpcd[slot], 5*time.Second)
	if err != nil {
		t.Fatalf("the virtual reader %d does not answer: %v", slot, err)
	}
	go present(c, atr)
	remove = func() { _ = c.Close() }
	t.Cleanup(remove)
	return remove
}

// present answers the frames of a virtual reader: two bytes of length, then 0
// for power off, 1 for power on, 2 for reset, 4 for the ATR, or a command.
func present(c net.Conn, atr ATR) {
	for {
		var head [2]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint16(head[:]))
		if _, err := io.ReadFull(c, body); err != nil {
			return
		}
		var answer []byte
		switch {
		case len(body) == 1 && body[0] == 4:
			answer = atr
		case len(body) == 1:
			continue
		default:
			answer = []byte{0x6D, 0x00}
		}
		frame := append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)
		if _, err := c.Write(frame); err != nil {
			return
		}
	}
}

// until lists until ok, since a card is noticed within a second.
func until(t *testing.T, what string, ok func(Readers) bool) Readers {
	t.Helper()
	var r Readers
	for range 100 {
		if r = List(t.Context(), Options{}); ok(r) {
			return r
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s did not happen; the last answer was %+v", what, r)
	return r
}

func cards(r Readers) []Kind {
	var all []Kind
	for _, s := range r.Slots {
		all = append(all, s.Card)
	}
	return all
}

func TestVirtualReaders(t *testing.T) {
	bench(t)
	r := until(t, "two empty readers", func(r Readers) bool { return slices.Equal(cards(r), []Kind{NoCard, NoCard}) })
	if r.Service != Running || r.Slots[0].Name != "Virtual PCD 00 00" || r.Slots[1].Name != "Virtual PCD 00 01" {
		t.Errorf("readers %+v", r)
	}
	if len(r.Problems) != 0 || r.Slots[0].Contactless || r.Slots[0].Use != Free {
		t.Errorf("empty readers %+v", r)
	}
}

func TestCardsByATR(t *testing.T) {
	bench(t)
	for _, tt := range published {
		t.Run(tt.name, func(t *testing.T) {
			remove := insert(t, 0, tt.atr)
			r := until(t, "the card "+tt.name, func(r Readers) bool { return len(r.Slots) == 2 && r.Slots[0].State == Present })
			s := r.Slots[0]
			if s.Card != tt.kind || !slices.Equal(s.ATR, tt.atr) || s.Contactless != tt.contactless {
				t.Errorf("slot %+v, want %s", s, tt.kind)
			}
			if r.Slots[1].Card != NoCard {
				t.Errorf("the other slot %+v", r.Slots[1])
			}
			remove()
			until(t, "taking the card out", func(r Readers) bool { return slices.Equal(cards(r), []Kind{NoCard, NoCard}) })
		})
	}
}
