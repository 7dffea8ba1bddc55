package reference

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/releve-sante/releve/manifest"
)

func open(t *testing.T) manifest.Verified {
	t.Helper()
	v, err := Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOpen(t *testing.T) {
	v := open(t)
	want := []string{"amelipro-connect", "cryptolib-cps", "diagam", "fsv", "galss", "mica", "srvsvcnam", "wmic-standin"}
	if got := v.Components(); !slices.Equal(got, want) {
		t.Errorf("Components()\n got %q\nwant %q", got, want)
	}
	if v.Channel() != Channel || v.Digest() == "" || len(v.Advisories()) == 0 {
		t.Errorf("channel %q, digest %q, %d advisories", v.Channel(), v.Digest(), len(v.Advisories()))
	}
}

func files(t *testing.T) fs.FS {
	t.Helper()
	all, err := documents()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryDocumentIsOffered(t *testing.T) {
	v := open(t)
	err := fs.WalkDir(files(t), "components", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if _, ok := v.Component(path.Base(path.Dir(name))); !ok || path.Base(name) != "component.json" {
			t.Errorf("document %q belongs to no component of the channel", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAuthenticatorKnowsNothingElse(t *testing.T) {
	for _, name := range []string{"channels/stable.json", "../reference/advisories.json", "/advisories.json", "", "components"} {
		if blob, err := Authenticator().Authenticated(t.Context(), name); err == nil {
			t.Errorf("Authenticated(%q) = %d bytes, want an error", name, len(blob.Data))
		}
	}
	if _, err := Authenticator().Authenticated(t.Context(), "channels/stable.json"); !errors.Is(err, manifest.ErrNoDocument) {
		t.Errorf("Authenticated: error %v, want ErrNoDocument", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: error %v, want context.Canceled", err)
	}
}

// TestEverythingNamesItsSource also holds the rule that nobody's files are in
// the catalogue.
func TestEverythingNamesItsSource(t *testing.T) {
	v := open(t)
	for _, name := range v.Components() {
		c, _ := v.Component(name)
		for _, e := range c.Evidence {
			if e.Source == "" {
				t.Errorf("%s: evidence %s %s%s has no source", name, e.Kind, e.ID, e.Path)
			}
		}
		for _, r := range c.Releases {
			if r.Source == "" || r.Artifact != nil {
				t.Errorf("%s %s %s: source %q, artifact %v", name, r.Version, r.Platform, r.Source, r.Artifact)
			}
			for _, rule := range r.Requires {
				if rule.Source == "" || rule.Remedy == nil {
					t.Errorf("%s %s %s: rule %s has no source or no remedy", name, r.Version, r.Platform, rule.Code)
				}
			}
		}
	}
	for _, a := range v.Advisories() {
		if a.Source == "" || len(a.Remedies) == 0 {
			t.Errorf("advisory %s has no source or no remedy", a.ID)
		}
	}
}

// TestTextsReadWell holds the form of the sentences: both languages, whole
// sentences in the reasons and the remedies, no title with a point.
func TestTextsReadWell(t *testing.T) {
	sentence := func(where string, text manifest.Text) {
		if !strings.HasSuffix(text.FR, ".") || !strings.HasSuffix(text.EN, ".") || text.FR == text.EN {
			t.Errorf("%s is not a sentence in two languages: %+v", where, text)
		}
	}
	v := open(t)
	for _, name := range v.Components() {
		c, _ := v.Component(name)
		for _, r := range c.Releases {
			for _, rule := range r.Requires {
				sentence(name+" "+r.Version+" "+rule.Code, rule.Because)
				sentence(name+" "+r.Version+" "+rule.Code+" remedy", *rule.Remedy)
			}
		}
	}
	for _, a := range v.Advisories() {
		if strings.HasSuffix(a.Title.FR, ".") || strings.HasSuffix(a.Title.EN, ".") || a.Title.FR == a.Title.EN {
			t.Errorf("advisory %s: title %+v", a.ID, a.Title)
		}
		sentence(a.ID, a.Because)
		for _, r := range a.Remedies {
			sentence(a.ID+" "+r.Code, r.Text)
		}
	}
}

// TestDocumentsFollowTheSchemas holds the catalogue to the schemas that
// publishers are given, so that it serves as their example.
func TestDocumentsFollowTheSchemas(t *testing.T) {
	kinds := map[string]string{"component": "components/*/component.json", "channel": "channels/*.json", "advisories": "advisories.json"}
	for kind, pattern := range kinds {
		schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "schema", kind+".json"))
		if err != nil {
			t.Fatal(err)
		}
		names, err := fs.Glob(files(t), pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no documents %q: %v", pattern, err)
		}
		for _, name := range names {
			data, err := fs.ReadFile(files(t), name)
			if err != nil {
				t.Fatal(err)
			}
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); err != nil {
				t.Errorf("document %q: %v", name, err)
			}
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		if _, err := Open(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// TestEveryComponentCanBeMissed holds that a component that is recognised on
// Windows has evidence whose silence says that it is not there: a product code
// stands for one version, and what does not run may well be installed.
func TestEveryComponentCanBeMissed(t *testing.T) {
	v := open(t)
	for _, name := range v.Components() {
		c, _ := v.Component(name)
		evidence := c.EvidenceOn(manifest.Windows)
		if len(evidence) > 0 && !slices.ContainsFunc(evidence, func(e manifest.Evidence) bool {
			return e.Kind == manifest.EvidenceUninstall || e.Kind == manifest.EvidenceRegistry || e.Kind == manifest.EvidenceBundle
		}) {
			t.Errorf("%s: no evidence shows every version: %+v", name, evidence)
		}
	}
}
