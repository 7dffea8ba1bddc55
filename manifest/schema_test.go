package manifest

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaDir = "../docs/schema"

func schemaOf(t *testing.T, kind string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join(schemaDir, kind+".json"))
	if err != nil {
		t.Fatalf("schema of %s: %v", kind, err)
	}
	return s
}

func conforms(t *testing.T, s *jsonschema.Schema, data []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

func TestSchemaAcceptsTheSamples(t *testing.T) {
	for kind := range parsers() {
		t.Run(kind, func(t *testing.T) {
			if err := conforms(t, schemaOf(t, kind), sample(t, kind)); err != nil {
				t.Errorf("testdata/%s.json: %v", kind, err)
			}
		})
	}
}

func TestSchemaRefusesWhatTheDecoderRefuses(t *testing.T) {
	schemas := map[string]*jsonschema.Schema{}
	for kind := range parsers() {
		schemas[kind] = schemaOf(t, kind)
	}
	for _, tt := range badDocuments() {
		t.Run(tt.name, func(t *testing.T) {
			err := conforms(t, schemas[tt.kind], edited(t, tt.kind, tt.path, tt.value))
			if (err == nil) != tt.blind {
				t.Errorf("schema of %s: error %v, want none: %v", tt.kind, err, tt.blind)
			}
		})
	}
}

// object is what a schema says of one object.
type object struct {
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
	Defs       map[string]object          `json:"$defs"`
}

func TestSchemaNamesEveryField(t *testing.T) {
	definitions := map[string]map[string]any{
		"component": {
			"": Component{}, "text": Text{}, "evidence": Evidence{}, "setting": Setting{}, "release": Release{},
			"artifact": Artifact{}, "plain": Plain{}, "delta": Delta{}, "rule": Rule{}, "need": Need{}, "withdrawal": Withdrawal{},
			"condition": Condition{}, "probe": Probe{}, "floor": Floor{},
			"program": Program{}, "setup": Setup{}, "setupcommand": SetupCommand{},
		},
		"channel":    {"": Channel{}, "offer": Offer{}, "rollout": Rollout{}, "stop": Stop{}, "text": Text{}},
		"advisories": {"": Advisories{}, "advisory": Advisory{}, "remedy": Remedy{}, "condition": Condition{}, "text": Text{}},
	}
	for kind, types := range definitions {
		data, err := os.ReadFile(filepath.Join(schemaDir, kind+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var root object
		if err := json.Unmarshal(data, &root); err != nil {
			t.Fatal(err)
		}
		for name, zero := range types {
			t.Run(kind+"-"+name, func(t *testing.T) {
				o := root
				if name != "" {
					o = root.Defs[name]
				}
				compareFields(t, o, reflect.TypeOf(zero))
			})
		}
	}
}

// compareFields checks that o has the members of Go type typ, no other, and
// asks for those that are always written.
func compareFields(t *testing.T, o object, typ reflect.Type) {
	t.Helper()
	var all, required []string
	for _, f := range members(typ, nil) {
		all = append(all, f.name)
		if !f.omitEmpty {
			required = append(required, f.name)
		}
	}
	slices.Sort(all)
	slices.Sort(required)
	slices.Sort(o.Required)
	if got := slices.Sorted(maps.Keys(o.Properties)); !slices.Equal(got, all) {
		t.Errorf("properties of %s\n got %v\nwant %v", typ, got, all)
	}
	if !slices.Equal(o.Required, required) {
		t.Errorf("required of %s\n got %v\nwant %v", typ, o.Required, required)
	}
}

// TestSchemasAgree keeps what two schemas both define the same in both.
func TestSchemasAgree(t *testing.T) {
	seen := map[string]string{}
	for kind := range parsers() {
		data, err := os.ReadFile(filepath.Join(schemaDir, kind+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var root struct {
			Defs map[string]json.RawMessage `json:"$defs"`
		}
		if err := json.Unmarshal(data, &root); err != nil {
			t.Fatal(err)
		}
		for name, def := range root.Defs {
			if other, ok := seen[name]; ok && other != string(def) {
				t.Errorf("%q is defined in two ways:\n%s\n%s", name, def, other)
			}
			seen[name] = string(def)
		}
	}
}

// versionPattern is the form of a version in the schemas.
func versionPattern(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(schemaDir, "component.json"))
	if err != nil {
		t.Fatal(err)
	}
	var root struct {
		Defs map[string]struct {
			Pattern string `json:"pattern"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	return root.Defs["version"].Pattern
}
