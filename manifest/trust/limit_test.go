package trust_test

import (
	"errors"
	"testing"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// TestEveryRoleHasItsSize serves each file as long as it may be, and one byte
// longer. Whoever holds all keys announces it so: the limits are the client's.
func TestEveryRoleHasItsSize(t *testing.T) {
	const small, large = 512 << 10, 8 << 20
	for role, limit := range map[string]int{
		"root": small, "timestamp": small, "snapshot": small, trusttest.Targets: large, trusttest.ANS: large,
	} {
		for name, size := range map[string]int{"as-long-as-it-may-be": limit, "one-byte-longer": limit + 1} {
			t.Run(role+"-"+name, func(t *testing.T) {
				r, cache := warm(t)
				update(r)
				if role == "root" {
					r.PublishRoot()
				}
				r.Pad(role, size)
				err := refreshAndRead(t, newClient(t, r, cache))
				if size <= limit {
					if err != nil {
						t.Fatal(err)
					}
					return
				}
				var e *trust.Error
				if !errors.As(err, &e) || e.Reason != trust.CodeOversized || e.Role != role || e.Expected == "" {
					t.Errorf("got %v, want %q about %q", err, trust.CodeOversized, role)
				}
			})
		}
	}
}

func TestADocumentHasItsSize(t *testing.T) {
	r, cache := warm(t)
	update(r)
	r.Put(trusttest.DocANS, make([]byte, 8<<20+1))
	r.Publish()
	c := newClient(t, r, cache)
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := c.Authenticated(t.Context(), trusttest.DocANS)
	if got, want := codeOf(err), trust.CodeOversized; got != want {
		t.Errorf("got %q, want %q (%v)", got, want, err)
	}
}
