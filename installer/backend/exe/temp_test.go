package exe_test

import (
	"errors"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/exe"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/osdetect/program"
)

// temps are the folders for temporary files that are on the disk.
func temps(d *durabletest.Disk) []string {
	var out []string
	for name := range d.Snapshot() {
		if strings.HasPrefix(name, "setups/.temp/") && strings.HasSuffix(name, "/temp/") {
			out = append(out, strings.TrimSuffix(name, "/"))
		}
	}
	slices.Sort(out)
	return out
}

// TestEachRunHasATempOfItsOwn looks at a removal and an installation in one
// job. That the folders are there and empty is what world wants.
func TestEachRunHasATempOfItsOwn(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	have(t, w, "2.0")
	j := job(t, w, backend.Downgrade, "1.0")
	if _, _, err := carryOut(t, w, j); err != nil {
		t.Fatal(err)
	}
	if len(*w.ran) != 2 {
		t.Fatalf("ran %v, want the removal and the setup program", programs(w))
	}
	for _, c := range *w.ran {
		if want := "setups/.temp/" + j.ID; !strings.HasPrefix(c.Temp, want) || path.Base(c.Temp) != "temp" {
			t.Errorf("temporary files in %q, want them below %q", c.Temp, want)
		}
	}
	if left := temps(w.disk); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// TestTempOfWhatStays holds that a server which a setup program started keeps
// its TEMP, that the next program has another, and that it goes with the server.
func TestTempOfWhatStays(t *testing.T) {
	server := program.Left{PID: 7, Started: time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)}
	w := newWorld(durabletest.NewDisk())
	w.stays = []program.Left{server}
	j := job(t, w, backend.Install, "1.0")
	u, _, err := carryOut(t, w, j)
	if err != nil {
		t.Fatal(err)
	}
	b := exe.New(w.disk, w)
	kept := temps(w.disk)
	if len(kept) != 1 {
		t.Fatalf("kept %v, want the one of the server", kept)
	}
	if _, err := b.Revert(t.Context(), j, u); err != nil {
		t.Fatal(err)
	}
	if got := (*w.ran)[1].Temp; got == kept[0] {
		t.Errorf("the uninstaller has the folder of the server, %q", got)
	}
	for what, sweep := range map[string]func() error{
		"settle": func() error { return b.Settle(t.Context(), j, u, false) },
		"sweep":  func() error { return b.Sweep(t.Context()) },
	} {
		if err := sweep(); err != nil {
			t.Fatal(err)
		}
		if got := temps(w.disk); !slices.Equal(got, kept) {
			t.Errorf("after %s: got %v, want %v", what, got, kept)
		}
	}
	w.stays = nil
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name := range w.disk.Snapshot() {
		if strings.HasPrefix(name, "setups/") {
			t.Errorf("left when the server had ended: %s", name)
		}
	}
}

// TestTempThatCannotBeRemoved holds that the change counts all the same, and
// that the folder goes when it can.
func TestTempThatCannotBeRemoved(t *testing.T) {
	for n := 1; ; n++ {
		w := newWorld(durabletest.NewDisk())
		j := job(t, w, backend.Install, "1.0")
		b := exe.New(w.disk, w)
		u, err := b.Prepare(t.Context(), j)
		if err != nil {
			t.Fatal(err)
		}
		at := w.disk.Ops() + n
		w.disk.FailAt(at, errors.New("in use"))
		_, err = b.Apply(t.Context(), j, u)
		if w.disk.Op(at) == "" {
			t.Fatal("nothing was removed")
		}
		if !strings.Contains(w.disk.Op(at), "setups/.temp/") || len(temps(w.disk)) == 0 || len(*w.ran) == 0 || len(w.installedFiles()) == 0 {
			continue // another operation
		}
		if err != nil {
			t.Errorf("%s failed, and with it the change: %v", w.disk.Op(at), err)
		}
		t.Log(w.disk.Op(at))
		if err := b.Settle(t.Context(), j, u, true); err != nil {
			t.Fatal(err)
		}
		if left := temps(w.disk); len(left) > 0 {
			t.Errorf("left %v", left)
		}
		return
	}
}

// TestNoTempNoRun holds that nothing runs with the TEMP of the system instead.
func TestNoTempNoRun(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	if err := w.write("setups/.temp", "a file in the way"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := carryOut(t, w, job(t, w, backend.Install, "1.0")); err == nil || len(*w.ran) > 0 {
		t.Errorf("got %v, ran %v; want nothing to run", err, programs(w))
	}
}
