package text

import (
	"os"
	"regexp"
	"testing"

	"github.com/releve-sante/releve/manifest"
)

func TestLeaf(t *testing.T) {
	for _, tt := range []struct {
		name string
		leaf manifest.Leaf
		want string
	}{
		{"is", manifest.Leaf{Fact: "galss.mode", Required: "= pss"}, "mode de GALSS = pss"},
		{"is-not", manifest.Leaf{Fact: "os.edition", Required: "not = EnterpriseS"}, "édition de Windows ≠ EnterpriseS"},
		{"range", manifest.Leaf{Fact: "os.build", Required: ">= 26100"}, "build du système >= 26100"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := New(French)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := p.Leaf(tt.leaf); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestFactsOfAlertsHaveNames holds that no alert shows the path of a fact in
// the place of a name.
func TestFactsOfAlertsHaveNames(t *testing.T) {
	data, err := os.ReadFile("../../manifest/reference/advisories.json")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`"fact": *"([^"]+)"`).FindAllSubmatch(data, -1)
	if len(found) == 0 {
		t.Fatal("the catalogue names no fact")
	}
	for _, lang := range []string{French, English} {
		p, err := New(lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range found {
			if path := string(m[1]); p.Fact(path) == path {
				t.Errorf("%s: the fact %q has no name", lang, path)
			}
		}
	}
}
