package shelf_test

import (
	"slices"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/shelf"
	"github.com/releve-sante/releve/installer/durable/durabletest"
)

func TestKeptLeavesOutWhatIsInstalledOrUnderWay(t *testing.T) {
	s := shelf.New(durabletest.NewDisk(), "packages")
	if err := s.Begin("r2-s0", component); err != nil {
		t.Fatal(err)
	}
	held := []shelf.Item{
		{ID: "r0-s0", Version: "3.45.01"}, {ID: "r1-s0-old0", Version: "3.43.4"},
		{ID: "r1-s0", Version: "3.43.04"}, {ID: "r2-s0", Version: "3.46"},
	}
	if got, want := s.Kept(shelf.Items(held), "3.45.1"), []string{"3.43.04", "3.43.4"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if i := shelf.Find(shelf.Items(held), "3.45.1"); i != 0 {
		t.Errorf("3.45.1: got %d", i)
	}
	if i := shelf.Find(shelf.Items(held), "3.42"); i >= 0 {
		t.Errorf("3.42: got %d", i)
	}
}

func TestNeedsOld(t *testing.T) {
	held := []shelf.Item{{Version: "5.1.7"}}
	for _, tt := range []struct {
		name string
		from string
		want bool
	}{
		{"nothing-installed", "", false},
		{"held", "5.1.07", false},
		{"not-held", "5.1.5", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := shelf.NeedsOld(backend.Job{Component: component, From: tt.from}, shelf.Items(held)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// undo is the Undo of a backend that knows one package.
type undo struct {
	Old *shelf.Ref `json:"old,omitempty"`
}

func (u *undo) Refs() []*shelf.Ref { return []*shelf.Ref{u.Old} }

func TestDecodeStaysOnTheShelf(t *testing.T) {
	for _, tt := range []struct {
		name      string
		component string
		raw       string
		want      bool // accepted
	}{
		{"whole", component, `{"old":{"id":"r1-s0-old0"}}`, true},
		{"without-package", component, `{}`, true},
		{"of-an-earlier-version", component, `{"old":{"id":"r1-s0-old0","staged":true}}`, true},
		{"out-of-the-folder", component, `{"old":{"id":"../../etc"}}`, false},
		{"without-name", component, `{"old":{}}`, false},
		{"component-out-of-the-folder", "../x", `{}`, false},
		{"torn", component, `{"old":{"id":"r1`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := shelf.Decode(backend.Job{ID: "r1-s0", Component: tt.component}, backend.Undo(tt.raw), &undo{})
			if got := err == nil; got != tt.want {
				t.Errorf("got error %v, want accepted: %v", err, tt.want)
			}
		})
	}
}
