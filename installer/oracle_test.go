package installer_test

import (
	"fmt"
	"maps"
	"path"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/receipt"
)

// world is what the oracle compares: for each component the version detected
// and every file that its programs see.
type world struct {
	versions map[string]string
	trees    map[string]string
}

func (w world) equal(o world) bool {
	return maps.Equal(w.versions, o.versions) && maps.Equal(w.trees, o.trees)
}

// look asks the engine for versions and the disk for files.
func look(t testing.TB, disk *durabletest.Disk) world {
	t.Helper()
	w := world{versions: newRig(disk, "look").versions(t), trees: map[string]string{}}
	snapshot := disk.Snapshot()
	for _, c := range components {
		pointer, ok := strings.CutPrefix(snapshot["target/"+c+"/current"], "-> ")
		if !ok {
			continue
		}
		dir := path.Join("target", c, pointer) + "/"
		for name, content := range snapshot {
			if rest, ok := strings.CutPrefix(name, dir); ok && rest != "" && !strings.HasSuffix(rest, "/") {
				w.trees[c+": "+rest] = content
			}
		}
	}
	return w
}

// problems checks everything on a machine at rest that does not depend on
// which versions are installed.
func problems(t testing.TB, disk *durabletest.Disk) []string {
	t.Helper()
	snapshot := disk.Snapshot()
	out := strangers(snapshot)
	out = append(out, leftovers(snapshot)...)
	r := newRig(disk, "oracle")
	receipts, damaged := receipt.Load(r.deps.State)
	for _, err := range damaged {
		out = append(out, err.Error())
	}
	for _, c := range components {
		state, err := r.deps.Backends["bundle"].Inspect(t.Context(), backend.Subject{Name: c})
		if err != nil {
			out = append(out, err.Error())
		}
		if got := receipts[c]; got.Version != state.Version || got.Digest != state.Digest {
			out = append(out, fmt.Sprintf("receipt of %q says %q, detected %q", c, got.Version, state.Version))
		}
	}
	before := disk.Ops()
	if res, err := installer.Recover(t.Context(), r.deps); err != nil || res.Outcome != "nothing" {
		out = append(out, fmt.Sprintf("second recovery: %q, %v", res.Outcome, err))
	}
	if did := changesSince(disk, before); len(did) > 0 {
		out = append(out, fmt.Sprintf("the second recovery had something to do: %v", did))
	}
	return out
}

// emptyJournal may be there, empty, when the power went before the first
// record was in it.
const emptyJournal = "state/journal/current"

// changesSince lists the operations after the first n that change something.
func changesSince(disk *durabletest.Disk, n int) []string {
	var did []string
	for n++; n <= disk.Ops(); n++ {
		op := disk.Op(n)
		if !strings.HasPrefix(op, "sync") && op != "truncate "+emptyJournal {
			did = append(did, op)
		}
	}
	return did
}

// strangers checks the settings and the files that are not the program's.
func strangers(snapshot map[string]string) []string {
	var out []string
	for _, all := range []map[string]string{settings, foreign} {
		for name, want := range all {
			if got, ok := snapshot["target/"+name]; !ok || got != want {
				out = append(out, fmt.Sprintf("file %q is %q, want %q", name, got, want))
			}
		}
	}
	return out
}

// leftovers names what has no business on a machine at rest.
func leftovers(snapshot map[string]string) []string {
	var out []string
	versions := map[string]map[string]bool{}
	for name, content := range snapshot {
		if name == emptyJournal && content == "" {
			continue
		}
		parts := strings.Split(strings.TrimSuffix(name, "/"), "/")
		if parts[0] == "state" {
			if len(parts) > 1 && !stateFile(strings.Join(parts[1:], "/")) {
				out = append(out, "left behind: "+name)
			}
			continue
		}
		if len(parts) > 3 && parts[2] == "versions" {
			if versions[parts[1]] == nil {
				versions[parts[1]] = map[string]bool{}
			}
			versions[parts[1]][parts[3]] = true
			continue
		}
		if !known(strings.Join(parts[1:], "/")) {
			out = append(out, "left behind: "+name)
		}
	}
	for c, ids := range versions {
		if len(ids) > 2 {
			out = append(out, fmt.Sprintf("%d versions of %q", len(ids), c))
		}
	}
	return out
}

// stateFile says whether a name may be in the state directory of a machine at
// rest. A receipt that was being written is overwritten by the next.
func stateFile(name string) bool {
	dir, file := path.Split(name)
	switch dir {
	case "":
		return file == "journal" || file == "receipts" || file == "history"
	case "history/":
		return strings.HasSuffix(file, ".journal")
	case "receipts/":
		return strings.HasSuffix(strings.TrimSuffix(file, ".tmp"), ".json")
	}
	return false
}

// known says whether a name may be in the target directory, apart from what
// lies below versions.
func known(name string) bool {
	for _, c := range components {
		if name == c || name == c+"/current" || name == c+"/versions" {
			return true
		}
	}
	for _, all := range []map[string]string{settings, foreign} {
		for file := range all {
			if file == name || strings.HasPrefix(file, name+"/") {
				return true
			}
		}
	}
	return name == ""
}

// treeOf returns the directory of the version in use.
func treeOf(t testing.TB, target durable.Dir, component string) string {
	t.Helper()
	pointer, err := target.Readlink(component + "/current")
	if err != nil { // a file, on Windows
		text, err := durable.ReadFile(target, component+"/current", 1<<10)
		if err != nil {
			t.Fatal(err)
		}
		pointer = strings.TrimSpace(string(text))
	}
	return path.Join(component, pointer)
}
