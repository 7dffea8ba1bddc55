package manifest

import (
	"bytes"
	"reflect"
	"regexp"
	"testing"
)

func FuzzParseComponent(f *testing.F) {
	f.Add(sample(f, "component"))
	f.Add([]byte(`{"schema":1,"name":"a","title":{"fr":"a","en":"b"},"releases":[{"version":"1-rc1","platform":"any"}]}`))
	for _, b := range badDocuments() {
		if b.kind == "component" {
			f.Add(edited(f, b.kind, b.path, b.value))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseComponent(data)
		if err != nil {
			return // refusing is always allowed
		}
		once, err := Encode(c)
		if err != nil {
			t.Fatalf("accepted, but cannot be encoded: %v", err)
		}
		again, err := ParseComponent(once)
		if err != nil {
			t.Fatalf("own output refused: %v\n%s", err, once)
		}
		if twice, _ := Encode(again); !bytes.Equal(once, twice) {
			t.Fatalf("not stable:\n%s\n%s", once, twice)
		}
	})
}

func FuzzParseVersion(f *testing.F) {
	for _, s := range []string{"5.2.6_x64", "5,2,6,0", "5, 2, 6, 0", "fsv-1.40.1104-Signe", "10.16", "26.1",
		"1.2-rc1", "1.2-rc.2_x64+3.a", "v1", "24H2", "1.2-", "999999999999999999", "1.0-beta-3.4"} {
		f.Add(s)
	}
	schema := regexp.MustCompile(versionPattern(f))
	zero := Version{}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParseVersion(s)
		if err != nil {
			return
		}
		if v.String() != s || v.Compare(v) != 0 {
			t.Fatalf("%q is not itself: %q, %d", s, v, v.Compare(v))
		}
		if v.Compare(zero) != -zero.Compare(v) {
			t.Fatalf("%q and 0 have no order", s)
		}
		if !schema.MatchString(s) {
			t.Fatalf("%q is accepted here and refused by the schema", s)
		}
		r, err := ParseRange("= " + s)
		if err == nil && !r.Contains(v) {
			t.Fatalf("%q is not in %q", s, r)
		}
	})
}

func FuzzParseCondition(f *testing.F) {
	for _, s := range []string{"os.version >= 10.15", "os.family = macos && os.version >= 10.15, < 13",
		`!(os.build = 28000) || a != "b c"`, "((a = true))", "!!a = 1", "a = 24H2", "a ~> 1.2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCondition(s)
		if err != nil {
			return
		}
		again, err := ParseCondition(c.String())
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("%q was written as %q and read as %+v, %v", s, c.String(), again, err)
		}
		data, err := Encode(c)
		if err != nil {
			t.Fatalf("%q cannot be encoded: %v", s, err)
		}
		var decoded Condition
		if err := DecodeStrict(data, &decoded); err != nil || !reflect.DeepEqual(decoded, c) {
			t.Fatalf("%s is read as %+v, %v", data, decoded, err)
		}
		for _, l := range c.Eval(mojave()).Leaves {
			if l.Fact == "" || l.Required == "" {
				t.Fatalf("%q has a comparison without a name: %+v", s, l)
			}
		}
	})
}
