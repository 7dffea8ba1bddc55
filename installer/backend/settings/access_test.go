package settings_test

import (
	"errors"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/settings"
	"github.com/releve-sante/releve/installer/durable/durabletest"
)

// keeper is a disk whose files have rights of their own.
type keeper struct {
	*durabletest.Disk
	fail  error
	given map[string]string // to whom from what
}

func (k keeper) KeepAccess(from, to string) error {
	k.given[to] = from
	return k.fail
}

// TestFileKeepsItsAccess holds that the new file gets the rights of the old one
// before it takes its place, and that Apply does not go on without them; the
// way back does.
func TestFileKeepsItsAccess(t *testing.T) {
	for _, tt := range []struct {
		name string
		fail error
	}{{"kept", nil}, {"refused", errors.New("access is denied")}} {
		t.Run(tt.name, func(t *testing.T) {
			k := keeper{Disk: durabletest.NewDisk(), fail: tt.fail, given: map[string]string{}}
			write(t, k.Disk, sampleFile, `{"VERSION":"1.0"}`)
			b := settings.New(k.Disk, k, sample())
			j := job(backend.Update, "1.0", "2.0")
			u := prepare(t, b, j)
			if _, err := b.Apply(t.Context(), j, u); !errors.Is(err, tt.fail) {
				t.Errorf("Apply: got %v, want %v", err, tt.fail)
			}
			if got := k.given[sampleFile+".releve"]; got != sampleFile {
				t.Errorf("the rights were taken from %q, want %q", got, sampleFile)
			}
			if changed := k.Snapshot()[sampleFile] != `{"VERSION":"1.0"}`; changed != (tt.fail == nil) {
				t.Errorf("the file is %q", k.Snapshot()[sampleFile])
			}
			if _, err := b.Revert(t.Context(), j, u); err != nil || k.Snapshot()[sampleFile] != `{"VERSION":"1.0"}` {
				t.Errorf("Revert: %v, the file is %q", err, k.Snapshot()[sampleFile])
			}
		})
	}
}
