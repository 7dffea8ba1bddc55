package msi_test

import (
	"maps"
	"runtime"
	"slices"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/msi"
	"github.com/releve-sante/releve/installer/durable/durabletest"
)

// cutOff makes the change until msiexec is cut off, which leaves the products
// as torn makes them.
func cutOff(t *testing.T, w *world, j backend.Job, torn func(all map[string]product)) backend.Undo {
	t.Helper()
	b := msi.New(w.disk, w)
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	w.status = func(string, string) uint32 {
		all, err := w.installed()
		if err == nil {
			torn(all)
			err = w.set(all)
		}
		if err != nil {
			t.Error(err)
		}
		runtime.Goexit()
		return 0
	}
	backendtest.UntilPowerFails(t, func() error {
		_, err := b.Apply(t.Context(), j, u)
		return err
	})
	w.status = func(string, string) uint32 { return 0 }
	*w.lines = nil
	return u
}

// files are those of all products, and what is left of others.
func (w *world) files(t *testing.T) map[string]string {
	t.Helper()
	all, err := w.installed()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, p := range all {
		maps.Copy(out, p.Files)
	}
	return out
}

// TestCutOffInTheMiddle holds that nothing is believed of what is listed when
// msiexec was cut off: a product may be listed without its files, and files may
// be there without their product.
func TestCutOffInTheMiddle(t *testing.T) {
	without := func(version string) func(map[string]product) {
		return func(all map[string]product) {
			p := all[productOf(version)]
			p.Files = nil
			all[productOf(version)] = p
		}
	}
	unlisted := func(all map[string]product) {
		all[productOf("2.0.0")] = product{Files: backendtest.Files("2.0.0")}
	}
	for name, tt := range map[string]struct {
		before, to string
		torn       func(map[string]product)
		want       string
	}{
		"update-old-without-files":  {"1.0.0", "2.0.0", without("1.0.0"), "/i over"},
		"removal-old-without-files": {"1.0.0", "", without("1.0.0"), "/i over"},
		"update-nothing-listed":     {"1.0.0", "2.0.0", func(all map[string]product) { clear(all) }, "/i"},
		"install-new-not-listed":    {"", "2.0.0", unlisted, "/i, /x"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			want := map[string]string{}
			if tt.before != "" {
				have(t, w, tt.before)
				want = backendtest.Files(tt.before)
			}
			action, pkg := backend.Uninstall, backend.Package(nil)
			if tt.to != "" {
				action, pkg = backend.Update, sample(tt.to)
			}
			j, _ := job(t, w, action, tt.to, pkg)
			u := cutOff(t, w, j, tt.torn)
			for range 2 { // once more is the same
				if _, err := msi.New(w.disk, w).Revert(t.Context(), j, u); err != nil {
					t.Fatal(err)
				}
			}
			if got := w.files(t); !maps.Equal(got, want) {
				t.Errorf("files are %v, want %v", got, want)
			}
			if got := verbs(w); got != tt.want {
				t.Errorf("ran %q, want %q", got, tt.want)
			}
		})
	}
}

// TestWayBackRunsThePackageOnceMoreOnly holds that a package which takes the
// machine down is not run by one recovery after the other.
func TestWayBackRunsThePackageOnceMoreOnly(t *testing.T) {
	w := newWorld(durabletest.NewDisk())
	j, _ := job(t, w, backend.Install, "2.0.0", sample("2.0.0"))
	nothing := func(map[string]product) {}
	u := cutOff(t, w, j, nothing)
	ran := 0
	w.status = func(string, string) uint32 {
		ran++
		runtime.Goexit()
		return 0
	}
	revert := func() error {
		_, err := msi.New(w.disk, w).Revert(t.Context(), j, u)
		return err
	}
	backendtest.UntilPowerFails(t, revert)
	for range 2 {
		if err := revert(); err != nil {
			t.Error(err)
		}
	}
	if ran != 1 || !slices.Equal(w.versions(t), nil) {
		t.Errorf("ran %d times, want once", ran)
	}
}
