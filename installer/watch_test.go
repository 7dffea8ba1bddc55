package installer_test

import (
	"context"
	"errors"
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/manifest"
)

// halting goes on after a failure before each package.
type halting struct {
	installer.Packages
}

func (h halting) Fetch(ctx context.Context, a manifest.Artifact, watch backend.Watch) error {
	watch.Again("https://miroir.example\x1b[31m", errors.New("cut"))
	return h.Packages.Fetch(ctx, a, watch)
}

func TestADownloadThatGoesOnIsTold(t *testing.T) {
	disk := durabletest.NewDisk()
	furnish(t, disk)
	r := newRig(disk, "now")
	r.deps.Packages = halting{r.store}
	r.must(t, planOf(backend.Install, "", "1.0"))
	got := of[event.Retrying](r.events)
	if len(got) != 3 || got[1].Step != 1 || got[1].Mirror != "https://miroir.example[31m" || got[1].Failure.Cause != "cut" {
		t.Errorf("got %+v, want one for each of three steps, clean", got)
	}
}
