// Package releve_test holds the rules that the module as a whole keeps:
// which package may import which, how large a file or function may grow, and
// what has to be documented. Each failure says what to change.
package releve_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/releve-sante/releve"

// A source is one Go file of the module, parsed.
type source struct {
	name  string // slash-separated, relative to the root
	dir   string // the package's path in the module, "." for the root
	test  bool   // a _test.go file
	file  *ast.File
	fset  *token.FileSet
	lines int
}

// sources parses every Go file of the module, for whatever system it is
// written. (The go command would list the files of one system only, and the
// rules hold for all of them.)
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	fset := token.NewFileSet()
	for _, name := range filesNamed(t, ".go") {
		f, err := parser.ParseFile(fset, filepath.FromSlash(name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("reading the sources of the module: %v", err)
		}
		all = append(all, source{
			name:  name,
			dir:   path.Dir(name),
			test:  strings.HasSuffix(name, "_test.go"),
			file:  f,
			fset:  fset,
			lines: fset.File(f.FileStart).LineCount(),
		})
	}
	return all
}

// filesNamed lists the files of the module with this ending, with slashes on
// every system.
func filesNamed(t *testing.T, ending string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (ignored(d.Name()) || isModule(name)):
			return filepath.SkipDir
		case !d.IsDir() && path.Ext(d.Name()) == ending:
			names = append(names, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatalf("looking for files %s: %v", ending, err)
	}
	return names
}

// isModule reports whether a directory is the root of another module.
func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// ignored reports whether the go command does not look into such a directory
// either, or whether it holds what a build made.
func ignored(dir string) bool {
	return dir == "testdata" || dir == "dist" || dir[0] == '.' || dir[0] == '_'
}

// packages returns the directories that hold a package with non-test files,
// sorted, with these files.
func packages(all []source) ([]string, map[string][]source) {
	files := map[string][]source{}
	for _, s := range all {
		if !s.test {
			files[s.dir] = append(files[s.dir], s)
		}
	}
	var dirs []string
	for dir := range files {
		dirs = append(dirs, dir)
	}
	slices.Sort(dirs)
	return dirs, files
}

// imports returns what a file imports.
func (s source) imports(t *testing.T) []string {
	t.Helper()
	var paths []string
	for _, spec := range s.file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatalf("%s: import %s: %v", s.name, spec.Path.Value, err)
		}
		paths = append(paths, p)
	}
	return paths
}

// ours returns the path within the module of an import of this module.
func ours(imported string) (dir string, ok bool) {
	return strings.CutPrefix(imported, module+"/")
}
