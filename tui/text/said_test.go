package text

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestWhatErrorsSayIsTranslated(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"number", "524 bytes", "524 octets"},
		{"longest-form", "at most 524 bytes", "au plus 524 octets"},
		{"two-places", "12 bytes in 3 entries", "12 octets en 3 entrées"},
		{"place-before-a-comma", "12 bytes, sha256 ab", "12 octets, sha256 ab"},
		{"end-with-a-space", "outside my folder", "hors de my folder"},
		{"no-place", "nothing", "rien"},
		{"two-names", `"rsa" with scheme "x"`, `"rsa" avec la méthode "x"`},
		{"digest", "0a1b2c", "0a1b2c"},
		{"name-that-begins-alike", "nothing-much", "nothing-much"},
		{"nothing-in-the-place", "outside ", "outside "},
		{"sentence-in-the-place", "so many bytes", "so many bytes"},
		{"place-of-a-sentence", "{{.N}} bytes", "{{.N}} octets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := map[string]string{"Role": "ans", "Expected": c.value, "Found": "version 2"}
			got := printer(t, French).Message("publish-bad-key", args)
			if want := "attendu : " + c.want + ", trouvé : version 2"; !strings.Contains(got, want) {
				t.Errorf("got %q, want %q in it", got, want)
			}
			if got := printer(t, English).Message("publish-bad-key", args); !strings.Contains(got, ": "+c.value+" was expected,") {
				t.Errorf("English: got %q", got)
			}
			if args["Expected"] != c.value {
				t.Error("the argument was changed")
			}
		})
	}
}

// alike is what both languages write in the same way.
var alike = []string{
	"version 7", "[a-z0-9-]{1,32}", "[a-z0-9-]{1,32}.pub",
	"components/NAME/**", ".tar.gz, .tar.zst",
}

// TestEverythingThatErrorsSayIsTranslated looks at what the packages write
// into their errors. Those that write notation instead are not among them.
func TestEverythingThatErrorsSayIsTranslated(t *testing.T) {
	french, n := printer(t, French), 0
	for _, dir := range []string{"manifest/publish", "manifest/mirror", "installer/store", "cmd/releve-repo"} {
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(dir), "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", dir, len(files), err)
		}
		for _, file := range files {
			for _, value := range saidIn(t, file) {
				n++
				if !slices.Contains(alike, value) && french.said(value) == value {
					t.Errorf("%s: %q has no French: add a form to locales/said.*.json", file, value)
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d values were found", n)
	}
}

var (
	verb = regexp.MustCompile(`%[.0-9]*[a-zA-Z]`) // a place of fmt
	word = regexp.MustCompile(`[a-z]{2}`)
)

// saidIn lists the values of the fields Expected and Found that a file builds
// from words, with 7 for what is filled in.
func saidIn(t *testing.T, file string) []string {
	t.Helper()
	if strings.HasSuffix(file, "_test.go") {
		return nil
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	ast.Inspect(f, func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		name, ok := pair.Key.(*ast.Ident)
		if !ok || name.Name != "Expected" && name.Name != "Found" {
			return true
		}
		if s := example(pair.Value); word.MatchString(s) {
			all = append(all, s)
		}
		return true
	})
	return all
}

func example(e ast.Expr) string {
	if s, ok := literal(e); ok {
		return s
	}
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return example(e.X) + example(e.Y)
	case *ast.CallExpr:
		if call, ok := e.Fun.(*ast.SelectorExpr); ok && call.Sel.Name == "Sprintf" {
			return verb.ReplaceAllString(example(e.Args[0]), "7")
		}
	}
	return "7"
}
