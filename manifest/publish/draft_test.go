package publish_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
)

func told(d *publish.Draft) []string {
	var all []string
	for _, c := range d.Changes() {
		if c.Kind == publish.ChangeKey {
			c.Name = "id"
		}
		if len(c.To) > 40 {
			c.To = c.To[:20]
		}
		all = append(all, fmt.Sprintf("%s|%s|%s|%s|%s", c.Kind, c.Role, c.Name, c.From, c.To))
	}
	return all
}

// lines compares what is told beside documents and packages, which are told by
// their digests.
func lines(t *testing.T, got []string, want string) {
	t.Helper()
	var kept []string
	for _, line := range got {
		if !strings.HasPrefix(line, "document") && !strings.HasPrefix(line, "package") {
			kept = append(kept, line)
		}
	}
	if text := strings.Join(kept, "\n"); text != strings.TrimSpace(want) {
		t.Errorf("got\n%s\nwant\n%s", text, strings.TrimSpace(want))
	}
}

func TestADraftOfRootTellsWhatChanges(t *testing.T) {
	r, c := newRepo(t)
	key := newKey(t, c.Keys, "root-d")
	d, err := publish.PrepareRoot(c, publish.RootChange{
		"root": {Add: []publish.PublicKey{key}, Remove: []string{"root-2"}, Threshold: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	lines(t, told(d), `
version|root||1|2
expiry|root||2027-11-23|2027-11-23
key|root|id|root-2|
key|root|id||root-d
threshold|root|3|2|3`)
	first, err := publish.PrepareRoot(publish.Config{Dir: t.TempDir(), Now: now}, firstRoot(t, c.Keys))
	if err != nil {
		t.Fatal(err)
	}
	lines(t, told(first)[:6], `
version|root|||1
expiry|root|||2027-11-23
key|root|id||holder-a
key|root|id||holder-b
key|root|id||holder-c
threshold|root|3||2`)
	if _, err := r.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestADraftOfARoleTellsWhatChanges(t *testing.T) {
	r, _ := newRepo(t)
	because := manifest.Text{FR: "panne", EN: "it fails"}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(r.Delegate("ans", []string{"components/cryptolib-cps/**"}))
	for _, v := range []string{"5.1.5", "5.1.8"} {
		_, err := r.Add(t.Context(), addition(t, "cryptolib-cps", v))
		must(err)
	}
	must(r.SetChannel("stable", "cryptolib-cps", []string{"5.1.5"}))
	must(r.Publish(t.Context()))
	_, err := r.Add(t.Context(), addition(t, "cryptolib-cps", "5.2.1"))
	must(err)
	_, err = r.Withdraw("cryptolib-cps", "5.1.8", manifest.MacOS, manifest.Withdrawal{Because: because})
	must(err)
	must(r.SetFloor("cryptolib-cps", manifest.Floor{Platform: manifest.MacOS, Version: "5.1.5", Because: because}))
	must(r.SetChannel("stable", "cryptolib-cps", []string{"5.2.1", "5.1.5"}))
	for role, want := range map[string]string{
		"ans": `
version|ans||1|2
expiry|ans||2027-02-22|2027-02-22
release||cryptolib-cps|5.1.8 macos|5.1.8 macos (withdrawn)
release||cryptolib-cps||5.2.1 macos
floor||cryptolib-cps||macos >= 5.1.5`,
		"catalogue": `
version|catalogue||2|3
expiry|catalogue||2027-02-22|2027-02-22
offer|stable|cryptolib-cps|5.1.5|5.2.1, 5.1.5`,
	} {
		d, err := r.PrepareRole(role)
		must(err)
		got := told(d)
		lines(t, got, want)
		if first := got[slices.IndexFunc(got, func(s string) bool { return strings.HasPrefix(s, "document") })]; !strings.Contains(first, ".json|") {
			t.Errorf("%s: no document is told: %q", role, first)
		}
	}
}

func TestADraftSurvivesItsFile(t *testing.T) {
	r, c := newRepo(t)
	d, err := r.PrepareRole("catalogue")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Sign(c.Keys); err != nil {
		t.Fatal(err)
	}
	data, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := publish.ParseDraft(data)
	if err != nil {
		t.Fatal(err)
	}
	copied, err := again.Encode()
	if err != nil || !bytes.Equal(copied, data) {
		t.Errorf("encoded again: %v\n%s\nwant\n%s", err, copied, data)
	}
	if _, err := again.Sign(c.Keys); codeOf(err) != publish.CodeSignedAlready {
		t.Errorf("signed twice: got %v", err)
	}
}

type object = map[string]any

// hiding is a way to have something signed that the list of changes does not
// tell.
type hiding struct {
	name, role string
	change     func(signed object)
}

func hidings() []hiding {
	role := func(signed object, i int) object {
		return signed["delegations"].(object)["roles"].([]any)[i].(object)
	}
	anyKey := func(signed object) object {
		for _, key := range signed["keys"].(object) {
			return key.(object)
		}
		return nil
	}
	target := func(more string, value any) func(object) {
		return func(s object) {
			hashes := object{"sha256": strings.Repeat("ab", 32)}
			s["targets"] = object{"a": object{"length": 1, "hashes": hashes}}
			if more == "sha512" {
				hashes[more] = value
				return
			}
			s["targets"].(object)["a"].(object)[more] = value
		}
	}
	return []hiding{
		{"nothing", "root", func(object) {}},
		{"nothing", "targets", func(object) {}},
		{"unknown-field", "root", func(s object) { s["mirrors"] = "x" }},
		{"inconsistent-snapshots", "root", func(s object) { s["consistent_snapshot"] = false }},
		{"unknown-field-of-a-key", "root", func(s object) { anyKey(s)["x-other"] = 1 }},
		{"another-key-under-an-identifier", "root", func(s object) {
			anyKey(s)["keyval"] = object{"public": strings.Repeat("ab", 32)}
		}},
		{"unknown-field-of-a-role", "root", func(s object) { s["roles"].(object)["root"].(object)["x"] = 1 }},
		{"unknown-field-of-targets", "targets", func(s object) { s["x"] = 1 }},
		{"custom", "targets", target("custom", object{})},
		{"two-hashes", "targets", target("sha512", "ab")},
		{"paths-by-prefix", "targets", func(s object) { role(s, 0)["path_hash_prefixes"] = []any{"a"} }},
		{"search-goes-on", "targets", func(s object) { role(s, 1)["terminating"] = false }},
		{"paths-of-another", "targets", func(s object) { role(s, 1)["paths"] = []any{"channels/*"} }},
		{"reserved-name", "targets", func(s object) { role(s, 1)["name"] = "timestamp" }},
		{"publisher-that-delegates", "ans", func(s object) { s["delegations"] = object{"keys": object{}, "roles": []any{}} }},
	}
}

func TestADraftHidesNothing(t *testing.T) {
	r, c := newRepo(t)
	if err := r.Delegate("ans", []string{"components/cryptolib-cps/**"}); err != nil {
		t.Fatal(err)
	}
	for _, h := range hidings() {
		t.Run(h.name, func(t *testing.T) {
			d, err := publish.PrepareRoot(c, nil)
			if h.role != "root" {
				d, err = r.PrepareRole(h.role)
			}
			if err != nil {
				t.Fatal(err)
			}
			data, err := d.Encode()
			if err != nil {
				t.Fatal(err)
			}
			var file object
			if err := json.Unmarshal(data, &file); err != nil {
				t.Fatal(err)
			}
			h.change(file["next"].(object)["signed"].(object))
			if data, err = json.Marshal(file); err != nil {
				t.Fatal(err)
			}
			want := publish.CodeBadDraft
			if h.name == "nothing" {
				want = ""
			}
			if _, err := publish.ParseDraft(data); codeOf(err) != want {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

// FuzzDraft never panics, whatever stands in the file, nor does what a holder
// does with it.
func FuzzDraft(f *testing.F) {
	r, c := newRepo(f)
	for _, role := range []string{"targets", "catalogue"} {
		d, err := r.PrepareRole(role)
		if err != nil {
			f.Fatal(err)
		}
		data, err := d.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	d, err := publish.PrepareRoot(c, nil)
	if err != nil {
		f.Fatal(err)
	}
	data, err := d.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := publish.ParseDraft(data)
		if err != nil {
			return
		}
		_ = d.Changes()
		_ = d.Quorums()
		_, _ = d.Sign(c.Keys)
		if _, err := d.Digest(); err != nil {
			t.Errorf("digest: %v", err)
		}
	})
}
