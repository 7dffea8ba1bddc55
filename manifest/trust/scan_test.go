package trust_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

func TestScanRefusesWhatParsersDisagreeAbout(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	tests := []struct {
		name, in string
		wantErr  bool
	}{
		{"object", `{"a":{"b":[1,"x",true]},"c":{}}`, false},
		{"same-name-in-other-objects", `[{"a":1},{"a":1}]`, false},
		{"name-as-value", `{"a":"a","b":"a"}`, false},
		{"deep-enough", deep(32), false},
		{"null", `{"a":null}`, true},
		{"null-in-list", `[null]`, true},
		{"only-null", `null`, true},
		{"same-name", `{"a":1,"a":1}`, true},
		{"same-name-after-object", `{"a":{"b":1},"a":1}`, true},
		{"same-name-but-case", `{"signed":1,"Signed":1}`, true},
		{"name-with-kelvin-sign", "{\"\u212aeys\":1}", true},
		{"too-deep", deep(33), true},
		{"trailing", `{}{}`, true},
		{"trailing-word", `{} true`, true},
		{"cut", `{"a":[1`, true},
		{"empty", ``, true},
		{"not-utf-8", "{\"a\":\"\xff\"}", true},
		{"too-many-tokens", "[" + strings.Repeat("1,", 400_000) + "1]", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := trust.Scan([]byte(tt.in)); (err != nil) != tt.wantErr {
				t.Errorf("got %v, want error: %t", err, tt.wantErr)
			}
		})
	}
}

// What scan accepts is JSON that encoding/json accepts too, without null.
func FuzzScan(f *testing.F) {
	for _, data := range trusttest.New(f).Files() {
		f.Add(data)
	}
	f.Add([]byte(`{"a":[1,{"b":"c"}],"d":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if trust.Scan(data) != nil {
			return
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatalf("accepted %q, which is not JSON: %v", data, err)
		}
		if v == nil {
			t.Fatalf("accepted null in %q", data)
		}
	})
}
