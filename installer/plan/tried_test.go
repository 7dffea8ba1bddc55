package plan

import (
	"strings"
	"testing"
)

// TestATwiceFailedChangeIsNotTriedAgain holds what is the same change, and
// who may try it all the same.
func TestATwiceFailedChangeIsNotTriedAgain(t *testing.T) {
	const newest, older = "update cryptolib-cps 5.1.5->5.2.1 newer", "update cryptolib-cps 5.1.5->5.1.8 newer"
	vain := func(version, accepted string) string {
		return "\nrefused cryptolib-cps " + version + ": plan-tried-before(|2) accepted " + accepted + " chosen"
	}
	same := Tried{From: "5.1.5", To: "5.2.1", Package: strings.Repeat("a", 64), Times: 2, Last: "run-2"}
	but := func(change func(*Tried)) []Tried {
		other := same
		change(&other)
		return []Tried{other}
	}
	var tests []planCase
	for _, tt := range []struct {
		name  string
		tried []Tried
		asked string // "" for an update of everything
		want  string
	}{
		{"never", nil, "", newest},
		{"twice", []Tried{same}, "", older + vain("5.2.1", "5.1.8")},
		{"once", but(func(t *Tried) { t.Times = 1 }), "", newest},
		{"from-elsewhere", but(func(t *Tried) { t.From = "" }), "", newest},
		{"to-elsewhere", but(func(t *Tried) { t.To = "5.1.8" }), "", newest},
		{"with-another-package", but(func(t *Tried) { t.Package = strings.Repeat("b", 64) }), "", newest},
		{"each", append(but(func(t *Tried) { t.To = "5.1.8" }), same), "", vain("5.2.1", "5.1.5") + vain("5.1.8", "5.1.5")},
		{"asked-by-its-name", []Tried{same}, "cryptolib-cps", older + vain("5.2.1", "5.1.8")},
		{"asked-by-its-version", []Tried{same}, "cryptolib-cps@5.2.1", "update cryptolib-cps 5.1.5->5.2.1 requested"},
	} {
		request := Request{Action: Update}
		if tt.asked != "" {
			request = Request{Action: Install, Components: targets(tt.asked)}
		}
		tests = append(tests, planCase{
			name: tt.name, facts: mac("15.1"), installed: by("cryptolib-cps@5.1.5"), request: request, want: tt.want,
			change: func(in *Input) { in.Tried = map[string][]Tried{cryptolib: tt.tried} },
		})
	}
	runCases(t, tests)
}
