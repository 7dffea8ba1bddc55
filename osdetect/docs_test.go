package osdetect

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

const factsDoc = "../docs/facts.md"

// The lines between which the table stands in docs/facts.md.
const (
	tableBegin = "<!-- table of paths: written by go test ./osdetect -update -->\n"
	tableEnd   = "<!-- end of the table -->\n"
)

var update = flag.Bool("update", false, "write the table of paths into docs/facts.md")

func TestDocumentListsEveryPath(t *testing.T) {
	data, err := os.ReadFile(factsDoc)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, begins := strings.Cut(strings.ReplaceAll(string(data), "\r\n", "\n"), tableBegin)
	got, tail, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		t.Fatalf("%s has no table between %q and %q", factsDoc, tableBegin, tableEnd)
	}
	want := table()
	if *update {
		if err := os.WriteFile(factsDoc, []byte(head+tableBegin+want+tableEnd+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("the table in %s is not the one in the code; run go test ./osdetect -update\n got\n%s\nwant\n%s", factsDoc, got, want)
	}
}

// table words Paths for the document.
func table() string {
	var b strings.Builder
	b.WriteString("\n| Path | Type | Values | Read by `releve` | Meaning |\n|---|---|---|---|---|\n")
	for _, p := range Paths() {
		values := "any"
		switch {
		case p.Values != nil:
			values = "`" + strings.Join(p.Values, "`, `") + "`"
		case p.Type == Bool:
			values = "`true`, `false`"
		}
		read := "no"
		if p.Detected {
			read = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", p.Path, p.Type, values, read, p.Meaning)
	}
	b.WriteString("\n")
	return b.String()
}

func TestPathsAreDistinctAndWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Paths() {
		path := strings.ReplaceAll(p.Path, "<name>", "galss")
		if seen[path] || !wellFormed(path) || p.Meaning == "" {
			t.Errorf("path %q is listed twice, malformed or without meaning", p.Path)
		}
		seen[path] = true
		if found, ok := info(path); !ok || found.Path != p.Path {
			t.Errorf("info(%q) = %+v, %v", path, found, ok)
		}
	}
	for _, path := range []string{"component.version", "component..version", "component.a.b.version", "component.galss", "os"} {
		if p, ok := info(path); ok {
			t.Errorf("info(%q) = %+v, want none", path, p)
		}
	}
}
