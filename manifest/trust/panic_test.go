package trust_test

import (
	"bytes"
	"errors"
	"maps"
	"testing"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// The checks before go-tuf leave it nothing that is known to make it panic, so
// the panic is made here.
func TestAPanicIsContainedAndChangesNothing(t *testing.T) {
	for _, role := range []string{"root", "timestamp", "snapshot", trusttest.Targets} {
		for _, fresh := range []bool{false, true} {
			name := role + "-known"
			if fresh {
				name = role + "-first-time"
			}
			t.Run(name, func(t *testing.T) {
				r, cache := warm(t)
				if fresh {
					cache = trusttest.NewCache()
				}
				update(r)
				if role == "root" {
					r.PublishRoot()
				}
				before := maps.Clone(cache.Files)
				err := trust.RefreshBroken(t.Context(), newClient(t, r, cache), role)
				var e *trust.Error
				if !errors.As(err, &e) || e.Reason != trust.CodePanic || e.Role != role || e.File == "" {
					t.Fatalf("got %v, want %q about %q", err, trust.CodePanic, role)
				}
				if !maps.EqualFunc(cache.Files, before, bytes.Equal) {
					t.Error("the cache was changed")
				}
				if !fresh {
					if err := newClient(t, r, cache).Cached(t.Context()); err != nil {
						t.Errorf("what was kept: %v", err)
					}
				}
				if err := refreshAndRead(t, newClient(t, r, cache)); err != nil {
					t.Errorf("the next start: %v", err)
				}
			})
		}
	}
}
