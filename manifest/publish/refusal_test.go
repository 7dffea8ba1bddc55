package publish_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
)

// fingerprint gives a digest of every file below dir.
func fingerprint(t *testing.T, dir string) string {
	t.Helper()
	sum := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(sum, "%s %d %s\n", path, len(data), data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// draftWith drafts the next version of a role, changes what is signed, and
// signs it with keys unless they are nil.
func draftWith(t *testing.T, r *publish.Repo, keys publish.KeyStore, role string, change func(signed map[string]any)) *publish.Draft {
	t.Helper()
	d, err := r.PrepareRole(role)
	if err != nil {
		t.Fatal(err)
	}
	data, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	change(file["next"].(map[string]any)["signed"].(map[string]any))
	if data, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	if d, err = publish.ParseDraft(data); err != nil {
		t.Fatal(err)
	}
	if keys == nil {
		return d
	}
	if _, err := d.Sign(keys); err != nil {
		t.Fatal(err)
	}
	return d
}

// mistake is what a publisher does wrong, on a repository with one publisher
// and one release.
type mistake struct {
	name, want string
	with       func(c *publish.Config)
	do         func(t *testing.T, r *publish.Repo) error
}

func life(set func(l *publish.Lives)) func(c *publish.Config) {
	return func(c *publish.Config) { set(&c.Lives) }
}

func noKeys(c *publish.Config) { c.Keys = publish.NewMemoryKeys() }

func adding(change func(a *publish.Addition)) func(t *testing.T, r *publish.Repo) error {
	return func(t *testing.T, r *publish.Repo) error {
		a := addition(t, "cryptolib-cps", "5.2.1")
		change(&a)
		_, err := r.Add(t.Context(), a)
		return err
	}
}

func renewing(t *testing.T, r *publish.Repo) error { return r.Publish(t.Context(), "ans") }

func mistakesWithReleases() []mistake {
	nothing := func(*publish.Addition) {}
	return []mistake{
		{"duplicate-version", publish.CodeDuplicate, nil, adding(func(a *publish.Addition) { a.Release.Version = "5.1.08" })},
		{"outside-the-delegation", publish.CodeOutside, nil, adding(func(a *publish.Addition) { a.Component, a.Role = "galss", "ans" })},
		{"needs-nobody-has", publish.CodeNoComponent, nil, adding(func(a *publish.Addition) {
			a.Release.Needs = []manifest.Need{{Component: "galss"}}
		})},
		{"expired-already", publish.CodePastExpiry, life(func(l *publish.Lives) { l.Publisher = -time.Hour }), adding(nothing)},
		{"good-for-a-century", publish.CodeLifeTooLong, life(func(l *publish.Lives) { l.Publisher = 36500 * 24 * time.Hour }), adding(nothing)},
		{"timestamp-for-two-years", publish.CodeLifeTooLong, life(func(l *publish.Lives) { l.Timestamp = 730 * 24 * time.Hour }), renewing},
		{"snapshot-for-two-years", publish.CodeLifeTooLong, life(func(l *publish.Lives) { l.Snapshot = 730 * 24 * time.Hour }), renewing},
		{"key-elsewhere", publish.CodeMissingKey, noKeys, adding(nothing)},
		{"timestamp-expired-already", publish.CodePastExpiry, life(func(l *publish.Lives) { l.Timestamp = -time.Second }), renewing},
		{"renew-without-the-key", publish.CodeMissingKey, noKeys, renewing},
	}
}

func mistakesWithKeys() []mistake {
	delegating := func(paths ...string) func(*testing.T, *publish.Repo) error {
		return func(_ *testing.T, r *publish.Repo) error { return r.Delegate("cnam", paths) }
	}
	rotating := func(role string, change publish.KeyChange) func(*testing.T, *publish.Repo) error {
		return func(_ *testing.T, r *publish.Repo) error { return r.Rotate(role, change) }
	}
	return []mistake{
		{"taken-path", publish.CodePathTaken, nil, delegating("components/cryptolib-cps/**")},
		{"new-publisher-expired-already", publish.CodePastExpiry, life(func(l *publish.Lives) { l.Publisher = -time.Hour }), delegating("components/x/**")},
		{"more-signatures-than-keys", publish.CodeBadQuorum, nil, rotating("ans", publish.KeyChange{Threshold: 2})},
		{"the-last-key-removed", publish.CodeBadQuorum, nil, rotating("ans", publish.KeyChange{Remove: []string{"ans"}})},
		{"a-key-nobody-has", publish.CodeUnknownKey, nil, rotating("ans", publish.KeyChange{Remove: []string{"ans-2"}})},
		{"a-key-of-root", publish.CodeRootRole, nil, rotating("snapshot", publish.KeyChange{})},
	}
}

// mistakesInDrafts lets keys sign what change made of the next version of ans.
func mistakesInDrafts(keys publish.KeyStore) []mistake {
	finishing := func(keys publish.KeyStore, change func(signed, targets map[string]any)) func(*testing.T, *publish.Repo) error {
		return func(t *testing.T, r *publish.Repo) error {
			return r.FinishRole(t.Context(), draftWith(t, r, keys, "ans", func(signed map[string]any) {
				change(signed, signed["targets"].(map[string]any))
			}))
		}
	}
	return []mistake{
		{"payload-published-with-another-digest", publish.CodeDigestChanged, nil, finishing(keys, func(_, targets map[string]any) {
			for path, v := range targets {
				if !strings.HasSuffix(path, ".json") {
					v.(map[string]any)["hashes"] = map[string]any{"sha256": strings.Repeat("ab", 32)}
				}
			}
		})},
		{"draft-outside-the-delegation", publish.CodeOutside, nil, finishing(keys, func(_, targets map[string]any) {
			targets["components/galss/component.json"] = targets["components/cryptolib-cps/component.json"]
		})},
		{"draft-of-a-file-that-is-not-here", publish.CodeDamaged, nil, finishing(keys, func(_, targets map[string]any) {
			targets["components/cryptolib-cps/9.9/any/x.zip"] = map[string]any{
				"length": 1, "hashes": map[string]any{"sha256": strings.Repeat("cd", 32)},
			}
		})},
		{"draft-that-skips-versions", publish.CodeOtherState, nil, finishing(keys, func(signed, _ map[string]any) {
			signed["version"] = 1_000_000
		})},
		{"draft-that-expired", publish.CodeExpired, nil, finishing(keys, func(signed, _ map[string]any) {
			signed["expires"] = "2026-01-01T00:00:00Z"
		})},
		{"draft-without-a-signature", publish.CodeUnsigned, nil, finishing(nil, func(_, _ map[string]any) {})},
	}
}

func TestMistakesAreRefusedBeforeAnythingIsWritten(t *testing.T) {
	_, base := newRepo(t)
	start, sc := reopened(t, base)
	for _, do := range changes(t)[:2] {
		if err := do.do(start); err != nil {
			t.Fatal(err)
		}
	}
	if err := start.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range slices.Concat(mistakesWithReleases(), mistakesWithKeys(), mistakesInDrafts(base.Keys)) {
		t.Run(m.name, func(t *testing.T) {
			_, c := reopened(t, sc)
			if m.with != nil {
				m.with(&c)
			}
			r, err := publish.Open(c)
			if err != nil {
				t.Fatal(err)
			}
			before := fingerprint(t, c.Dir)
			if got := codeOf(m.do(t, r)); got != m.want {
				t.Errorf("got %q, want %q", got, m.want)
			}
			if fingerprint(t, c.Dir) != before {
				t.Error("something was written")
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
