package main

import (
	"context"
	"log/slog"
	"testing"

	"github.com/releve-sante/releve/osdetect/reader"
)

// TestCardInUse judges the readers of this machine alone: those of a remote
// session belong to somebody else's.
func TestCardInUse(t *testing.T) {
	held := reader.Slot{State: reader.Present, Card: reader.CPS4, Use: reader.Exclusive}
	free := reader.Slot{State: reader.Present, Card: reader.CPS4, Use: reader.Free}
	for _, tt := range []struct {
		name    string
		readers reader.Readers
		want    bool
		silent  bool
	}{
		{"held", reader.Readers{Service: reader.Running, Slots: []reader.Slot{free, held}}, true, false},
		{"free", reader.Readers{Service: reader.Running, Slots: []reader.Slot{free}}, false, false},
		{"no-answer", reader.Readers{Service: reader.Unreachable}, false, true},
		{"remote", reader.Readers{Service: reader.Running, Slots: []reader.Slot{held}, Remote: true}, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &app{log: slog.New(slog.DiscardHandler)}
			a.readers = func(context.Context, reader.Options) reader.Readers { return tt.readers }
			if got, err := a.cardInUse(t.Context()); got != tt.want || (err != nil) != tt.silent {
				t.Errorf("got %v, %v, want %v, no answer: %v", got, err, tt.want, tt.silent)
			}
		})
	}
}

func TestReaderOptions(t *testing.T) {
	for kind, want := range map[string]bool{"remote": true, "console": false, "service": false, "": false} {
		if got := readerOptions(kind).Remote; got != want {
			t.Errorf("%q: got %v, want %v", kind, got, want)
		}
	}
}
