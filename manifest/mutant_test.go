package manifest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/manifesttest"
)

// replacements take the place of each node in turn; "" deletes it.
func replacements() []string {
	return []string{"null", `""`, "0", "-1", "[]", "{}", "true", `"x"`, "1e308", ""}
}

// mutants calls visit with v after each replacement of each node in it, and
// puts the node back.
func mutants(v any, path string, visit func(name string)) {
	try := func(name string, set func(value any, remove bool)) {
		for _, text := range replacements() {
			set(json.RawMessage(text), text == "")
			visit(fmt.Sprintf("%s %s", name, text))
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			node, name := v[key], path+"/"+key
			try(name, func(value any, remove bool) {
				if v[key] = value; remove {
					delete(v, key)
				}
			})
			v[key] = node
			mutants(node, name, visit)
		}
	case []any:
		for i, node := range v {
			name := fmt.Sprintf("%s/%d", path, i)
			try(name, func(value any, remove bool) {
				if v[i] = value; remove {
					v[i] = node
				}
			})
			v[i] = node
			mutants(node, name, visit)
		}
	}
}

// A publisher may sign anything. Whatever a document says, it is refused or
// accepted as it is written, and nothing breaks down.
func TestNoMutantOfADocumentBreaksTheParser(t *testing.T) {
	documents := manifesttest.Memory{manifest.ComponentPath("galss"): stable(t)[manifest.ComponentPath("galss")]}
	for name, file := range map[string]string{
		manifest.ComponentPath("cryptolib-cps"): "component", manifest.ChannelPath("stable"): "channel",
		manifest.AdvisoriesPath: "advisories",
	} {
		data, err := os.ReadFile("testdata/" + file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		documents[name] = data
	}
	count, accepted := 0, 0
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		var whole any
		if err := json.Unmarshal(documents[name], &whole); err != nil {
			t.Fatal(err)
		}
		changed := maps.Clone(documents)
		mutants(whole, name, func(mutant string) {
			data, err := json.Marshal(whole)
			if err != nil {
				t.Fatal(err)
			}
			changed[name] = data
			count++
			v, err := manifest.Open(t.Context(), changed, "stable")
			if err != nil {
				return
			}
			accepted++
			for _, c := range v.Components() {
				if c == "" {
					t.Errorf("%s: accepted a component without a name", mutant)
				}
			}
		})
	}
	t.Logf("%d mutants, %d accepted", count, accepted)
	if accepted == count || accepted == 0 {
		t.Error("the test tells nothing apart")
	}
}
