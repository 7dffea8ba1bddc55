package plan

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/manifesttest"
)

// machines are made-up identities, as random as those that a workstation
// makes for itself.
func machines(n int) []string {
	random := rand.New(rand.NewPCG(1, 2))
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%016x%016x", random.Uint64(), random.Uint64())
	}
	return out
}

// taken is the machines whose plan takes 5.2.1 of Cryptolib CPS when it is
// offered to a share of all.
func taken(t *testing.T, share int, salt string, ids []string) map[string]bool {
	t.Helper()
	v := manifesttest.RolledOut(t, "stable",
		[]manifest.Component{component(cryptolib, release(cryptolib, "5.1.5"), release(cryptolib, "5.2.1"))},
		map[string][]manifest.Rollout{cryptolib: {{Version: "5.2.1", Salt: salt, Share: share}}})
	out := map[string]bool{}
	for _, id := range ids {
		p, err := Make(Input{Request: Request{Action: Update}, Manifest: v, Platform: manifest.MacOS,
			Facts: facts{factID: id}.lookup, Installed: by("cryptolib-cps@5.1.5")})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Steps) == 1 && p.Steps[0].To == "5.2.1" {
			out[id] = true
		}
		if len(p.Steps) == 0 && (p.Refused() || len(p.Refusals) != 1 || p.Refusals[0].Code != CodeOutsideRing) {
			t.Fatalf("machine %s is held back by an error: %+v", id, p.Refusals)
		}
	}
	return out
}

// TestTenThousandMachines holds what a roll-out to a share promises: the
// share is met within one point, and raising it takes the release from
// nobody.
func TestTenThousandMachines(t *testing.T) {
	ids := machines(10_000)
	salt := strings.Repeat("5a", 16)
	before := map[string]bool{}
	for _, share := range []int{100, 500, 1000, 2500, 5000, 9000} {
		now := taken(t, share, salt, ids)
		got, want := float64(len(now))/100, float64(share)/100
		t.Logf("%.0f %% offered, %.2f %% taken", want, got)
		if got < want-1 || got > want+1 {
			t.Errorf("%.2f %% of the machines take it, want %.0f within one point", got, want)
		}
		for id := range before {
			if !now[id] {
				t.Fatalf("machine %s loses the release when the share rises to %.0f %%", id, want)
			}
		}
		before = now
	}
}

// TestPositionsAreIndependent holds that a machine that is early in one
// roll-out is no more likely to be early in another one.
func TestPositionsAreIndependent(t *testing.T) {
	ids := machines(10_000)
	const share = 2500
	salt := strings.Repeat("0", 32)
	for name, other := range map[string]func(id string) int{
		"another-component": func(id string) int { return position(salt, galss, "5.2.1", id) },
		"another-version":   func(id string) int { return position(salt, cryptolib, "5.2.2", id) },
		"another-salt":      func(id string) int { return position(strings.Repeat("1", 32), cryptolib, "5.2.1", id) },
	} {
		t.Run(name, func(t *testing.T) {
			both := 0
			for _, id := range ids {
				if position(salt, cryptolib, "5.2.1", id) < share && other(id) < share {
					both++
				}
			}
			// A quarter of a quarter of 10,000 is 625, give or take 24.
			if both < 525 || both > 725 {
				t.Errorf("%d machines are early in both, want about 625", both)
			}
		})
	}
}

func TestPositionIsAContract(t *testing.T) {
	got := position(strings.Repeat("0", 32), cryptolib, "5.2.1", "0123456789abcdef0123456789abcdef")
	if want := 2900; got != want {
		t.Errorf("position is %d, want %d: machines of a roll-out under way would change places", got, want)
	}
}

func TestPercent(t *testing.T) {
	for points, want := range map[int]string{0: "0 %", 1: "0.01 %", 50: "0.5 %", 500: "5 %", 1234: "12.34 %", 10000: "100 %"} {
		if got := percent(points); got != want {
			t.Errorf("%d is %q, want %q", points, got, want)
		}
	}
}

// rolledOut offers galss 3.43.02 to whom r says, and 3.42.03 to all.
func rolledOut(t *testing.T, r manifest.Rollout) func(*Input) {
	r.Version = "3.43.02"
	return func(in *Input) {
		in.Manifest = manifesttest.RolledOut(t, "stable", field(), map[string][]manifest.Rollout{galss: {r}})
	}
}

// with is a Mac that knows more of itself.
func with(more facts) facts {
	m := mac("12.0")
	for path, v := range more {
		m[path] = v
	}
	return m
}

func TestRings(t *testing.T) {
	update := Request{Action: Update, Components: targets(galss)}
	old := by("galss@3.42.03")
	const updates = "update galss 3.42.03->3.43.02 newer"
	several := manifest.Rollout{Pilot: true, Groups: []string{"radiology"}, Departments: []string{"2A", "75"},
		FINESS: []string{"750712184", "2A0000014", "130000011", "690000022"}}
	const asked = "ring = pilot | finess = 750712184, 2A0000014, 130000011, … (4) | department = 2A, 75 | group = radiology"
	const none = "|ring = - | finess = - | department = - | group = -"
	runCases(t, []planCase{
		{name: "in-the-pilot-ring", facts: with(facts{factRing: "pilot"}), installed: old, request: update,
			change: rolledOut(t, several), want: updates},
		{name: "in-a-group-of-it", facts: with(facts{factGroups: "first-floor, radiology"}), installed: old, request: update,
			change: rolledOut(t, several), want: updates},
		{name: "in-a-department-of-it", facts: with(facts{factDepartment: "2A"}), installed: old, request: update,
			change: rolledOut(t, several), want: updates},
		{name: "a-site-of-it", facts: with(facts{factFINESS: "130000011, 330000033"}), installed: old, request: update,
			change: rolledOut(t, several), want: updates},
		{name: "outside-is-a-reason-and-no-error", facts: with(facts{factDepartment: "13", factGroups: "a"}), installed: old, request: update,
			change: rolledOut(t, several),
			want:   "refused galss 3.43.02: plan-outside-ring(" + asked + "|ring = - | finess = - | department = 13 | group = a) accepted 3.42.03 chosen"},
		{name: "a-machine-that-says-nothing", facts: mac("12.0"), installed: old, request: update,
			change: rolledOut(t, several),
			want:   "refused galss 3.43.02: plan-outside-ring(" + asked + none + ") accepted 3.42.03 chosen"},
		{name: "absent-and-held-back-takes-what-is-for-all", facts: mac("12.0"), request: Request{Action: Install, Components: targets(galss)},
			change: rolledOut(t, several),
			want:   "install galss ->3.42.03 requested\nrefused galss 3.43.02: plan-outside-ring(" + asked + none + ") accepted 3.42.03 chosen"},
		{name: "named-but-outside", facts: mac("12.0"), installed: old, request: Request{Action: Install, Components: targets("galss@3.43.02")},
			change: rolledOut(t, several), want: "refused galss 3.43.02: plan-outside-ring(" + asked + none + ") accepted 3.42.03"},
		{name: "pinned-but-outside", facts: mac("12.0"), installed: old,
			request: Request{Action: Update, Components: targets(galss), Pins: map[string]string{galss: "3.43.02"}},
			change:  rolledOut(t, several),
			want: `refused galss 3.43.02: plan-outside-ring(` + asked + none + `)
				warning galss 3.42.03: plan-pinned(3.43.02|3.42.03)`},
		{name: "a-share-needs-an-identity", facts: mac("12.0"), installed: old, request: update,
			change: rolledOut(t, manifest.Rollout{Share: 9999}),
			want:   "refused galss 3.43.02: plan-no-identity(share < 99.99 %|) accepted 3.42.03 chosen"},
		{name: "identity-beyond-the-share", facts: with(facts{factID: "0123456789abcdef0123456789abcdef"}), installed: old, request: update,
			change: rolledOut(t, manifest.Rollout{Share: 1}),
			want:   "refused galss 3.43.02: plan-outside-ring(share < 0.01 %|share 19.21 %) accepted 3.42.03 chosen"},
		{name: "a-group-without-identity-is-enough", facts: with(facts{factGroups: "radiology"}), installed: old, request: update,
			change: rolledOut(t, manifest.Rollout{Share: 1, Groups: []string{"radiology"}}), want: updates},
		{name: "a-group-beyond-the-share-is-enough", installed: old, request: update, want: updates,
			facts:  with(facts{factGroups: "radiology", factID: "0123456789abcdef0123456789abcdef"}),
			change: rolledOut(t, manifest.Rollout{Share: 1, Groups: []string{"radiology"}})},
		{name: "stopped-for-who-does-not-have-it", facts: with(facts{factRing: "pilot"}), installed: old, request: update,
			change: rolledOut(t, manifest.Rollout{Pilot: true, Stopped: &manifest.Stop{Because: manifest.Text{FR: "Défaut.", EN: "Flaw."}}}),
			want:   "refused galss 3.43.02: plan-rollout-stopped(|3.43.02) accepted 3.42.03 chosen"},
		{name: "stopped-but-kept-by-who-has-it", facts: with(facts{factRing: "pilot"}), installed: by("galss@3.43.02"), request: update,
			change: rolledOut(t, manifest.Rollout{Pilot: true, Stopped: &manifest.Stop{Because: manifest.Text{FR: "Défaut.", EN: "Flaw."}}})},
		{name: "kept-by-who-left-the-ring", facts: mac("12.0"), installed: by("galss@3.43.02"), request: update, change: rolledOut(t, several)},
		{name: "what-needs-it-waits-too", facts: mac("12.0"), installed: by("galss@3.42.03", "srvsvcnam@3.42.02"),
			request: Request{Action: Update, Components: targets(srvsvcnam)}, change: rolledOut(t, several),
			want: "refused srvsvcnam 3.43: plan-need-unmet galss(>= 3.43|3.42.03) plan-outside-ring of galss 3.43.02(" + asked + none + ") accepted 3.42.02 chosen"},
	})
}

func TestExplainSaysTheRing(t *testing.T) {
	in := input(t, field(), with(facts{factRing: "pilot"}), nil, Request{})
	rolledOut(t, manifest.Rollout{Pilot: true, Share: 500})(&in)
	e, err := Explain(in, Target{galss, "3.43.02"})
	if err != nil {
		t.Fatal(err)
	}
	if got := told(e); !strings.Contains(got, "plan-in-ring(ring = pilot | share < 5 %|ring = pilot)=true") || !e.Releases[0].Accepted {
		t.Errorf("got %s", got)
	}
}

// TestPlanMovesWithTheRing holds that a plan tells what of the machine a
// roll-out looked at.
func TestPlanMovesWithTheRing(t *testing.T) {
	made := func(f facts) Plan {
		in := input(t, field(), f, by("galss@3.42.03"), Request{Action: Update})
		rolledOut(t, manifest.Rollout{Groups: []string{"a"}})(&in)
		p, err := Make(in)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	m := Moved(made(with(facts{factGroups: "a"})), made(mac("12.0")))
	if m == nil || m.Reason != CodeMachineMoved || m.Subject != factGroups {
		t.Errorf("got %v", m)
	}
}
