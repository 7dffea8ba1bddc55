package installer_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/bundle"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
)

// server is a program of the machine that uses the files of galss. It goes on
// when the engine is killed.
type server struct {
	runs bool
	did  []string
	dies string // the moment at which the engine is killed, "" for none
	fail string // the call that fails
	why  error  // with what, nil for something without a code
}

func (s *server) at(moment string) error {
	s.did = append(s.did, moment)
	if s.dies == moment {
		runtime.Goexit()
	}
	if s.fail == moment {
		return cmp.Or(s.why, errors.New("cannot "+moment))
	}
	return nil
}

func (s *server) Running(_ context.Context, programs []manifest.Program, _ backend.Tell) (json.RawMessage, error) {
	if len(programs) == 0 || !s.runs {
		return nil, nil
	}
	return json.RawMessage(fmt.Sprintf("%q", programs[0].Process)), s.at("look")
}

func (s *server) Stop(_ context.Context, programs []manifest.Program, _ backend.Tell) error {
	if len(programs) == 0 || !s.runs {
		return nil
	}
	if err := s.at("stop"); err != nil {
		return err
	}
	s.runs = false
	return s.at("stopped")
}

func (s *server) Holders(_ context.Context, c backend.Subject, _ []manifest.Program, tell backend.Tell) error {
	tell("quiesce-held", map[string]string{"Name": "billing of " + c.Name, "PID": "7"})
	return errors.New("not all of them are known")
}

func (s *server) Start(_ context.Context, ran json.RawMessage, _ backend.Tell) error {
	if string(ran) != `"galsvw64.exe"` || s.runs {
		return nil
	}
	if err := s.at("start"); err != nil {
		return err
	}
	s.runs = true
	return s.at("started")
}

// busy is a backend that may not touch files while the server runs.
type busy struct {
	*bundle.Backend
	server *server
}

func (b busy) Apply(ctx context.Context, j backend.Job, u backend.Undo) (backend.Outcome, error) {
	if b.server.runs {
		return backend.Outcome{}, errors.New("the files are in use")
	}
	if err := b.server.at("apply"); err != nil {
		return backend.Outcome{}, err
	}
	out, err := b.Backend.Apply(ctx, j, u)
	return out, errors.Join(err, b.server.at("applied"))
}

func (b busy) Revert(ctx context.Context, j backend.Job, u backend.Undo) (backend.Outcome, error) {
	if b.server.runs {
		return backend.Outcome{}, errors.New("the files are in use")
	}
	return b.Backend.Revert(ctx, j, u)
}

// served is an update of galss on a machine whose server runs.
func served(t *testing.T) (*durabletest.Disk, *server, plan.Plan) {
	t.Helper()
	disk, s := durabletest.NewDisk(), &server{runs: true}
	furnish(t, disk)
	newRig(disk, "before").must(t, plan.Plan{Steps: []plan.Step{stepTo(backend.Install, "galss", "", "1.0")}})
	step := stepTo(backend.Update, "galss", "1.0", "2.0")
	step.Programs = []manifest.Program{{Platform: manifest.Any, Process: "galsvw64.exe"}}
	return disk, s, plan.Plan{Steps: []plan.Step{step}}
}

// process is a process of the engine on the machine of the server.
func (s *server) process(disk *durabletest.Disk, name string) *rig {
	r := newRig(disk, name)
	r.deps.Quiesce = s
	r.deps.Backends = map[string]backend.Backend{"bundle": busy{bundle.New(r.target, asLinks), s}}
	return r
}

func TestProgramsAreStoppedAroundAChange(t *testing.T) {
	disk, s, p := served(t)
	s.process(disk, "run").must(t, p)
	want := []string{"look", "stop", "stopped", "apply", "applied", "start", "started"}
	if !slices.Equal(s.did, want) || !s.runs {
		t.Errorf("did %v, want %v; runs %v", s.did, want, s.runs)
	}
}

// TestProgramsRunAgainAfterAFailure holds that the machine is as before, what
// ran on it included.
func TestProgramsRunAgainAfterAFailure(t *testing.T) {
	for fail, code := range map[string]string{
		"look": installer.CodeQuiesce, "stop": installer.CodeQuiesce, "stopped": installer.CodeQuiesce,
		"apply": installer.CodeApply, "applied": installer.CodeApply,
	} {
		t.Run(fail, func(t *testing.T) {
			disk, s, p := served(t)
			s.fail = fail
			r := s.process(disk, "run")
			// What fails once does not fail again while it is undone.
			r.deps.Emit = func(e event.Event) {
				if _, failed := e.(event.StepFailed); failed {
					s.fail = ""
				}
			}
			res, err := installer.Apply(t.Context(), r.deps, p)
			var e *installer.Error
			if res.Outcome != event.Reverted || !errors.As(err, &e) || e.Code() != code {
				t.Errorf("got %q, %v, want reverted, %s", res.Outcome, err, code)
			}
			if got := r.versions(t)["galss"]; got != "1.0" || !s.runs {
				t.Errorf("galss is %q, runs %v; did %v", got, s.runs, s.did)
			}
		})
	}
}

// TestProgramsRunAgainAfterACrash kills the engine at each moment. What ran
// stands in the journal before anything is stopped.
func TestProgramsRunAgainAfterACrash(t *testing.T) {
	for _, moment := range []string{"look", "stop", "stopped", "apply", "applied", "start", "started"} {
		t.Run(moment, func(t *testing.T) {
			disk, s, p := served(t)
			s.dies = moment
			dead, survived := make(chan struct{}), false
			go func() {
				defer close(dead)
				_, _ = installer.Apply(t.Context(), s.process(disk, "run").deps, p)
				survived = true
			}()
			if <-dead; survived {
				t.Fatalf("not killed at %s", moment)
			}
			s.dies = ""
			after := s.process(disk, "after")
			after.store = backendtest.NewStore()
			after.deps.Packages = after.store
			res, err := installer.Recover(t.Context(), after.deps)
			if err != nil || res.Outcome != event.Undone {
				t.Errorf("recovering: %q, %v", res.Outcome, err)
			}
			if got := after.versions(t)["galss"]; got != "1.0" || !s.runs {
				t.Errorf("galss is %q, runs %v; did %v", got, s.runs, s.did)
			}
		})
	}
}

// TestRecoverWaitsForTheCard kills the engine in the middle of a change; the
// server runs again, with a card, when the run is to be undone.
func TestRecoverWaitsForTheCard(t *testing.T) {
	disk, s, p := served(t)
	s.dies = "applied"
	dead := make(chan struct{})
	go func() {
		defer close(dead)
		_, _ = installer.Apply(t.Context(), s.process(disk, "run").deps, p)
	}()
	<-dead
	s.dies, s.runs, s.did, s.fail = "", true, nil, "look"
	after := s.process(disk, "after")
	res, err := installer.Recover(t.Context(), after.deps)
	var e *installer.Error
	if res.Outcome != event.Nothing || !errors.As(err, &e) || e.Code() != installer.CodeQuiesce {
		t.Errorf("recovering with a card in use: %q, %v", res.Outcome, err)
	}
	if !slices.Equal(s.did, []string{"look"}) || !s.runs {
		t.Errorf("did %v, runs %v; want that nothing is stopped", s.did, s.runs)
	}
	s.fail = ""
	again := s.process(disk, "again")
	res, err = installer.Recover(t.Context(), again.deps)
	if got := again.versions(t)["galss"]; err != nil || res.Outcome != event.Undone || got != "1.0" || !s.runs {
		t.Errorf("recovering later: %q, %v; galss is %q, runs %v", res.Outcome, err, got, s.runs)
	}
}

// TestProgramsThatDoNotStartUndoNothing holds that a change that is complete
// is not undone for it.
func TestProgramsThatDoNotStartUndoNothing(t *testing.T) {
	disk, s, p := served(t)
	s.fail = "start"
	s.process(disk, "run").must(t, p)
}

func TestWhoHoldsTheFilesIsToldAndNoFailure(t *testing.T) {
	disk, s, p := served(t)
	r := s.process(disk, "now")
	r.must(t, p)
	told := of[event.Told](r.events)
	if len(told) != 1 || told[0].Code != "quiesce-held" || told[0].Args["Name"] != "billing of galss" || told[0].Args["PID"] != "7" {
		t.Errorf("told %+v, want the one program that holds the files", told)
	}
}
