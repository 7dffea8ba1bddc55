package capability

import (
	"errors"
	"testing"
)

// TestRevertWaitsForWhatGoesOn holds that a DISM which goes on after its starter
// was ended does not bring afterwards what was undone.
func TestRevertWaitsForWhatGoesOn(t *testing.T) {
	f := &fake{state: Absent, server: number(1)}
	b := New(f)
	j := job(Installed, map[string]string{BypassWSUS: Yes})
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	f.server, f.going = number(0), true
	if _, err := b.Revert(t.Context(), j, u); err != nil {
		t.Fatal(err)
	}
	if f.file || f.waits != 3 || *f.server != 1 {
		t.Errorf("the file is there: %v; waited %d times; the policy is %d", f.file, f.waits, *f.server)
	}
}

func TestRevertWaitsNotForEver(t *testing.T) {
	f := &fake{state: Absent, server: number(1), waits: 10}
	b := New(f)
	j := job(Installed, map[string]string{BypassWSUS: Yes})
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	f.server, f.going = number(0), true
	var e *Error
	if _, err := b.Revert(t.Context(), j, u); !errors.As(err, &e) || e.Code() != CodeTime {
		t.Errorf("got %v, want %s", err, CodeTime)
	}
	if *f.server != 1 {
		t.Errorf("the policy is %d, want 1", *f.server)
	}
}
