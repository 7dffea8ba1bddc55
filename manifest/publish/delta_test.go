package publish_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
)

// bulk is an addition large enough for a delta to be worth it: between two of
// them, little more than the version differs.
func bulk(t testing.TB, component, version string) publish.Addition {
	t.Helper()
	random, program := rand.New(rand.NewPCG(7, 7)), make([]byte, 8_000)
	for i := range program {
		program[i] = byte(random.Uint32())
	}
	copy(program[4_000:], version)
	data := archive(t, map[string]string{"VERSION": version, "bin/" + component: string(program)})
	return publish.Addition{
		Component: component,
		Release:   manifest.Release{Version: version, Platform: manifest.Windows, Backend: "bundle"},
		File:      component + ".tar.gz", Payload: bytes.NewReader(data), Size: int64(len(data)),
	}
}

// withBulk is a repository with some of them, published.
func withBulk(t *testing.T, versions ...string) *publish.Repo {
	t.Helper()
	r, _ := newRepo(t)
	addBulk(t, r, versions...)
	return r
}

func addBulk(t *testing.T, r *publish.Repo, versions ...string) {
	t.Helper()
	for _, v := range versions {
		if _, err := r.Add(t.Context(), bulk(t, "galss", v)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestADeltaOfAnOlderDocument(t *testing.T) {
	r := withBulk(t, "3.42", "3.43")
	if err := r.ForgetPlain("galss"); err != nil {
		t.Fatal(err)
	}
	report, err := r.Delta(t.Context(), "galss", "3.42", "3.43", "")
	if err != nil || report.Outcome != publish.DeltaMade {
		t.Fatalf("got %+v, %v", report, err)
	}
	if err := r.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, err := r.Verify(t.Context())
	if err != nil || found.Deltas != 1 {
		t.Errorf("verify: %d deltas, %v", found.Deltas, err)
	}
}

// TestVerifyTriesEveryDelta has the publisher sign what is no delta.
func TestVerifyTriesEveryDelta(t *testing.T) {
	for name, data := range map[string][]byte{"nonsense": []byte("nonsense"), "a-zip": []byte("PK\x03\x04")} {
		t.Run(name, func(t *testing.T) {
			r := withBulk(t, "3.42", "3.43")
			if _, err := r.Delta(t.Context(), "galss", "3.42", "3.43", ""); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(r.ReplaceDeltas("galss", data), r.Publish(t.Context())); err != nil {
				t.Fatal(err)
			}
			_, err := r.Verify(t.Context())
			var refusal *publish.Error
			if !errors.As(err, &refusal) || refusal.Reason != publish.CodeBadDelta {
				t.Errorf("got %v, want %s", err, publish.CodeBadDelta)
			}
		})
	}
}

func TestVerifyComparesTheTarInside(t *testing.T) {
	r := withBulk(t, "3.42")
	if err := errors.Join(r.MistakePlain("galss"), r.Publish(t.Context())); err != nil {
		t.Fatal(err)
	}
	_, err := r.Verify(t.Context())
	var refusal *publish.Error
	if !errors.As(err, &refusal) || refusal.Reason != publish.CodeBadArchive {
		t.Errorf("got %v, want %s", err, publish.CodeBadArchive)
	}
}

// TestThreeBasesAreKept adds deltas in any order: the newest three stay, and
// those that gave way are no longer signed.
func TestThreeBasesAreKept(t *testing.T) {
	r, c := newRepo(t)
	addBulk(t, r, "1.0", "1.1", "1.2", "1.3", "2.0")
	for _, step := range []struct {
		from    string
		want    publish.DeltaOutcome
		dropped []string
	}{
		{"1.2", publish.DeltaMade, nil},
		{"1.0", publish.DeltaMade, nil},
		{"1.3", publish.DeltaMade, nil},
		{"1.1", publish.DeltaMade, []string{"1.0"}},
		{"1.0", publish.DeltaTooOld, nil},
		{"1.1.0", publish.DeltaThere, nil},
	} {
		report, err := r.Delta(t.Context(), "galss", step.from, "2.0", manifest.Windows)
		if err != nil || report.Outcome != step.want || !slices.Equal(report.Dropped, step.dropped) {
			t.Errorf("from %s: got %+v, %v, want %s, dropping %q", step.from, report, err, step.want, step.dropped)
		}
		// Clients have the state before, which must be whole meanwhile.
		if _, err := r.Verify(t.Context()); err != nil {
			t.Errorf("from %s: %v", step.from, err)
		}
		if step.from == "1.3" {
			if err := r.Publish(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := r.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found, err := r.Verify(t.Context()); err != nil || found.Deltas != 3 {
		t.Errorf("verify: %d deltas, %v", found.Deltas, err)
	}
	data, err := os.ReadFile(filepath.Join(c.Dir, "metadata", "4.targets.json"))
	if err != nil {
		t.Fatal(err)
	}
	if signed := string(data); strings.Contains(signed, "from-1.0.delta") || !strings.Contains(signed, "from-1.1.delta") {
		t.Errorf("the newest metadata names %s", signed)
	}
}

func TestADeltaIsInterrupted(t *testing.T) {
	r := withBulk(t, "3.42", "3.43")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Delta(ctx, "galss", "3.42", "3.43", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if found, err := r.Verify(t.Context()); err != nil || len(found.Pending) > 0 {
		t.Errorf("afterwards: pending %q, %v", found.Pending, err)
	}
}
