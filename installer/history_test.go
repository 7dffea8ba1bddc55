package installer_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/journal"
	"github.com/releve-sante/releve/installer/plan"
)

// waits is the error of a backend that met another installation.
type waits struct{}

func (*waits) Error() string           { return "another installation" }
func (*waits) Code() string            { return "msi-busy" }
func (*waits) Args() map[string]string { return nil }

// TestTried goes through lives of a machine, one word for each run, and holds
// how often the update counts as tried.
func TestTried(t *testing.T) {
	for name, tt := range map[string]struct {
		life  string
		times int
	}{
		"done":                    {"done", 0},
		"failed":                  {"apply", 1},
		"failed-after":            {"applied", 1},
		"failed-before":           {"look", 0},
		"met-another":             {"busy", 0},
		"twice":                   {"apply applied", 2},
		"twice-with-others":       {"apply busy look applied", 2},
		"cut-off":                 {"killed", 1},
		"failed-and-cut-off":      {"apply killed", 2},
		"until-it-went":           {"apply apply done", 0},
		"again-after-it-went":     {"apply done back apply", 1},
		"not-for-another-version": {"apply other", 1},
		"by-another-program":      {"apply newer apply", 1},
	} {
		t.Run(name, func(t *testing.T) {
			disk, s, p := served(t)
			program := "1.0"
			for i, word := range strings.Fields(tt.life) {
				if word == "newer" {
					program = "1.1"
					continue
				}
				r := s.process(disk, "run-"+string(rune('a'+i)))
				r.deps.Program = program
				live(t, s, r, word, p)
			}
			runs, err := journal.History(newRig(disk, "look").deps.State, 20)
			if err != nil {
				t.Fatal(err)
			}
			got := 0
			for _, tried := range installer.Tried(runs, program)["galss"] {
				if want := (plan.Tried{From: "1.0", To: "2.0", Package: p.Steps[0].Release.Artifact.SHA256, Times: tried.Times, Last: tried.Last}); tried == want {
					got = tried.Times
				}
			}
			if got != tt.times {
				t.Errorf("tried %d times, want %d: %+v", got, tt.times, installer.Tried(runs, program))
			}
		})
	}
}

// live has a machine go through one run.
func live(t *testing.T, s *server, r *rig, word string, p plan.Plan) {
	t.Helper()
	s.fail, s.dies, s.why = "", "", nil
	switch word {
	case "done":
		r.must(t, p)
		return
	case "back":
		back := stepTo("rollback", "galss", "2.0", "1.0")
		back.Programs = p.Steps[0].Programs
		r.must(t, plan.Plan{Steps: []plan.Step{back}})
		return
	case "other":
		p = plan.Plan{Steps: []plan.Step{stepTo("uninstall", "galss", "1.0", "")}}
		s.fail = "apply"
	case "killed":
		s.dies = "apply"
		dead := make(chan struct{})
		go func() {
			defer close(dead)
			_, _ = installer.Apply(t.Context(), r.deps, p)
		}()
		<-dead
		s.dies = ""
		if _, err := installer.Recover(t.Context(), r.deps); err != nil {
			t.Fatal(err)
		}
		return
	case "busy":
		s.fail, s.why = "apply", &waits{}
	default:
		s.fail = word
	}
	if _, err := installer.Apply(t.Context(), r.deps, p); err == nil {
		t.Fatalf("%s: no error", word)
	}
}

// TestOnlyTheStepThatFailedIsBlamed holds that a step which had worked is not
// counted when another one of its run fails.
func TestOnlyTheStepThatFailedIsBlamed(t *testing.T) {
	r, _ := bundleRig(t)
	r.must(t, planOf("install", "", "1.0"))
	p := failing()
	if _, err := installer.Apply(t.Context(), r.deps, p); err == nil {
		t.Fatal("no error")
	}
	runs, err := journal.History(r.deps.State, 20)
	if err != nil {
		t.Fatal(err)
	}
	last := p.Steps[len(p.Steps)-1]
	want := map[string][]plan.Tried{last.Component: {{From: "1.0", To: "2.0", Package: last.Release.Artifact.SHA256, Times: 1, Last: "run-2"}}}
	if got := installer.Tried(runs, ""); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
