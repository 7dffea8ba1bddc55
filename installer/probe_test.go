//go:build unix

package installer_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/bundle"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
)

// program is a component whose check is a shell script, run as a program.
func program(script string) *backendtest.Package {
	return backendtest.Archive("galss.tar.gz", map[string]string{
		"bin/check": "#!/bin/sh\n" + script, "data.txt": "ready", "bin/plain.txt": "not a program",
	})
}

// probing installs a program on a real directory and returns how that ended.
func probing(t *testing.T, script string, probe manifest.Probe) (installer.Result, error) {
	t.Helper()
	root, err := durable.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	target, err := durable.Open(root.Path("target"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.Close() })
	if err := root.MkdirAll("state", 0o700); err != nil {
		t.Fatal(err)
	}
	r := newRig(root, "run")
	p := program(script)
	a := p.Artifact("components/galss")
	r.deps.Packages = backendtest.NewStore(p)
	r.deps.Settings = target
	r.deps.Backends = map[string]backend.Backend{"bundle": bundle.New(target, bundle.Options{})}
	probe.Because = manifest.Text{FR: "Le service ne démarre pas.", EN: "The service does not start."}
	return installer.Apply(t.Context(), r.deps, plan.Plan{Steps: []plan.Step{{
		Action: backend.Install, Component: "galss", To: "1.0", Backend: "bundle",
		Release: &manifest.Release{Version: "1.0", Backend: "bundle", Artifact: &a, Probes: []manifest.Probe{probe}},
	}}})
}

func TestProbes(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "witness")
	command := func(args ...string) manifest.Probe {
		return manifest.Probe{Kind: manifest.ProbeCommand, Path: "bin/check", Args: args, Seconds: 3}
	}
	tests := []struct {
		name   string
		script string
		probe  manifest.Probe
		ok     bool
	}{
		{"file-holds", "", manifest.Probe{Kind: manifest.ProbeFile, Path: "data.txt", Contains: "ready"}, true},
		{"file-differs", "", manifest.Probe{Kind: manifest.ProbeFile, Path: "data.txt", Contains: "steady"}, false},
		{"file-missing", "", manifest.Probe{Kind: manifest.ProbeFile, Path: "none.txt", Contains: "x"}, false},
		{"file-outside", "", manifest.Probe{Kind: manifest.ProbeFile, Path: "../bundle.json", Contains: "galss"}, false},
		{"program-content", "exit 0\n", command(), true},
		{"program-fails", "exit 3\n", command(), false},
		{"arguments-are-not-for-a-shell", `test "$1" = '$(exit 9); "x"' && test $# -eq 1` + "\n", command(`$(exit 9); "x"`), true},
		{"runs-in-its-directory", "test -f data.txt\n", command(), true},
		{"environment-is-fixed", `test -z "$HOME$RELEVE_TEST_SECRET" && test "$LC_ALL" = C` + "\n", command(), true},
		{"output-is-swallowed", "head -c 10000000 /dev/zero\n", command(), true},
		{"output-of-a-failure-is-bounded", "head -c 10000000 /dev/zero\nexit 1\n", command(), false},
		{"never-ends", "sleep 60 & sleep 60\n", command(), false},
		{"does-not-exist", "", manifest.Probe{Kind: manifest.ProbeCommand, Path: "bin/none"}, false},
		{"is-a-directory", "", manifest.Probe{Kind: manifest.ProbeCommand, Path: "bin"}, false},
		{"is-not-executable", "", manifest.Probe{Kind: manifest.ProbeCommand, Path: "data.txt"}, false},
		{"climbs", "touch " + outside + "\n", manifest.Probe{Kind: manifest.ProbeCommand, Path: "../tree/bin/check"}, false},
		{"absolute", "", manifest.Probe{Kind: manifest.ProbeCommand, Path: "/bin/true"}, false},
	}
	t.Setenv("RELEVE_TEST_SECRET", "leaked")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, err := probing(t, tt.script, tt.probe)
			if tt.ok {
				if res.Outcome != event.Done || err != nil {
					t.Errorf("got outcome %q, %v, want done", res.Outcome, err)
				}
				return
			}
			var e *installer.Error
			if res.Outcome != event.Reverted || !errors.As(err, &e) || e.Code() != installer.CodeProbe {
				t.Fatalf("got outcome %q, %v, want reverted, %s", res.Outcome, err, installer.CodeProbe)
			}
			if got := len(err.Error()); got > 64<<10 {
				t.Errorf("the error has %d bytes", got)
			}
			if got := e.Args(); got["BecauseFR"] == "" || got["BecauseEN"] == "" || !strings.Contains(got["Path"], tt.probe.Path) {
				t.Errorf("arguments: got %v", got)
			}
			if res.Installed["galss"] != "" {
				t.Errorf("galss is at %q, want nothing", res.Installed["galss"])
			}
		})
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("a program was run from outside the component")
	}
}
