package trust_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

var errPower = errors.New("power cut")

// refreshAndRead is what a program does at each start.
func refreshAndRead(t testing.TB, c *trust.Client) error {
	t.Helper()
	if err := c.Refresh(t.Context()); err != nil {
		return err
	}
	_, err := readAll(c)
	return err
}

func TestAProcessMayDieAtEveryStore(t *testing.T) {
	r, before := warm(t)
	r.NewKey("timestamp")
	r.Rekey() // the root of the new set refuses the timestamp of the old one
	update(r)
	stores := before.Clone()
	if err := refreshAndRead(t, newClient(t, r, stores)); err != nil {
		t.Fatal(err)
	}
	for n := range stores.Stores {
		cache, left := before.Clone(), n
		cache.Fail = func(string) error {
			if left--; left < 0 {
				return errPower
			}
			return nil
		}
		err := refreshAndRead(t, newClient(t, r, cache))
		if !errors.Is(err, errPower) {
			t.Fatalf("store %d: got %v, want the power cut", n, err)
		}
		cache.Fail = nil
		if err := newClient(t, r, cache).Cached(t.Context()); err != nil {
			t.Errorf("after a cut before store %d of %d: cached: %v", n+1, stores.Stores, err)
		}
		c := newClient(t, r, cache)
		if err := refreshAndRead(t, c); err != nil {
			t.Errorf("after a cut before store %d of %d: %v", n+1, stores.Stores, err)
		}
		if got, want := c.Status().Roles[0].Version, int64(2); got != want {
			t.Errorf("after a cut before store %d: root version %d, want %d", n+1, got, want)
		}
	}
	t.Logf("%d stores, a cut before each", stores.Stores)
}

func TestTheNewestRootWinsOverTheGivenOne(t *testing.T) {
	r, cache := warm(t)
	r.PublishRoot()
	if err := refreshAndRead(t, newClient(t, r, cache)); err != nil {
		t.Fatal(err)
	}
	// A mirror frozen before the rotation must not lead back behind it.
	r.Forge("metadata/2.root.json", nil)
	c := newClient(t, r, cache)
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := c.Status().Roles[0].Version, int64(2); got != want {
		t.Errorf("root version: got %d, want %d", got, want)
	}
	// Nor when the cached root is lost: its version is remembered.
	delete(cache.Files, "2.root.json")
	err := newClient(t, r, cache).Refresh(t.Context())
	if got, want := codeOf(err), trust.CodeRolledBack; got != want {
		t.Errorf("frozen mirror, lost root: got %q, want %q (%v)", got, want, err)
	}
}

func TestAnotherRepositoryDoesNotUseThisOnesCache(t *testing.T) {
	r, cache := warm(t)
	r.PublishRoot() // version 2, where the other one has 1
	if err := refreshAndRead(t, newClient(t, r, cache)); err != nil {
		t.Fatal(err)
	}
	other := trusttest.New(t)
	c := newClient(t, other, cache)
	if err := c.Cached(t.Context()); codeOf(err) != trust.CodeNotCached {
		t.Errorf("cached: got %v, want %q", err, trust.CodeNotCached)
	}
	if err := refreshAndRead(t, newClient(t, other, cache)); err != nil {
		t.Errorf("refresh: %v", err)
	}
}

func TestARotationEndsAFastForward(t *testing.T) {
	r, cache := warm(t)
	// A thief of the online keys burns the version numbers ...
	for _, role := range []string{"timestamp", "snapshot"} {
		r.Signed(role)["version"] = 1 << 40
	}
	r.Seal()
	if err := refreshAndRead(t, newClient(t, r, cache)); err != nil {
		t.Fatal(err)
	}
	// ... the publisher goes on from the true ones with new keys.
	for _, role := range []string{"timestamp", "snapshot"} {
		r.Signed(role)["version"] = 20
		r.NewKey(role)
	}
	r.Rekey()
	update(r)
	c := newClient(t, r, cache)
	if err := refreshAndRead(t, c); err != nil {
		t.Fatalf("after the rotation: %v", err)
	}
	if got, want := c.Status().Roles[1].Version, int64(21); got != want {
		t.Errorf("timestamp version: got %d, want %d", got, want)
	}
}

func TestExpiredMetadataIsReadableWithoutNetworkOnly(t *testing.T) {
	r, cache := warm(t)
	late := func() time.Time { return trusttest.Start().AddDate(0, 0, 10) }
	c, err := trust.New(trust.Config{Root: r.Root(), Remote: r, Cache: cache, Now: late})
	if err != nil {
		t.Fatal(err)
	}
	err = c.Refresh(t.Context())
	var e *trust.Error
	if !errors.As(err, &e) || e.Reason != trust.CodeExpired || e.Role != "timestamp" {
		t.Fatalf("refresh: got %v, want an expired timestamp", err)
	}
	if got, want := e.Args()["Days"], "9"; got != want {
		t.Errorf("days since the expiry: got %s, want %s", got, want)
	}
	if err := c.Cached(t.Context()); err != nil {
		t.Fatalf("cached: %v", err)
	}
	if _, err := readAll(c); err != nil {
		t.Errorf("cached: %v", err)
	}
	s := c.Status()
	if !s.Expired || !s.Refreshed.Equal(trusttest.Start()) {
		t.Errorf("status: got expired %t, refreshed %v, want true, %v", s.Expired, s.Refreshed, trusttest.Start())
	}
	for _, role := range s.Roles {
		if want := role.Name == "timestamp" || role.Name == "snapshot"; role.Expired != want {
			t.Errorf("role %q: expired is %t, want %t", role.Name, role.Expired, want)
		}
	}
}

func TestMetadataThatExpiresWhileTheProgramRunsIsRefused(t *testing.T) {
	r, cache := warm(t)
	now := trusttest.Start()
	c, err := trust.New(trust.Config{Root: r.Root(), Remote: r, Cache: cache, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if err := refreshAndRead(t, c); err != nil {
		t.Fatal(err)
	}
	now = now.AddDate(0, 0, 2)
	if _, err := readAll(c); codeOf(err) != trust.CodeExpired {
		t.Errorf("got %v, want %q", err, trust.CodeExpired)
	}
}

func TestARefreshThatFindsNothingNewWritesOneFile(t *testing.T) {
	r, cache := warm(t)
	cache.Stores = 0
	if err := refreshAndRead(t, newClient(t, r, cache)); err != nil {
		t.Fatal(err)
	}
	if got, want := cache.Stores, 1; got != want {
		t.Errorf("stores: got %d, want %d", got, want)
	}
}

func TestAnUnusableRootIsRefusedAtOnce(t *testing.T) {
	r := trusttest.New(t)
	for name, root := range map[string][]byte{
		"empty": nil, "html": []byte("<html>"), "another-role": r.Files()["metadata/timestamp.json"],
		"changed": bytes.Replace(r.Root(), []byte("2027"), []byte("2037"), 1),
	} {
		_, err := trust.New(trust.Config{Root: root, Remote: r, Cache: trusttest.NewCache(), Now: trusttest.Start})
		if got, want := codeOf(err), trust.CodeNoRoot; got != want {
			t.Errorf("%s: got %q, want %q (%v)", name, got, want, err)
		}
	}
}

func TestWhatAFailedRefreshVerifiedIsNotForgotten(t *testing.T) {
	r, cache := warm(t)
	old := r.Files()["metadata/timestamp.json"]
	update(r)
	// The new timestamp is good, but the mirror hides what it announces.
	r.Forge(r.FileOf("snapshot"), nil)
	if err := newClient(t, r, cache).Refresh(t.Context()); codeOf(err) != trust.CodeMissingRole {
		t.Fatalf("got %v, want %q", err, trust.CodeMissingRole)
	}
	// Now it pretends that the new one never existed.
	r.Forge("metadata/timestamp.json", old)
	err := newClient(t, r, cache).Refresh(t.Context())
	if got, want := codeOf(err), trust.CodeRolledBack; got != want {
		t.Errorf("got %q, want %q (%v)", got, want, err)
	}
	expectOld(t, r, cache)
}
