package exe_test

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/exe"
	"github.com/releve-sante/releve/installer/durable/durabletest"
)

// TestFirstInstallationThatWasCutOff leaves half of a component that nothing
// removes: its uninstaller did not come yet. The setup program makes it whole
// and it is removed; one that takes the machine down is not run by each
// recovery.
func TestFirstInstallationThatWasCutOff(t *testing.T) {
	for _, again := range []bool{false, true} {
		t.Run(fmt.Sprintf("falls-again-%v", again), func(t *testing.T) {
			w := newWorld(durabletest.NewDisk())
			j := job(t, w, backend.Install, "1.0")
			b := exe.New(w.disk, w)
			u, err := b.Prepare(t.Context(), j)
			if err != nil {
				t.Fatal(err)
			}
			power := true // fails
			w.works = func(c exe.Command) bool {
				if c.Digest == "" { // the uninstaller comes with the rest
					version, err := w.Detect(t.Context(), j.Subject())
					return err == nil && version != ""
				}
				if power {
					if err := w.write(home+"/half", "of it"); err != nil {
						t.Error(err)
					}
					runtime.Goexit()
				}
				return true
			}
			w.status = func(c exe.Command) (exe.Result, error) {
				if c.Digest == "" && !w.works(c) {
					if _, err := w.disk.ReadDir(home); err == nil {
						return exe.Result{}, fmt.Errorf("no uninstaller: %w", fs.ErrNotExist)
					}
				}
				return exe.Result{}, nil
			}
			backendtest.UntilPowerFails(t, func() error {
				_, err := b.Apply(t.Context(), j, u)
				return err
			})
			revert := func() error {
				_, err := exe.New(w.disk, w).Revert(t.Context(), j, u)
				return err
			}
			if power = again; again {
				backendtest.UntilPowerFails(t, revert)
			}
			*w.ran = nil
			if err := revert(); err != nil {
				t.Fatal(err)
			}
			_, err = w.disk.ReadDir(home)
			if gone := errors.Is(err, fs.ErrNotExist); gone == again {
				t.Errorf("half of it is gone: %v; ran %+v", gone, *w.ran)
			}
		})
	}
}
