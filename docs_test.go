package releve_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// link finds the target of a Markdown link, without its fragment.
var link = regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)

// TestDocumentLinks fails for a link in a document that leads to no file.
func TestDocumentLinks(t *testing.T) {
	for _, name := range filesNamed(t, ".md") {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(data), -1) {
			target := m[1]
			if strings.Contains(target, "://") || path.Base(name) == "template.md" {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), filepath.FromSlash(target))); err != nil {
				t.Errorf("%s links to %s, which is not there", name, target)
			}
		}
	}
}

// TestReadmeMapNamesEveryPackage fails when a package that is built into a
// program is missing from the map in README.md.
func TestReadmeMapNamesEveryPackage(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "\n## Map of the packages\n")
	table, _, _ := strings.Cut(rest, "\n## ")
	dirs, _ := packages(sources(t))
	for _, dir := range dirs {
		if isTestPackage(dir) {
			continue
		}
		short := strings.TrimPrefix(dir, "installer/")
		if !strings.Contains(table, "`"+dir+"`") && !strings.Contains(table, "`"+short+"`") {
			t.Errorf("the map in README.md does not name %s", dir)
		}
	}
}

// TestReadmeNamesTheTestCommand fails when .ci/run would find no command to
// run, or more than one.
func TestReadmeNamesTheTestCommand(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "<!-- tests: begin -->")
	block, _, found := strings.Cut(rest, "<!-- tests: end -->")
	commands := 0
	for line := range strings.Lines(block) {
		if strings.HasPrefix(line, "go test ") {
			commands++
		}
	}
	if !found || commands != 1 {
		t.Errorf("README.md has %d test commands between its markers, want 1", commands)
	}
}
