package publish_test

import (
	"bytes"
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
