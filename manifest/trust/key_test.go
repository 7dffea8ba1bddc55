package trust_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// redelegate lets targets name the present key of ans.
func redelegate(r *trusttest.Repo) {
	d := r.Signed(trusttest.Targets)["delegations"].(map[string]any)
	k := r.Key(trusttest.ANS)
	d["keys"].(map[string]any)[k.ID] = k.Public
	for _, role := range d["roles"].([]any) {
		if role := role.(map[string]any); role["name"] == trusttest.ANS {
			role["keyids"] = []any{k.ID}
		}
	}
}

func TestP256KeysSign(t *testing.T) {
	for _, role := range []string{"root-1", "timestamp", "snapshot", trusttest.Targets, trusttest.ANS} {
		t.Run(role, func(t *testing.T) {
			r, cache := warm(t)
			r.NewKeyOf(role, trusttest.P256)
			if role == trusttest.ANS {
				redelegate(r)
			} else {
				r.Rekey()
				r.Publish()
			}
			update(r)
			c := newClient(t, r, cache)
			if err := refreshAndRead(t, c); err != nil {
				t.Fatal(err)
			}
			if err := refreshAndRead(t, newClient(t, r, trusttest.NewCache())); err != nil {
				t.Errorf("a fresh client: %v", err)
			}
		})
	}
}

func TestOtherKeysAreRefused(t *testing.T) {
	mislabelled := func(k *trusttest.Key) {
		k.Public["scheme"] = "ecdsa-sha2-nistp256" // as go-tuf writes it
		k.Rename()
	}
	for name, tt := range map[string]struct {
		kind   trusttest.Kind
		change func(k *trusttest.Key)
		code   string
		found  string
	}{
		"rsa":                 {trusttest.RSA, nil, trust.CodeBadKey, "rsa"},
		"p384":                {trusttest.P384, nil, trust.CodeBadKey, "nistp384"},
		"p384-called-p256":    {trusttest.P384, mislabelled, trust.CodeBadKey, "P-384"},
		"unknown-scheme":      {trusttest.Ed25519, func(k *trusttest.Key) { k.Public["scheme"] = "x" }, trust.CodeBadKey, "x"},
		"unknown-type":        {trusttest.Ed25519, func(k *trusttest.Key) { k.Public["keytype"] = "sphincs" }, trust.CodeBadKey, "sphincs"},
		"not-pem":             {trusttest.P256, func(k *trusttest.Key) { k.Public["keyval"] = map[string]any{"public": "x"} }, trust.CodeBadKey, "PEM"},
		"ed25519-of-31-bytes": {trusttest.Ed25519, func(k *trusttest.Key) { k.Public["keyval"] = map[string]any{"public": strings.Repeat("00", 31)} }, trust.CodeMalformed, ""},
	} {
		for _, role := range []string{"timestamp", trusttest.ANS} {
			t.Run(name+"-"+role, func(t *testing.T) {
				r, cache := warm(t)
				update(r)
				good := r.Clone()
				good.Publish() // beyond what the bad one announces
				good.Publish()
				r.NewKeyOf(role, tt.kind)
				if k := r.Key(role); tt.change != nil {
					tt.change(k)
				}
				if role == trusttest.ANS {
					redelegate(r)
				} else {
					r.Rekey()
				}
				r.Publish()
				err := newClient(t, r, cache).Refresh(t.Context())
				var e *trust.Error
				if !errors.As(err, &e) || e.Reason != tt.code || !strings.Contains(e.Found, tt.found) {
					t.Errorf("got %v, want %q that found %q", err, tt.code, tt.found)
				}
				if err := refreshAndRead(t, newClient(t, good, cache)); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		}
	}
}
