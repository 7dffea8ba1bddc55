package provenance_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/publish/provenance"
	"github.com/releve-sante/releve/manifest/publish/provenance/provenancetest"
)

var (
	digest = strings.Repeat("1f", 32)
	other  = strings.Repeat("2e", 32)
)

func claim(change func(c *provenance.Claim)) provenance.Claim {
	c := provenance.Claim{
		Name: "cryptolib-cps 5.1.8", SHA256: digest,
		Identity: provenancetest.Identity, Issuer: provenancetest.Issuer,
	}
	change(&c)
	return c
}

func codeOf(err error) string {
	var e *provenance.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return ""
}

func TestVerify(t *testing.T) {
	s, stranger := provenancetest.New(t), provenancetest.New(t)
	good := s.Bundle(digest, provenancetest.Identity, provenancetest.Issuer)
	for _, test := range []struct {
		name   string
		claim  provenance.Claim
		bundle []byte
		want   string
	}{
		{"a-good-one", claim(func(*provenance.Claim) {}), good, ""},
		{"another-package", claim(func(c *provenance.Claim) { c.SHA256 = other }), good, provenance.CodeRefused},
		{"another-identity", claim(func(c *provenance.Claim) { c.Identity += "0" }), good, provenance.CodeRefused},
		{"a-part-of-the-identity", claim(func(c *provenance.Claim) { c.Identity = "https://github.example/ans/" }), good, provenance.CodeRefused},
		{"another-issuer", claim(func(c *provenance.Claim) { c.Issuer = "https://issuer.example" }), good, provenance.CodeRefused},
		{"no-identity", claim(func(c *provenance.Claim) { c.Identity = "" }), good, provenance.CodeRefused},
		{"no-digest", claim(func(c *provenance.Claim) { c.SHA256 = "" }), good, provenance.CodeRefused},
		{"of-a-stranger", claim(func(*provenance.Claim) {}), stranger.Bundle(digest, provenancetest.Identity, provenancetest.Issuer), provenance.CodeRefused},
		{"a-changed-signature", claim(func(*provenance.Claim) {}), spoiled(t, good, `"sig":"`), provenance.CodeRefused},
		{"a-changed-statement", claim(func(*provenance.Claim) {}), spoiled(t, good, `"payload":"`), provenance.CodeRefused},
		{"a-changed-record-of-the-log", claim(func(*provenance.Claim) {}), spoiled(t, good, `"rootHash":"`), provenance.CodeRefused},
		{"no-record-of-the-log", claim(func(*provenance.Claim) {}), bytes.Replace(good, []byte(`"tlogEntries":`), []byte(`"tlogEntries":[], "x":`), 1), provenance.CodeMalformed},
		{"not-a-bundle", claim(func(*provenance.Claim) {}), []byte(`{"a":1}`), provenance.CodeMalformed},
		{"not-json", claim(func(*provenance.Claim) {}), []byte("PK"), provenance.CodeMalformed},
		{"empty", claim(func(*provenance.Claim) {}), nil, provenance.CodeMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := provenance.ParseRoot("trusted_root.json", s.Root())
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Verify(test.claim, test.bundle)
			if codeOf(err) != test.want {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if err == nil && (time.Since(got.Time).Abs() > time.Hour || got.Predicate != "https://slsa.dev/provenance/v1") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// spoiled changes the letter after a text.
func spoiled(t *testing.T, data []byte, after string) []byte {
	t.Helper()
	at := bytes.Index(data, []byte(after))
	if at < 0 {
		t.Fatalf("no %q in %s", after, data)
	}
	data = bytes.Clone(data)
	at += len(after) + 5
	if data[at] == 'A' {
		data[at] = 'B'
	} else {
		data[at] = 'A'
	}
	return data
}

func TestParseRootRefuses(t *testing.T) {
	for name, data := range map[string]string{
		"empty": "", "not-json": "PK", "no-authority": `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`,
		"another-document": `{"signed":{},"signatures":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := provenance.ParseRoot("trusted_root.json", []byte(data)); codeOf(err) != provenance.CodeBadRoot {
				t.Errorf("got %v, want %s", err, provenance.CodeBadRoot)
			}
		})
	}
}
