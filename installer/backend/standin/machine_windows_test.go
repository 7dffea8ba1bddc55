package standin_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/windows/registry"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/backendtest"
	"github.com/releve-sante/releve/installer/backend/bundle"
	"github.com/releve-sante/releve/installer/backend/standin"
	"github.com/releve-sante/releve/installer/durable"
)

// raw returns the PATH of the machine as the registry holds it.
func raw(t *testing.T) ([]byte, uint32) {
	t.Helper()
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Control\Session Manager\Environment`, registry.QUERY_VALUE)
	if err != nil {
		t.Fatal(err)
	}
	defer key.Close()
	buf := make([]byte, 1<<16)
	n, kind, err := key.GetValue("Path", buf)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n], kind
}

func TestMachine(t *testing.T) {
	if os.Getenv("RELEVE_BENCH") == "" {
		t.Skip("it changes the PATH of the machine, which needs RELEVE_BENCH: a machine that is nobody's")
	}
	d, err := durable.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	before, kind := raw(t)
	b := standin.New(bundle.New(d, bundle.Options{}), d, standin.Machine{})
	for i, to := range []string{"1.0", "2.0", ""} {
		state, err := b.Inspect(t.Context(), backend.Subject{Name: "sample"})
		if err != nil {
			t.Fatal(err)
		}
		j := backend.Job{
			ID: "job-" + string(rune('a'+i)), Action: backend.Update, Component: "sample", From: state.Version, To: to,
			Progress: func(int64, int64) {},
		}
		if to == "" {
			j.Action = backend.Uninstall
		} else {
			j.New = backendtest.Archive(to+".tar.gz", backendtest.Files(to))
		}
		u, err := b.Prepare(t.Context(), j)
		if err == nil {
			_, err = b.Apply(t.Context(), j, u)
		}
		if err == nil {
			err = b.Settle(t.Context(), j, u, true)
		}
		if err != nil {
			t.Fatal(err)
		}
		path, err := standin.Machine{}.Path()
		if err != nil {
			t.Fatal(err)
		}
		dir, err := b.Locate("sample")
		if found := err == nil && strings.Contains(path, dir); found != (to != "") {
			t.Errorf("version %q is in %q, %v; the PATH is %q", to, dir, err, path)
		}
		if _, now := raw(t); now != kind {
			t.Errorf("the PATH has type %d, was %d", now, kind)
		}
	}
	if after, _ := raw(t); !bytes.Equal(after, before) {
		t.Errorf("the PATH is\n     %q\nwas  %q", after, before)
	}
}
