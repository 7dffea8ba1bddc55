package trust_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

const day = 24 * time.Hour

// station is a workstation whose clock a test moves.
type station struct {
	t     *testing.T
	repo  *trusttest.Repo
	cache *trusttest.Cache
	at    time.Duration // the clock of the system, from Start on
	grace time.Duration
	built time.Time
}

func newStation(t *testing.T) *station {
	r, cache := warm(t)
	return &station{t: t, repo: r, cache: cache}
}

func (s *station) client() *trust.Client {
	return clientOf(s.t, s.repo, trust.Config{
		Cache: s.cache, Grace: s.grace, Built: s.built, Now: func() time.Time { return trusttest.Start().Add(s.at) },
	})
}

// refresh refreshes with the clock at d and gives the status.
func (s *station) refresh(d time.Duration) (trust.Status, error) {
	s.at = d
	c := s.client()
	err := refreshAndRead(s.t, c)
	return c.Status(), err
}

// live gives the online roles so many days from Start on.
func (s *station) live(days int) {
	for _, role := range []string{"timestamp", "snapshot"} {
		s.repo.Signed(role)["expires"] = trusttest.Start().AddDate(0, 0, days).Format(time.RFC3339)
	}
	s.repo.Publish()
}

func TestAClockTurnedBackDoesNotReviveOldMetadata(t *testing.T) {
	s := newStation(t)
	s.live(8)
	if _, err := s.refresh(7 * day); err != nil {
		t.Fatal(err)
	}
	s.live(5) // signed with a shorter life, and past it by now
	st, err := s.refresh(-400 * day)
	if got, want := codeOf(err), trust.CodeExpired; got != want {
		t.Fatalf("clock turned back: got %q, want %q (%v)", got, want, err)
	}
	s.live(8)
	if st, err = s.refresh(-400 * day); err != nil {
		t.Fatalf("good metadata with a clock turned back: %v", err)
	}
	if got, want := st.Behind, 407*day; got != want {
		t.Errorf("behind: got %v, want %v", got, want)
	}
	if got, want := st.Now, trusttest.Start().Add(7*day); !got.Equal(want) {
		t.Errorf("judged at %v, want %v", got, want)
	}
	if st, err = s.refresh(7*day + time.Hour); err != nil || st.Behind != 0 {
		t.Errorf("clock put right: behind %v, %v", st.Behind, err)
	}
}

func TestASmallCorrectionOfTheClockIsNotTold(t *testing.T) {
	s := newStation(t)
	if st, err := s.refresh(-2 * time.Minute); err != nil || st.Behind != 0 {
		t.Errorf("got %v, %v", st.Behind, err)
	}
}

// TestAJumpForward moves the clock to one time after the other, with a refresh
// at each, and asks where the floor is in the end.
func TestAJumpForward(t *testing.T) {
	for _, c := range []struct {
		name  string
		at    []time.Duration
		floor time.Duration
	}{
		{"a-month-is-believed", []time.Duration{30 * day}, 30 * day},
		{"more-waits", []time.Duration{31 * day}, 0},
		{"a-second-refresh-agrees", []time.Duration{200 * day, 200*day + 4*time.Hour}, 200*day + 4*time.Hour},
		{"not-the-same-hour", []time.Duration{200 * day, 200*day + 10*time.Minute}, 0},
		{"within-the-hour-does-not-start-again", []time.Duration{200 * day, 200*day + 40*time.Minute, 200*day + 70*time.Minute}, 200*day + 70*time.Minute},
		{"a-bad-boot-is-forgotten", []time.Duration{300 * day, day, 300 * day}, day},
		{"another-jump-waits-anew", []time.Duration{100 * day, 200 * day}, 0},
		{"small-steps-are-believed", []time.Duration{29 * day, 58 * day, 87 * day}, 87 * day},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStation(t)
			s.repo.Signed("targets")["expires"] = trusttest.Start().AddDate(1, 0, 0).Format(time.RFC3339)
			for _, role := range []string{trusttest.ANS, trusttest.GIE, trusttest.Catalogue} {
				s.repo.Signed(role)["expires"] = trusttest.Start().AddDate(1, 0, 0).Format(time.RFC3339)
			}
			s.live(364)
			for _, at := range c.at {
				if _, err := s.refresh(at); err != nil {
					t.Fatalf("refresh at %v: %v", at, err)
				}
			}
			s.at = -day
			if got, want := s.client().Status().Now, trusttest.Start().Add(c.floor); !got.Equal(want) {
				t.Errorf("floor: got %v, want %v", got, want)
			}
		})
	}
}

func TestADamagedClockFileIsSetAside(t *testing.T) {
	s := newStation(t)
	s.live(30)
	if _, err := s.refresh(5 * day); err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string][]byte{
		"empty": {}, "cut": s.cache.Files["clock.json"][:90], "a-year-more": bytes.Replace(s.cache.Files["clock.json"], []byte("2026-"), []byte("2126-"), 1),
	} {
		t.Run(name, func(t *testing.T) {
			s.cache.Files["clock.json"] = damaged
			st, err := s.refresh(2 * day)
			if err != nil {
				t.Fatal(err)
			}
			// What the record of the metadata says is not lowered by it.
			if got, want := st.Now, trusttest.Start().Add(5*day); !got.Equal(want) {
				t.Errorf("judged at %v, want %v", got, want)
			}
			if !bytes.Equal(s.cache.Files["damaged-clock.json"], damaged) {
				t.Error("the damaged file was not kept")
			}
		})
	}
}

func TestTheProgramIsNotOlderThanItsMaking(t *testing.T) {
	s := newStation(t)
	s.built = trusttest.Start().Add(3 * day)
	_, err := s.refresh(0)
	if got, want := codeOf(err), trust.CodeExpired; got != want {
		t.Errorf("got %q, want %q (%v)", got, want, err)
	}
}

func TestAFailedRefreshRaisesNothing(t *testing.T) {
	s := newStation(t)
	s.repo.Serve("*", trusttest.Fail(errors.New("no network")))
	for _, at := range []time.Duration{20 * day, 21 * day} {
		if _, err := s.refresh(at); err == nil {
			t.Fatal("refreshed without network")
		}
	}
	s.at = -day
	if got, want := s.client().Status().Now, trusttest.Start(); !got.Equal(want) {
		t.Errorf("floor: got %v, want %v", got, want)
	}
}

func TestGraceIsForTimestampAndSnapshotOnly(t *testing.T) {
	for _, c := range []struct {
		name  string
		role  string // whose date is moved
		lives int    // days from Start on
		at    time.Duration
		grace time.Duration
		want  string
		used  bool
	}{
		{"none-allowed", "timestamp", 1, 2 * day, 0, trust.CodeExpired, false},
		{"timestamp", "timestamp", 1, 20 * day, 30 * day, "", true},
		{"snapshot-too", "snapshot", 1, 20 * day, 30 * day, "", true},
		{"not-needed", "timestamp", 40, 20 * day, 30 * day, "", true}, // snapshot lives for 7 days
		{"to-the-end", "timestamp", 1, 31 * day, 30 * day, "", true},
		{"beyond-it", "timestamp", 1, 31*day + time.Second, 30 * day, trust.CodeExpired, false},
		{"targets", "targets", 10, 11 * day, 30 * day, trust.CodeExpired, false},
		{"publisher", trusttest.ANS, 10, 11 * day, 30 * day, trust.CodeExpired, false},
		{"root", "root", 10, 11 * day, 30 * day, trust.CodeExpired, false},
	} {
		for _, known := range []bool{false, true} {
			name := c.name + "-first-time"
			if known {
				name = c.name + "-known"
			}
			t.Run(name, func(t *testing.T) {
				s := newStation(t)
				s.repo.Signed(c.role)["expires"] = trusttest.Start().AddDate(0, 0, c.lives).Format(time.RFC3339)
				s.repo.PublishRoot()
				s.repo.Publish()
				s.cache = trusttest.NewCache()
				if known {
					if _, err := s.refresh(0); err != nil {
						t.Fatal(err)
					}
				}
				s.grace = c.grace
				st, err := s.refresh(c.at)
				if got := codeOf(err); got != c.want {
					t.Fatalf("got %q, want %q (%v)", got, c.want, err)
				}
				if err == nil && (st.Grace != c.used || st.Expired) {
					t.Errorf("grace used is %t, expired is %t; want %t, false", st.Grace, st.Expired, c.used)
				}
			})
		}
	}
}

func TestGraceLetsNoVersionGoBack(t *testing.T) {
	s := newStation(t)
	old := s.repo.Files()["metadata/timestamp.json"]
	s.grace = 180 * day
	update(s.repo)
	if _, err := s.refresh(20 * day); err != nil {
		t.Fatal(err)
	}
	s.repo.Forge("metadata/timestamp.json", old)
	_, err := s.refresh(20 * day)
	if got, want := codeOf(err), trust.CodeRolledBack; got != want {
		t.Errorf("got %q, want %q (%v)", got, want, err)
	}
}

func TestTwoThirdsOfALifeAreToldOf(t *testing.T) {
	s := newStation(t)
	s.live(9)
	for _, c := range []struct {
		at   time.Duration
		want bool
	}{{0, false}, {6*day - time.Second, false}, {6 * day, true}} {
		st, err := s.refresh(c.at)
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range st.Roles[1:3] {
			if role.Soon != c.want {
				t.Errorf("%s after %v: got %t, want %t", role.Name, c.at, role.Soon, c.want)
			}
		}
	}
}

func TestTwoThirdsOfThePublishersLifeToo(t *testing.T) {
	s := newStation(t)
	s.live(80)
	for _, c := range []struct {
		at   time.Duration
		want bool
	}{{0, false}, {59 * day, false}, {60 * day, true}} {
		st, err := s.refresh(c.at)
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range st.Roles[4:] { // each lives for 90 days
			if role.Soon != c.want {
				t.Errorf("%s after %v: got %t, want %t", role.Name, c.at, role.Soon, c.want)
			}
		}
		if got, want := len(st.Roles), 7; got != want {
			t.Errorf("%d roles, want %d", got, want)
		}
	}
}

// notebook is a cache that can be written in place, and counts it.
type notebook struct {
	*trusttest.Cache
	notes int
}

func (n *notebook) Note(name string, data []byte) error {
	if _, ok := n.Files[name]; !ok {
		return errors.New("nothing to write over")
	}
	n.notes++
	n.Files[name] = bytes.Clone(data)
	return nil
}

func TestTheFloorIsMadeDurableOnceADay(t *testing.T) {
	s := newStation(t)
	s.live(80)
	book := &notebook{Cache: trusttest.NewCache()}
	for _, c := range []struct {
		at    time.Duration
		notes int // so far
	}{{0, 0}, {time.Hour, 1}, {23 * time.Hour, 2}, {25 * time.Hour, 2}, {26 * time.Hour, 3}, {90 * day / 2, 3}, {90*day/2 + time.Hour, 3}} {
		now := func() time.Time { return trusttest.Start().Add(c.at) }
		client := clientOf(t, s.repo, trust.Config{Cache: book, Now: now})
		if err := client.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if book.notes != c.notes {
			t.Errorf("after %v: %d notes, want %d", c.at, book.notes, c.notes)
		}
		if got, want := client.Status().Refreshed, now(); !got.Equal(want) {
			t.Errorf("after %v: refreshed at %v", want, got)
		}
	}
	// A note that a power cut spoilt takes no more than the day.
	book.Files["clock.json"] = []byte("half a no")
	early := func() time.Time { return trusttest.Start().Add(-day) }
	got := clientOf(t, s.repo, trust.Config{Cache: book, Now: early}).Status().Now
	if want := trusttest.Start(); got.Before(want) {
		t.Errorf("floor: got %v, want %v or later", got, want)
	}
}
