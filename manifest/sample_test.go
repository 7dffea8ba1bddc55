package manifest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// parsers are the three readers by the name of their sample and schema.
func parsers() map[string]func([]byte) (any, error) {
	return map[string]func([]byte) (any, error){
		"component":  func(b []byte) (any, error) { return ParseComponent(b) },
		"channel":    func(b []byte) (any, error) { return ParseChannel(b) },
		"advisories": func(b []byte) (any, error) { return ParseAdvisories(b) },
	}
}

func sample(t testing.TB, kind string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", kind+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// edited returns the sample of kind with the value at path replaced by the
// JSON text value, or removed when value is "". Path is that of an error.
func edited(t testing.TB, kind, path, value string) []byte {
	t.Helper()
	var doc any
	if err := json.Unmarshal(sample(t, kind), &doc); err != nil {
		t.Fatal(err)
	}
	var fresh any
	if value != "" {
		if err := json.Unmarshal([]byte(value), &fresh); err != nil {
			t.Fatalf("edit of %s: %v", path, err)
		}
	}
	place(t, doc, strings.Split(strings.ReplaceAll(path, "[", ".["), "."), value == "", fresh)
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func place(t testing.TB, at any, steps []string, remove bool, fresh any) {
	t.Helper()
	step, last := steps[0], len(steps) == 1
	switch at := at.(type) {
	case map[string]any:
		switch {
		case last && remove:
			delete(at, step)
		case last:
			at[step] = fresh
		default:
			place(t, at[step], steps[1:], remove, fresh)
		}
	case []any:
		i, err := strconv.Atoi(strings.Trim(step, "[]"))
		if err != nil || i >= len(at) {
			t.Fatalf("edit: no element %s", step)
		}
		if last {
			at[i] = fresh
			return
		}
		place(t, at[i], steps[1:], remove, fresh)
	default:
		t.Fatalf("edit: nothing at %s", step)
	}
}

// A badDocument is a sample with one edit that must be refused.
type badDocument struct {
	name  string
	kind  string
	path  string // where the edit is made
	value string // JSON put there; "" removes it
	code  string
	at    string // path in the error; "" means path
	blind bool   // a schema cannot see it
}

func badDocuments() []badDocument {
	return slices.Concat(badComponents(), badReleases(), badProvenances(), badRules(), badOthers(), badRollouts(), badFloors(), badSetups())
}

func badComponents() []badDocument {
	const c = "component"
	long := strconv.Quote(strings.Repeat("é", 1001))
	return []badDocument{
		{name: "other-generation", kind: c, path: "schema", value: `2`, code: CodeValue},
		{name: "schema-missing", kind: c, path: "schema", code: CodeMissingField},
		{name: "unknown-field", kind: c, path: "colour", value: `"blue"`, code: CodeUnknownField},
		{name: "field-in-capitals", kind: c, path: "Name", value: `"galss"`, code: CodeUnknownField},
		{name: "null-field", kind: c, path: "publisher", value: `null`, code: CodeNull},
		{name: "null-pointer", kind: c, path: "releases[0].artifact", value: `null`, code: CodeNull},
		{name: "null-element", kind: c, path: "releases[1]", value: `null`, code: CodeNull},
		{name: "null-list", kind: c, path: "evidence", value: `null`, code: CodeNull},
		{name: "name-in-capitals", kind: c, path: "name", value: `"Galss"`, code: CodeValue},
		{name: "name-of-a-device", kind: c, path: "name", value: `"com1"`, code: CodeValue},
		{name: "name-like-a-flag", kind: c, path: "name", value: `"-galss"`, code: CodeValue},
		{name: "name-too-long", kind: c, path: "name", value: `"a12345678901234567890123456789012"`, code: CodeValue},
		{name: "name-is-a-number", kind: c, path: "name", value: `7`, code: CodeType},
		{name: "title-in-one-language", kind: c, path: "title.en", code: CodeMissingField},
		{name: "title-of-spaces", kind: c, path: "title.fr", value: `"  "`, code: CodeValue},
		{name: "title-too-long", kind: c, path: "title.fr", value: long, code: CodeValue},
		{name: "escape-sequence-in-text", kind: c, path: "title.fr", value: `"\u001b[2J"`, code: CodeCharacter},
		{name: "newline-in-text", kind: c, path: "title.fr", value: `"a\nb"`, code: CodeCharacter},
		{name: "right-to-left-override", kind: c, path: "title.fr", value: `"a\u202eb"`, code: CodeCharacter},
		{name: "zero-width-space", kind: c, path: "title.fr", value: `"a\u200bb"`, code: CodeCharacter},
		{name: "line-separator", kind: c, path: "title.fr", value: `"a\u2028b"`, code: CodeCharacter},
		{name: "c1-control", kind: c, path: "title.fr", value: `"a\u009bb"`, code: CodeCharacter},
		{name: "invisible-letter", kind: c, path: "title.fr", value: `"a\u3164b"`, code: CodeCharacter, blind: true},
		{name: "evidence-of-unknown-kind", kind: c, path: "evidence[0].kind", value: `"smell"`, code: CodeValue},
		{name: "evidence-on-unknown-system", kind: c, path: "evidence[0].platform", value: `"beos"`, code: CodeValue},
		{name: "product-code-without-braces", kind: c, path: "evidence[1].id", value: `"9EF61CC2"`, code: CodeValue},
		{name: "registry-without-key", kind: c, path: "evidence[2].path", code: CodeMissingField},
		{name: "listed-without-name", kind: c, path: "evidence[5].name", code: CodeValue},
		{name: "listed-as-anything", kind: c, path: "evidence[5].name", value: `"FSV*"`, code: CodeValue},
		{name: "receipt-without-identifier", kind: c, path: "evidence[3].id", code: CodeMissingField},
		{name: "evidence-of-no-version", kind: c, path: "evidence[1].version", value: `"new"`, code: CodeValue},
		{name: "setting-leads-out", kind: c, path: "settings[3].path", value: `"conf/../../cps.ini"`, code: CodeValue},
		{name: "setting-of-another-system", kind: c, path: "settings[2].path", value: `"C:\\cps.ini"`, code: CodeValue},
		{name: "setting-on-a-share", kind: c, path: "settings[0].path", value: `"\\\\server\\cps.ini"`, code: CodeValue},
		{name: "setting-absolute-anywhere", kind: c, path: "settings[3].path", value: `"/etc/cps.ini"`, code: CodeValue},
		{name: "setting-twice", kind: c, path: "settings[1].path", blind: true,
			value: `"%PROGRAMDATA%\\santesocial\\cps\\coffre\\cps3_pkcs11.ini"`, code: CodeDuplicate},
		{name: "too-much-evidence", kind: c, path: "evidence", code: CodeValue,
			value: "[" + strings.Repeat(`{"kind":"bundle","platform":"any"},`, 64) + `{"kind":"bundle","platform":"any"}]`},
	}
}

// deltaFrom is a delta that is in order.
func deltaFrom(version string) string {
	return `{"from":"` + version + `","path":"components/cryptolib-cps/x.delta","length":1,"sha256":"` +
		strings.Repeat("a", 64) + `"}`
}

func badReleases() []badDocument {
	const c, r = "component", "releases[0]."
	return []badDocument{
		{name: "release-without-version", kind: c, path: r + "version", code: CodeMissingField},
		{name: "version-that-is-none", kind: c, path: r + "version", value: `"latest"`, code: CodeValue},
		{name: "release-on-unknown-system", kind: c, path: r + "platform", value: `"mojave"`, code: CodeValue},
		{name: "date-in-french-order", kind: c, path: r + "date", value: `"10/09/2019"`, code: CodeValue},
		{name: "day-that-never-was", kind: c, path: r + "date", value: `"2019-02-30"`, code: CodeValue, blind: true},
		{name: "backend-with-a-path", kind: c, path: r + "backend", value: `"../msi"`, code: CodeValue},
		{name: "artifact-of-another-component", kind: c, path: r + "artifact.path", blind: true,
			value: `"components/galss/5.1.8/macos/x.tar.zst"`, code: CodeValue},
		{name: "artifact-leads-out", kind: c, path: r + "artifact.path",
			value: `"components/cryptolib-cps/../galss/x.zip"`, code: CodeValue},
		{name: "artifact-with-a-query", kind: c, path: r + "artifact.path",
			value: `"components/cryptolib-cps/x.zip?a=1"`, code: CodeValue},
		{name: "artifact-is-the-document", kind: c, path: r + "artifact.path", blind: true,
			value: `"components/cryptolib-cps/component.json"`, code: CodeValue},
		{name: "negative-length", kind: c, path: r + "artifact.length", value: `-1`, code: CodeValue},
		{name: "length-beyond-reason", kind: c, path: r + "artifact.length", value: `17179869185`, code: CodeValue},
		{name: "length-with-a-fraction", kind: c, path: r + "artifact.length", value: `1.5`, code: CodeType},
		{name: "length-as-text", kind: c, path: r + "artifact.length", value: `"7"`, code: CodeType},
		{name: "digest-in-capitals", kind: c, path: r + "artifact.sha256", code: CodeValue,
			value: strconv.Quote(strings.Repeat("AB", 32))},
		{name: "digest-missing", kind: c, path: r + "artifact.sha256", code: CodeMissingField},
		{name: "too-many-entries", kind: c, path: r + "artifact.entries", value: `1000001`, code: CodeValue},
		{name: "tar-of-unknown-digest", kind: c, path: r + "artifact.plain.sha256", value: `"00"`, code: CodeValue},
		{name: "tar-beyond-reason", kind: c, path: r + "artifact.plain.length", value: `68719476737`, code: CodeValue},
		{name: "delta-without-its-tar", kind: c, path: r + "artifact.plain", code: CodeMissingField},
		{name: "delta-without-a-package", kind: c, path: r + "artifact", code: CodeMissingField, at: r + "artifact.plain"},
		{name: "delta-from-nothing", kind: c, path: r + "deltas[0].from", value: `""`, code: CodeValue},
		{name: "delta-from-itself", kind: c, path: r + "deltas[1].from", value: `"5.1.8.0"`, code: CodeDuplicate, blind: true},
		{name: "delta-twice", kind: c, path: r + "deltas[1].from", value: `"5,1,5,0"`, code: CodeDuplicate, blind: true},
		{name: "delta-of-another-component", kind: c, path: r + "deltas[1].path", blind: true,
			value: `"components/galss/5.1.8/macos/from-5.1.4.delta"`, code: CodeValue},
		{name: "delta-leads-out", kind: c, path: r + "deltas[1].path", value: `"components/cryptolib-cps/../x.delta"`, code: CodeValue},
		{name: "delta-without-digest", kind: c, path: r + "deltas[0].sha256", code: CodeMissingField},
		{name: "delta-of-negative-length", kind: c, path: r + "deltas[0].length", value: `-1`, code: CodeValue},
		{name: "too-many-deltas", kind: c, path: r + "deltas", code: CodeValue, value: "[" + strings.Join([]string{
			deltaFrom("1"), deltaFrom("2"), deltaFrom("3"), deltaFrom("4")}, ",") + "]"},
		{name: "needs-itself", kind: c, path: r + "needs[0].component", value: `"cryptolib-cps"`, code: CodeValue, blind: true},
		{name: "needs-a-strange-range", kind: c, path: r + "needs[0].in", value: `">= 3.42,"`, code: CodeValue},
		{name: "probe-of-unknown-kind", kind: c, path: r + "probes[0].kind", value: `"port"`, code: CodeValue},
		{name: "probe-outside", kind: c, path: r + "probes[0].path", value: `"/etc/passwd"`, code: CodeValue},
		{name: "probe-of-a-device", kind: c, path: r + "probes[0].path", value: `"bin/Nul.txt"`, code: CodeValue, blind: true},
		{name: "probe-of-a-file-with-time-limit", kind: c, path: r + "probes[0].seconds", value: `5`, code: CodeValue},
		{name: "probe-of-a-file-with-arguments", kind: c, path: r + "probes[0].args", value: `["a"]`, code: CodeValue},
		{name: "command-that-contains", kind: c, path: r + "probes[1].contains", value: `"a"`, code: CodeValue},
		{name: "command-without-end", kind: c, path: r + "probes[1].seconds", value: `121`, code: CodeValue},
		{name: "withdrawn-without-reason", kind: c, path: r + "withdrawn.because", code: CodeMissingField},
		{name: "replaced-by-nothing", kind: c, path: r + "withdrawn.replace_with", value: `"soon"`, code: CodeValue},
		{name: "same-release-twice", kind: c, path: "releases[2].version", value: `"5.2.6"`, code: CodeDuplicate, blind: true},
		{name: "same-release-for-any", kind: c, path: "releases[2]", blind: true, code: CodeDuplicate,
			value: `{"version":"5.2.6","platform":"any"}`, at: "releases[2].version"},
	}
}

func badRules() []badDocument {
	const c, r = "component", "releases[0]."
	half := `{"any":[` + strings.Repeat(`{"fact":"a","is":1},`, 199) + `{"fact":"a","is":1}]}`
	return []badDocument{
		{name: "rule-code-with-spaces", kind: c, path: r + "requires[0].code", value: `"too old"`, code: CodeValue},
		{name: "empty-condition", kind: c, path: r + "requires[0].require", value: `{}`, code: CodeValue},
		{name: "condition-of-nothing", kind: c, path: r + "requires[0].require", value: `{"all":[]}`, code: CodeValue},
		{name: "condition-of-two-kinds", kind: c, path: r + "requires[0].require", code: CodeValue,
			value: `{"fact":"a","is":1,"not":{"fact":"b","is":2}}`},
		{name: "comparison-without-value", kind: c, path: r + "requires[0].require.all[0]", value: `{"fact":"a"}`, code: CodeValue},
		{name: "comparison-with-two-values", kind: c, path: r + "requires[0].require.all[0]", code: CodeValue,
			value: `{"fact":"a","is":"b","in":"= 1"}`},
		{name: "value-without-fact", kind: c, path: r + "requires[0].require", code: CodeMissingField,
			value: `{"not":{"fact":"a","is":1},"is":1}`, at: r + "requires[0].require.fact"},
		{name: "condition-of-too-many-parts", kind: c, path: r + "requires[0].require", blind: true, code: CodeTooLarge,
			value: `{"all":[` + half + "," + half + `]}`, at: r + "requires[0].require.all[1].any[53]"},
		{name: "condition-too-deep", kind: c, path: r + "requires[0].require", blind: true, code: CodeTooLarge,
			value: strings.Repeat(`{"not":`, 8) + `{"fact":"a","is":1}` + strings.Repeat("}", 8),
			at:    r + "requires[0].require" + strings.Repeat(".not", 8)},
		{name: "fact-with-a-slash", kind: c, path: r + "requires[0].require.all[0].fact", value: `"os/family"`, code: CodeValue},
		{name: "compared-with-a-list", kind: c, path: r + "requires[0].require.all[0].is", value: `["a"]`, code: CodeType},
		{name: "compared-with-a-fraction", kind: c, path: r + "requires[0].require.all[0].is", value: `1.5`, code: CodeType},
		{name: "range-without-operator", kind: c, path: r + "requires[0].require.all[1].in", value: `"10.15"`, code: CodeValue},
		{name: "range-of-words", kind: c, path: r + "requires[0].known.any[0].in", value: `">= Catalina"`, code: CodeValue},
		{name: "guess-as-confidence", kind: c, path: r + "requires[0].confidence", value: `"sure"`, code: CodeValue},
	}
}

func badOthers() []badDocument {
	const c, a = "channel", "advisories"
	return []badDocument{
		{name: "offer-of-nothing", kind: c, path: "offers[0].versions", value: `[]`, code: CodeValue},
		{name: "offer-of-a-word", kind: c, path: "offers[0].versions[1]", value: `"latest"`, code: CodeValue},
		{name: "offer-of-equal-versions", kind: c, path: "offers[0].versions[1]", value: `"5.1.8.0"`, code: CodeDuplicate, blind: true},
		{name: "offered-twice", kind: c, path: "offers[1].component", value: `"cryptolib-cps"`, code: CodeDuplicate, blind: true},
		{name: "channel-without-name", kind: c, path: "name", value: `""`, code: CodeValue},
		{name: "channel-without-offers", kind: c, path: "offers", code: CodeMissingField},
		{name: "advisory-without-name", kind: a, path: "advisories[0].id", value: `""`, code: CodeValue},
		{name: "advisory-of-unknown-weight", kind: a, path: "advisories[0].severity", value: `"fatal"`, code: CodeValue},
		{name: "advisory-without-condition", kind: a, path: "advisories[0].when", code: CodeMissingField},
		{name: "remedy-without-text", kind: a, path: "advisories[0].remedies[0].text", code: CodeMissingField},
		{name: "remedy-in-code", kind: a, path: "advisories[0].remedies[0].code", value: `"a b"`, code: CodeValue},
		{name: "advisory-in-month-13", kind: a, path: "advisories[0].date", value: `"2024-13-01"`, code: CodeValue},
	}
}

// badProvenances are documents with a wrong word about who built a package.
func badProvenances() []badDocument {
	const c, r = "component", "releases[0]."
	return []badDocument{
		{name: "provenance-of-nothing", kind: c, path: r + "provenance.identity", value: `" "`, code: CodeMissingField},
		{name: "provenance-of-nobody", kind: c, path: r + "provenance.issuer", code: CodeMissingField},
		{name: "provenance-of-a-strange-issuer", kind: c, path: r + "provenance.issuer", value: `"http://issuer.example"`, code: CodeValue},
		{name: "provenance-of-another-component", kind: c, path: r + "provenance.path", blind: true,
			value: `"components/galss/5.1.8/macos/x.sigstore.json"`, code: CodeValue},
		{name: "provenance-without-digest", kind: c, path: r + "provenance.sha256", code: CodeMissingField},
		{name: "provenance-beyond-reason", kind: c, path: r + "provenance.length", value: `1048577`, code: CodeValue},
	}
}
