package text

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"unicode"
)

// built holds the prefixes of ids that the program puts together, so that no
// literal of the source names them.
var built = []string{"view-fact-", "view-why-", "action-", "help-command-", "help-option-", "repo-change-", said + "-"}

// place is a {{.Name}}, or the condition {{if .Name}}...{{else}}...{{end}}
// for an argument that may be empty.
var place = regexp.MustCompile(`\{\{(?:if )?\.([A-Za-z]+)\}\}|\{\{(?:else|end)\}\}`)

// catalogue is id to text of one language; plural forms are joined, since all
// rules hold for each form alike.
type catalogue map[string]string

func readCatalogue(t *testing.T, lang string) catalogue {
	t.Helper()
	all, from := catalogue{}, map[string]string{}
	files, err := filepath.Glob("locales/*." + lang + ".json")
	more, err2 := filepath.Glob("locales/more/*." + lang + ".json")
	if err != nil || err2 != nil || len(files) == 0 || len(more) == 0 {
		t.Fatalf("no locale files of %q: %v, %v", lang, err, err2)
	}
	files = append(files, more...)
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var texts map[string]any
		if err := json.Unmarshal(data, &texts); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		if n := topLevelKeys(t, f, data); n != len(texts) {
			t.Errorf("%s has %d ids but %d different ones", f, n, len(texts))
		}
		for id, v := range texts {
			if from[id] != "" {
				t.Errorf("id %q stands in %s and in %s", id, from[id], f)
			}
			from[id], all[id] = f, joined(t, id, v)
		}
	}
	return all
}

// topLevelKeys counts the keys of a JSON object, twins included.
func topLevelKeys(t *testing.T, file string, data []byte) int {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(data)))
	if _, err := dec.Token(); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	n := 0
	for dec.More() {
		var v json.RawMessage
		if _, err := dec.Token(); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		n++
	}
	return n
}

func joined(t *testing.T, id string, v any) string {
	t.Helper()
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		one, ok1 := v["one"].(string)
		other, ok2 := v["other"].(string)
		if ok1 && ok2 && len(v) == 2 {
			return one + "\n" + other // places of both forms count
		}
	}
	t.Errorf("text %q is neither a string nor {one, other}", id)
	return ""
}

// source is what the Go files of the module say: the constants named Code...
// and every string literal.
type source struct {
	codes    map[string]string // code to where it is declared
	literals map[string]bool
}

func readSource(t *testing.T) source {
	t.Helper()
	s := source{codes: map[string]string{}, literals: map[string]bool{}}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "dist") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parsing %q: %w", path, err)
		}
		s.add(set, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s source) add(set *token.FileSet, f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if !strings.HasPrefix(name.Name, "Code") || i >= len(n.Values) {
					continue
				}
				if v, ok := literal(n.Values[i]); ok {
					s.codes[v] = set.Position(name.Pos()).String()
				}
			}
		case *ast.BasicLit:
			if v, ok := literal(n); ok {
				s.literals[v] = true
			}
		}
		return true
	})
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	v, err := strconv.Unquote(lit.Value)
	return v, err == nil
}

func TestEveryCodeHasItsTexts(t *testing.T) {
	src := readSource(t)
	for _, lang := range []string{French, English} {
		all := readCatalogue(t, lang)
		for _, code := range slices.Sorted(maps.Keys(src.codes)) {
			text, ok := all[code]
			if !ok {
				t.Errorf("%s: code %q has no text in %q", src.codes[code], code, lang)
				continue
			}
			if !endsWell(text) {
				t.Errorf("%s: the text of code %q in %q is not a sentence: %q", src.codes[code], code, lang, text)
			}
		}
	}
}

// endsWell says whether a text begins as a sentence and ends as one; a place
// may do
// either, and the name of an option or of the program may begin it.
func endsWell(text string) bool {
	first := []rune(strings.TrimSpace(text) + " ")[0]
	return (unicode.IsUpper(first) || strings.HasPrefix(text, "releve ") || strings.ContainsRune("{«\"-", first)) &&
		strings.ContainsAny(text[max(0, len(text)-1):], ".!?)}»")
}

func TestNoTextIsAnOrphan(t *testing.T) {
	src := readSource(t)
	for _, id := range slices.Sorted(maps.Keys(readCatalogue(t, French))) {
		base := strings.TrimSuffix(id, ".hint")
		if src.literals[base] || slices.ContainsFunc(built, func(p string) bool { return strings.HasPrefix(id, p) }) {
			continue
		}
		t.Errorf("text %q is named nowhere in the program", id)
	}
}

func TestLanguagesAgree(t *testing.T) {
	fr, en := readCatalogue(t, French), readCatalogue(t, English)
	for _, id := range slices.Sorted(maps.Keys(fr)) {
		if _, ok := en[id]; !ok {
			t.Errorf("text %q has no English", id)
			continue
		}
		if got, want := places(fr[id], "FR"), places(en[id], "EN"); !slices.Equal(got, want) {
			t.Errorf("text %q has the places %v in French and %v in English", id, got, want)
		}
		if fr[id] == en[id] && len(strings.Fields(place.ReplaceAllString(fr[id], ""))) > 2 {
			t.Errorf("text %q is the same in both languages: %q", id, fr[id])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(en)) {
		if _, ok := fr[id]; !ok {
			t.Errorf("text %q has no French", id)
		}
	}
}

func TestTextsAreWellFormed(t *testing.T) {
	for _, lang := range []string{French, English} {
		for id, text := range readCatalogue(t, lang) {
			if strings.TrimSpace(text) == "" {
				t.Errorf("text %q is empty in %q", id, lang)
			}
			if Clean(text) != text {
				t.Errorf("text %q in %q holds characters that no terminal should get", id, lang)
			}
			if rest := place.ReplaceAllString(text, ""); strings.Contains(rest, "{{") {
				t.Errorf("text %q in %q has a place that is neither {{.Name}} nor {{if .Name}}: %q", id, lang, text)
			}
			if _, err := template.New(id).Parse(text); err != nil {
				t.Errorf("text %q in %q: %v", id, lang, err)
			}
		}
	}
}

// places lists the places of a text in order of name. An argument may exist
// once per language (BecauseFR, BecauseEN): they count as the same.
func places(text, suffix string) []string {
	set := map[string]bool{}
	for _, m := range place.FindAllStringSubmatch(text, -1) {
		name := m[1]
		if name == "" {
			continue // else, end
		}
		if len(name) > len(suffix) {
			name = strings.TrimSuffix(name, suffix)
		}
		set[name] = true
	}
	return slices.Sorted(maps.Keys(set))
}
