package publish_test

import (
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/publish"
	"github.com/releve-sante/releve/manifest/trust"
)

func TestExpiriesTellWhatIsDue(t *testing.T) {
	r, c := newRepo(t)
	if err := r.Delegate("ans", []string{"components/cryptolib-cps/**"}); err != nil {
		t.Fatal(err)
	}
	if err := r.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	handler, err := publish.Handler(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	const d = 24 * time.Hour
	tests := []struct {
		name  string
		after time.Duration
		days  int
		due   []string // in the order of their dates
	}{
		{"new", 0, 30, nil},
		{"timestamp-six-hours-left", 18 * time.Hour, 30, nil},
		{"timestamp-less-than-six-hours-left", 18*time.Hour + time.Minute, 30, []string{"timestamp"}},
		{"snapshot-two-days-left", 5*d + time.Minute, 30, []string{"timestamp", "snapshot"}},
		{"publishers-30-days-left", 61*d + time.Minute, 30, []string{"timestamp", "snapshot", "ans", "catalogue"}},
		{"publishers-with-a-shorter-limit", 61*d + time.Minute, 7, []string{"timestamp", "snapshot"}},
		{"everything-has-passed", 400 * d, 0, []string{"timestamp", "snapshot", "ans", "catalogue", "targets", "root"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, at := range []string{c.Dir, server.URL} {
				remote, err := trust.NewRemote(at)
				if err != nil {
					t.Fatal(err)
				}
				all, err := publish.Expiries(t.Context(), remote, now().Add(tt.after), tt.days)
				if err != nil {
					t.Fatal(err)
				}
				var due []string
				for _, e := range all {
					if e.Due {
						due = append(due, e.Role)
					}
				}
				if len(all) != 6 || !slices.Equal(due, tt.due) {
					t.Errorf("%s: got %d roles, due %q, want 6, %q", at, len(all), due, tt.due)
				}
			}
		})
	}
}

func TestExpiriesBelieveSignaturesOnly(t *testing.T) {
	_, c := newRepo(t)
	_, other := newRepo(t)
	for _, name := range []string{"metadata/timestamp.json", "metadata/1.snapshot.json", "metadata/1.targets.json", "metadata/1.catalogue.json"} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			_, copied := reopened(t, c)
			foreign, err := os.ReadFile(filepath.Join(other.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(copied.Dir, name), foreign, 0o600); err != nil {
				t.Fatal(err)
			}
			remote, err := trust.NewFolder(copied.Dir)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := publish.Expiries(t.Context(), remote, now(), 30); codeOf(err) != publish.CodeUnsigned {
				t.Errorf("got %v, want %q", err, publish.CodeUnsigned)
			}
		})
	}
	remote, err := trust.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := publish.Expiries(t.Context(), remote, now(), 30); !errors.Is(err, publish.ErrNoRoot) {
		t.Errorf("an empty folder: got %v", err)
	}
}

func TestARepositoryThatExpiredIsSignedAnew(t *testing.T) {
	at := now()
	c := publish.Config{Dir: t.TempDir(), Keys: publish.NewMemoryKeys(), Now: func() time.Time { return at }}
	r, err := publish.Init(c)
	if err != nil {
		t.Fatal(err)
	}
	at = at.AddDate(2, 0, 0)
	if err := r.Publish(t.Context(), "targets", "catalogue"); codeOf(err) != publish.CodeExpired {
		t.Errorf("with an expired root: got %v, want %q", err, publish.CodeExpired)
	}
	if err := r.NextRoot(nil); err != nil {
		t.Fatal(err)
	}
	if err := r.Publish(t.Context()); codeOf(err) != publish.CodeExpired {
		t.Errorf("with expired targets: got %v, want %q", err, publish.CodeExpired)
	}
	if err := r.Publish(t.Context(), "targets", "catalogue"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
