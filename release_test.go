package releve_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"strconv"
	"strings"
	"testing"

	v1 "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
)

// TestEnumerationsOfTheClient holds the enumerations that a release of the
// client is built with against the originals.
func TestEnumerationsOfTheClient(t *testing.T) {
	const name = "packaging/client/protobuf-specs/gen/pb-go/common/v1/enumerations.go"
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]map[string]int32{"HashAlgorithm": {}, "PublicKeyDetails": {}}
	ast.Inspect(file, func(n ast.Node) bool {
		value, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		kind := value.Type.(*ast.Ident).Name
		number, err := strconv.ParseInt(value.Values[0].(*ast.BasicLit).Value, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		short, ok := strings.CutPrefix(value.Names[0].Name, kind+"_")
		if !ok || got[kind] == nil {
			t.Fatalf("%s: %s is not one of the enumerations", name, value.Names[0].Name)
		}
		got[kind][short] = int32(number)
		return true
	})
	for kind, want := range map[string]map[string]int32{
		"HashAlgorithm": v1.HashAlgorithm_value, "PublicKeyDetails": v1.PublicKeyDetails_value,
	} {
		if !maps.Equal(got[kind], want) {
			t.Errorf("%s: got %v, want %v", kind, got[kind], want)
		}
	}
}
