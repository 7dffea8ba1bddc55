//go:build unix

package installer_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/durable"
)

// snapshot reads a real directory as a Disk describes itself.
func snapshot(t testing.TB, root *durable.Root) map[string]string {
	t.Helper()
	all := map[string]string{}
	top := root.Path(".")
	err := filepath.WalkDir(top, func(name string, e fs.DirEntry, err error) error {
		if err != nil || name == top {
			return err
		}
		rel, err := filepath.Rel(top, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case e.IsDir():
			all[rel+"/"] = ""
		case e.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(name)
			all[rel] = "-> " + target
			return err
		default:
			data, err := os.ReadFile(name)
			all[rel] = string(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// realProblems is the oracle for a real directory.
func realProblems(t testing.TB, root *durable.Root, r *rig) []string {
	t.Helper()
	found := snapshot(t, root)
	out := append(strangers(found), leftovers(found)...)
	for component, version := range r.versions(t) {
		if version == "" {
			continue
		}
		dir := "target/" + treeOf(t, r.target, component) + "/"
		tree := map[string]string{}
		for name, content := range found {
			if rest, ok := strings.CutPrefix(name, dir); ok && rest != "" && !strings.HasSuffix(rest, "/") {
				tree[rest] = content
			}
		}
		if want := files(component, version); !maps.Equal(tree, want) {
			out = append(out, fmt.Sprintf("%s %s\n got %v\nwant %v", component, version, tree, want))
		}
	}
	if res, err := installer.Recover(t.Context(), r.deps); err != nil || res.Outcome != "nothing" {
		out = append(out, fmt.Sprintf("second recovery: %q, %v", res.Outcome, err))
	}
	return out
}

// all says that every component is at a version.
func all(version string) map[string]string {
	out := map[string]string{}
	for _, c := range components {
		out[c] = version
	}
	return out
}
