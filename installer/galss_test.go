package installer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/bundle"
	ini "github.com/releve-sante/releve/installer/backend/settings"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/galss"
)

const (
	iniNamed = `C:\Windows\galss.ini`
	iniFile  = installer.SettingsRoot + "/C/Windows/galss.ini"
)

// galssRig is a process on a machine with a galss.ini and two readers, of
// which lost no longer have their card after the change.
func galssRig(d *durabletest.Disk, name string, lost int) *rig {
	r := newRig(d, name)
	see := func(context.Context, func([]galss.Slot) bool) ([]galss.Slot, error) { return readers()[lost:], nil }
	r.deps.Backends = map[string]backend.Backend{
		"settings": ini.New(r.deps.State, r.target, ini.Galss(iniFile, see)),
		"bundle":   deleting{bundle.New(r.target, asLinks), r},
	}
	return r
}

func readers() []galss.Slot {
	return []galss.Slot{{Reader: "A 0", Card: galss.CPS3}, {Reader: "B 0", Card: galss.Vitale}}
}

// deleting is a backend whose removal of GALSS takes its settings along, as
// that of GALSS for 32 bits does.
type deleting struct {
	*bundle.Backend
	rig *rig
}

func (b deleting) Apply(ctx context.Context, j backend.Job, u backend.Undo) (backend.Outcome, error) {
	out, err := b.Backend.Apply(ctx, j, u)
	if _, there := b.rig.target.Lstat(iniFile); err == nil && j.Action == backend.Uninstall && there == nil {
		err = errors.Join(b.rig.target.Remove(iniFile), b.rig.target.SyncDir(installer.SettingsRoot+"/C/Windows"))
	}
	return out, err
}

// toPCSC is the plan of the move.
func toPCSC(from string) plan.Plan {
	s := plan.Step{
		Action: backend.Update, Component: ini.GalssMode, From: from, To: "pcsc", Backend: "settings", Why: plan.WhyRequested,
		Release: &manifest.Release{Version: "pcsc", Platform: manifest.Windows, Backend: "settings"},
		Params:  ini.Params(galss.Move{Family: "windows", Bits: 64, Slots: readers()}),
	}
	if from == "" {
		s.Action = backend.Install
	}
	return plan.Change(plan.Install, s, map[string]any{})
}

// pssDisk is a machine whose galss.ini has one serial channel.
func pssDisk(t *testing.T) (d *durabletest.Disk, old string) {
	t.Helper()
	data, err := os.ReadFile("../osdetect/galss/testdata/pss.ini")
	if err != nil {
		t.Fatal(err)
	}
	d = durabletest.NewDisk()
	furnish(t, d)
	put(t, d, "target/"+iniFile, string(data))
	if err := d.SyncTree("."); err != nil {
		t.Fatal(err)
	}
	return d, string(data)
}

func iniOn(d *durabletest.Disk) string { return d.Snapshot()["target/"+iniFile] }

func TestGalssMovesAndRollsBack(t *testing.T) {
	d, old := pssDisk(t)
	r := galssRig(d, "a", 0)
	r.must(t, toPCSC("pss"))
	moved := iniOn(d)
	if moved == old {
		t.Fatal("the file did not change")
	}
	found, err := installer.Inspect(t.Context(), r.deps, subjects(ini.GalssMode))
	if in := found[ini.GalssMode]; err != nil || in.Version != "pcsc" || in.Previous == nil || in.Previous.Version != "pss" {
		t.Fatalf("inspect: %+v, %v", in, err)
	}
	back, err := plan.Make(plan.Input{
		Request:   plan.Request{Action: plan.Rollback, Components: []plan.Target{{Component: ini.GalssMode}}},
		Installed: found, Platform: manifest.Windows,
	})
	if err != nil || len(back.Steps) != 1 {
		t.Fatalf("plan of the rollback: %+v, %v", back, err)
	}
	r.must(t, back)
	if got := iniOn(d); got != old {
		t.Errorf("after the rollback\n got %q\nwant %q", got, old)
	}
}

func TestGalssComesBackWhenACardIsLost(t *testing.T) {
	d, old := pssDisk(t)
	res, err := installer.Apply(t.Context(), galssRig(d, "a", 1).deps, toPCSC("pss"))
	if err == nil || res.Outcome != event.Reverted || res.Failure == nil || res.Failure.Code != ini.CodeCardLost {
		t.Errorf("apply: %+v, %v", res, err)
	}
	if got := iniOn(d); got != old {
		t.Errorf("the file\n got %q\nwant %q", got, old)
	}
}

// TestGalssIsWholeWheneverItEnds cuts the power before and after every operation
// of the move, and recovers.
func TestGalssIsWholeWheneverItEnds(t *testing.T) {
	base, old := pssDisk(t)
	done := base.Clone()
	galssRig(done, "dry", 0).must(t, toPCSC("pss"))
	moved, points := iniOn(done), 0
	for n, cut := 1, 2; cut > 0; n++ {
		cut = 0
		for _, after := range []bool{false, true} {
			disk := base.Clone()
			plant(disk, n, after)
			res, _ := installer.Apply(t.Context(), galssRig(disk, "cut", 0).deps, toPCSC("pss"))
			if !disk.Dead() {
				continue
			}
			cut++
			for _, l := range losses() {
				points++
				at := fmt.Sprintf("cut %s %d (%s), %s", side(after), n, disk.Op(n), l.name)
				left := disk.Restart(l.loss)
				if _, err := installer.Recover(t.Context(), galssRig(left, "back", 0).deps); err != nil {
					t.Errorf("%s: recover: %v", at, err)
				}
				got := iniOn(left)
				if got != moved && (got != old || res.Outcome == event.Done) {
					t.Errorf("%s: the file is %q", at, got)
				}
				for name := range left.Snapshot() {
					if strings.HasPrefix(name, "target/"+iniFile+".") {
						t.Errorf("%s: left %q", at, name)
					}
				}
			}
		}
	}
	t.Logf("%d points", points)
}

// TestRemovingGalssKeepsItsSettings removes one GALSS while other software goes on
// with the settings, and moves to PC/SC and back around it.
func TestRemovingGalssKeepsItsSettings(t *testing.T) {
	d, old := pssDisk(t)
	r := galssRig(d, "a", 0)
	install := stepTo(backend.Install, "galss", "", "1.0")
	remove := stepTo(backend.Uninstall, "galss", "1.0", "")
	for _, s := range []*plan.Step{&install, &remove} {
		s.Settings = []manifest.Setting{{Platform: manifest.Windows, Path: iniNamed}}
	}
	r.must(t, plan.Plan{Schema: plan.Schema, Steps: []plan.Step{install}})
	r.must(t, plan.Plan{Schema: plan.Schema, Steps: []plan.Step{remove}})
	if got := iniOn(d); got != old {
		t.Errorf("after the removal\n got %q\nwant %q", got, old)
	}
	if !slices.ContainsFunc(r.events, func(e event.Event) bool {
		restored, ok := e.(event.SettingRestored)
		return ok && restored.Path == iniNamed
	}) {
		t.Error("nobody was told that the settings were put back")
	}
	r.must(t, toPCSC("pss"))
	moved := iniOn(d)
	r.must(t, plan.Plan{Schema: plan.Schema, Steps: []plan.Step{install}})
	r.must(t, plan.Plan{Schema: plan.Schema, Steps: []plan.Step{remove}})
	if got := iniOn(d); got != moved || got == old {
		t.Errorf("after the removal in PC/SC mode\n got %q\nwant %q", got, moved)
	}
}
