package trust_test

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// newClient makes a client that trusts r from the start and is impatient.
func newClient(t testing.TB, r *trusttest.Repo, cache trust.Cache) *trust.Client {
	t.Helper()
	c, err := trust.New(trust.Config{
		Root: r.Root(), Remote: r, Cache: cache, Now: trusttest.Start, Patience: time.Second,
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return c
}

func documents() []string {
	return []string{trusttest.DocChannel, trusttest.DocANS, trusttest.DocGIE}
}

// readAll reads the three documents of a repository, as far as it gets.
func readAll(c *trust.Client) (map[string]string, error) {
	contents := map[string]string{}
	for _, name := range documents() {
		blob, err := c.Authenticated(context.Background(), name)
		if err != nil {
			return contents, err
		}
		contents[name] = string(blob.Data)
	}
	return contents, nil
}

func codeOf(err error) string {
	var e *trust.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code()
	}
	return "uncoded: " + err.Error()
}

// warm makes a repository and a cache that knows it.
func warm(t testing.TB) (*trusttest.Repo, *trusttest.Cache) {
	t.Helper()
	r, cache := trusttest.New(t), trusttest.NewCache()
	c := newClient(t, r, cache)
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatalf("first refresh: %v", err)
	}
	if _, err := readAll(c); err != nil {
		t.Fatalf("first reading: %v", err)
	}
	return r, cache
}

// update publishes the next version of everything.
func update(r *trusttest.Repo) {
	r.Put(trusttest.DocChannel, []byte(`{"of":"catalogue","new":true}`))
	r.Put(trusttest.DocANS, []byte(`{"of":"ans","new":true}`))
	r.Put(trusttest.DocGIE, []byte(`{"of":"gie","new":true}`))
	r.Publish()
}

func TestAttacksAreRefusedAndForgotten(t *testing.T) {
	for _, a := range trusttest.Attacks() {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel() // some wait for a time limit
			r, cache := warm(t)
			trusted := bytes.Clone(cache.Files["trusted.json"])
			update(r)
			a.Do(r)

			c := newClient(t, r, cache)
			err := c.Refresh(t.Context())
			if a.Late && err != nil {
				t.Fatalf("refresh: %v, want the refusal only when a document is read", err)
			}
			if !a.Late && a.Code != "" && !bytes.Equal(cache.Files["trusted.json"], trusted) {
				t.Error("the last complete set in the cache was changed")
			}
			contents := map[string]string{}
			if err == nil {
				contents, err = readAll(c)
			}
			if got, want := codeOf(err), a.Code; got != want {
				t.Errorf("code: got %q, want %q (%v)", got, want, err)
			}
			expectTold(t, err)
			expectHonest(t, contents)
			if err != nil && !a.Late {
				expectOld(t, r, cache)
			}

			r.Heal()
			for name, c := range map[string]*trust.Client{"same client": c, "next start": newClient(t, r, cache)} {
				if err := c.Refresh(t.Context()); err != nil {
					t.Fatalf("%s, after healing: %v", name, err)
				}
				healed, err := readAll(c)
				if err != nil {
					t.Fatalf("%s, after healing: %v", name, err)
				}
				if got, want := healed[trusttest.DocANS], `{"of":"ans","new":true}`; got != want {
					t.Errorf("%s, after healing: got %s, want %s", name, got, want)
				}
			}
		})
	}
}

// expectTold fails for a refusal that does not tell a person which role and
// file it is about, and, where there is something to compare, what was expected
// and found.
func expectTold(t *testing.T, err error) {
	t.Helper()
	var e *trust.Error
	if !errors.As(err, &e) {
		return
	}
	if e.Role == "" || e.File == "" {
		t.Errorf("role and file: got %q and %q, want both (%v)", e.Role, e.File, err)
	}
	var forgotten *metadata.ErrRepository // a role that is no longer listed has no version
	switch e.Reason {
	case trust.CodeBadSignature, trust.CodeExpired, trust.CodeRolledBack, trust.CodeMismatch:
		if (e.Expected == "" || e.Found == "" || e.Expected == e.Found) && !errors.As(err, &forgotten) {
			t.Errorf("got expected %q and found %q, want both (%v)", e.Expected, e.Found, err)
		}
	}
	// A root is refused for a version that is too high as well.
	if expected, bad := strconv.Atoi(e.Expected); e.Reason == trust.CodeRolledBack && e.Role != "root" && bad == nil {
		if found, bad := strconv.Atoi(e.Found); bad != nil || found >= expected {
			t.Errorf("versions: got expected %q and found %q, want less found (%v)", e.Expected, e.Found, err)
		}
	}
	if e.Reason == trust.CodeExpired && e.Age <= 0 {
		t.Errorf("age: got %v, want how long ago (%v)", e.Age, err)
	}
}

// expectHonest fails for any content that the right publisher never signed.
func expectHonest(t *testing.T, contents map[string]string) {
	t.Helper()
	for name, of := range map[string]string{
		trusttest.DocChannel: "catalogue", trusttest.DocANS: "ans", trusttest.DocGIE: "gie",
	} {
		got, ok := contents[name]
		if ok && got != `{"of":"`+of+`"}` && got != `{"of":"`+of+`","new":true}` {
			t.Errorf("%s: accepted %q", name, got)
		}
	}
}

// expectOld fails unless the cache still gives the documents of before.
func expectOld(t *testing.T, r *trusttest.Repo, cache *trusttest.Cache) {
	t.Helper()
	c := newClient(t, r, cache)
	if err := c.Cached(t.Context()); err != nil {
		t.Errorf("cached: %v", err)
		return
	}
	contents, err := readAll(c)
	if err != nil {
		t.Errorf("cached: %v", err)
	}
	if got, want := contents[trusttest.DocANS], `{"of":"ans"}`; got != want {
		t.Errorf("cached: got %s, want %s", got, want)
	}
}

func TestAFreshClientRefusesTheSameAttacks(t *testing.T) {
	for _, a := range trusttest.Attacks() {
		if a.Code == trust.CodeRolledBack {
			continue // it has seen nothing that could be rolled back
		}
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			r := trusttest.New(t)
			update(r)
			a.Do(r)
			cache := trusttest.NewCache()
			c := newClient(t, r, cache)
			contents := map[string]string{}
			err := c.Refresh(t.Context())
			if err == nil {
				contents, err = readAll(c)
			}
			if got, want := codeOf(err), a.Code; got != want {
				t.Errorf("code: got %q, want %q (%v)", got, want, err)
			}
			expectHonest(t, contents)
			r.Heal()
			if err := newClient(t, r, cache).Refresh(t.Context()); err != nil {
				t.Errorf("after healing: %v", err)
			}
		})
	}
}

// The rules of the specification allow other repositories, not other attacks:
// whatever is not about the form of a file is refused under them too.
func TestTheSpecificationAllowsNoAttack(t *testing.T) {
	for _, a := range trusttest.Attacks() {
		if a.Code == trust.CodeMalformed || a.Code == trust.CodeStalled {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			r, cache := warm(t)
			update(r)
			a.Do(r)
			c := trial{cache: cache, rules: trust.Specification}.client(t, r, cache)
			contents := map[string]string{}
			err := c.Refresh(t.Context())
			if err == nil {
				contents, err = readAll(c)
			}
			want := a.Code
			if a.Name == "html-document" {
				want = trust.CodeOversized // a document may be a web page, only not this one
			}
			if got := codeOf(err); got != want {
				t.Errorf("code: got %q, want %q (%v)", got, want, err)
			}
			expectHonest(t, contents)
		})
	}
}

func TestARoleIsVerifiedForEachDelegator(t *testing.T) {
	const path = "components/galss/more"
	r := trusttest.New(t)
	// GIE hands part of its paths to a role that is also called ans, but has
	// another key. What ANS signs must not count there.
	r.Delegate(trusttest.GIE, trusttest.ANS, "stranger", path)
	r.PutAs(trusttest.ANS, path, []byte(`{"of":"ans"}`))
	r.Publish()
	c := newClient(t, r, trusttest.NewCache())
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Authenticated(t.Context(), trusttest.DocANS); err != nil {
		t.Fatalf("its own document: %v", err)
	}
	_, err := c.Authenticated(t.Context(), path)
	if got, want := codeOf(err), trust.CodeBadSignature; got != want {
		t.Errorf("code: got %q, want %q (%v)", got, want, err)
	}
}

func TestATerminatingDelegationEndsTheSearch(t *testing.T) {
	const path = "components/cryptolib-cps/more"
	r := trusttest.New(t)
	// A later delegation covers a path of ANS, which has nothing there.
	r.Delegate(trusttest.Targets, "later", trusttest.GIE, "components/*/*")
	r.PutAs(trusttest.GIE, path, []byte(`{"of":"gie"}`))
	r.Also("later", trusttest.GIE)
	r.Publish()
	c := newClient(t, r, trusttest.NewCache())
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Authenticated(t.Context(), path); !errors.Is(err, manifest.ErrNoDocument) {
		t.Errorf("got %v, want ErrNoDocument", err)
	}
}

func TestUnknownDocumentsAreNotAFailureOfTrust(t *testing.T) {
	r, cache := warm(t)
	c := newClient(t, r, cache)
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"channels/none.json", "components/galss/none", "none", "../x", ""} {
		_, err := c.Authenticated(t.Context(), name)
		if !errors.Is(err, manifest.ErrNoDocument) {
			t.Errorf("%q: got %v, want ErrNoDocument", name, err)
		}
	}
}
