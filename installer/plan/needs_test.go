package plan

import (
	"testing"

	"github.com/releve-sante/releve/manifest"
)

func TestMakeNeeds(t *testing.T) {
	runCases(t, []planCase{
		{
			name:    "what-is-needed-comes-along-and-first",
			facts:   mac("12.7"),
			request: Request{Action: Install, Components: targets(srvsvcnam)},
			want: `
				install galss ->3.43.02 needed-by srvsvcnam
				install srvsvcnam ->3.43 requested`,
		},
		{
			name:      "what-is-needed-is-brought-up",
			facts:     mac("12.7"),
			installed: by("galss@3.42.03"),
			request:   Request{Action: Install, Components: targets(srvsvcnam)},
			want: `
				update galss 3.42.03->3.43.02 needed-by srvsvcnam
				install srvsvcnam ->3.43 requested`,
		},
		{
			name:      "what-nobody-asked-for-stays-when-it-can",
			facts:     mac("12.7"),
			installed: by("galss@3.42.03", "srvsvcnam@3.40.02"),
			request:   Request{Action: Install, Components: targets(cryptolib)},
			want:      `install cryptolib-cps ->5.2.1 requested`,
		},
	})
}

func TestMakeBesideTheInstalled(t *testing.T) {
	runCases(t, []planCase{
		{
			name: "an-installed-component-keeps-what-it-needs",
			comps: []manifest.Component{
				component(galss, release(galss, "3.42.03"), release(galss, "3.43.02")),
				component(srvsvcnam, release(srvsvcnam, "3.40.02", needs(galss, "< 3.43"))),
			},
			facts:     mac("12.7"),
			installed: by("galss@3.42.03", "srvsvcnam@3.40.02"),
			request:   Request{Action: Install, Components: targets("galss@3.43.02")},
			want:      `refused galss 3.43.02: plan-needed-by srvsvcnam(< 3.43|3.43.02) accepted 3.42.03`,
		},
		{
			name: "an-installed-component-follows",
			comps: []manifest.Component{
				component(galss, release(galss, "3.42.03"), release(galss, "3.43.02")),
				component(srvsvcnam, release(srvsvcnam, "3.40.02", needs(galss, "< 3.43")), release(srvsvcnam, "3.43", needs(galss, ">= 3.43"))),
			},
			facts:     mac("12.7"),
			installed: by("galss@3.42.03", "srvsvcnam@3.40.02"),
			request:   Request{Action: Install, Components: targets(galss)},
			want: `
				update galss 3.42.03->3.43.02 newer
				update srvsvcnam 3.40.02->3.43 needed-by galss`,
		},
		{
			name:      "a-need-that-was-broken-before-is-not-repaired-for-others",
			facts:     mac("12.7"),
			installed: by("srvsvcnam@3.43"),
			request:   Request{Action: Install, Components: targets(cryptolib)},
			want:      `install cryptolib-cps ->5.2.1 requested`,
		},
		{
			name:      "a-need-that-was-broken-before-is-repaired-when-asked",
			facts:     mac("12.7"),
			installed: by("srvsvcnam@3.43"),
			request:   Request{Action: Install, Components: targets(srvsvcnam)},
			want:      `install galss ->3.43.02 needed-by srvsvcnam`,
		},
	})
}

func TestMakeCannotMoveTheInstalled(t *testing.T) {
	runCases(t, []planCase{
		{
			name:      "a-foreign-component-is-not-brought-up",
			facts:     mac("12.7"),
			installed: map[string]Installed{galss: {Version: "3.42.03"}},
			request:   Request{Action: Install, Components: targets("srvsvcnam@3.43")},
			want:      `refused srvsvcnam 3.43: plan-need-unmet galss(>= 3.43|3.42.03) accepted 3.42.02`,
		},
		{
			name:      "a-named-downgrade-that-another-one-cannot-bear",
			facts:     mac("12.7"),
			installed: by("galss@3.43.02", "srvsvcnam@3.43"),
			request:   Request{Action: Install, Components: targets("galss@3.42.03")},
			want:      `refused galss 3.42.03: plan-needed-by srvsvcnam(>= 3.43|3.42.03) accepted 3.43.02`,
		},
		{
			name:      "a-named-downgrade-of-both",
			facts:     mac("12.7"),
			installed: by("galss@3.43.02", "srvsvcnam@3.43"),
			request:   Request{Action: Install, Components: targets("galss@3.42.03", "srvsvcnam@3.42.02")},
			want: `
				downgrade srvsvcnam 3.43->3.42.02 requested
				downgrade galss 3.43.02->3.42.03 requested`,
		},
	})
}

func TestMakeConflicts(t *testing.T) {
	pair := []manifest.Component{
		component("a", release("a", "1"), release("a", "2", conflicts("b", ""))),
		component("b", release("b", "1", conflicts("a", ""))),
		component("c", release("c", "1"), release("c", "2")),
	}
	impossible := []manifest.Component{
		component("a", release("a", "1", needs("c", ">= 9"))),
		component("b", release("b", "1", needs("a", ""))),
		component("c", release("c", "1"), release("c", "2")),
	}
	runCases(t, []planCase{
		{
			name: "of-two-that-exclude-each-other-neither-wins", comps: pair, facts: mac("12.7"),
			request: Request{Action: Install},
			want: `
				install c ->2 requested
				refused a 2: plan-conflict b(|1) plan-conflict of b 1 a(|1)
				refused b 1: plan-conflict a(|1) plan-conflict of a 2 b(|1)`,
		},
		{
			name: "one-of-them-is-there", comps: pair, facts: mac("12.7"), installed: by("b@1"),
			request: Request{Action: Install, Components: targets("a", "c")},
			want: `
				install c ->2 requested
				refused a 2: plan-conflict b(|1) plan-conflict of b 1 a(|1)`,
		},
		{
			name: "who-needs-the-impossible-is-refused-and-nobody-else", comps: impossible, facts: mac("12.7"),
			request: Request{Action: Install},
			want: `
				install c ->2 requested
				refused a 1: plan-need-unmet c(>= 9|2)
				refused b 1: plan-need-unmet a(|) plan-need-unmet of a 1 c(>= 9|2)`,
		},
		{
			name: "the-conflict-goes-with-the-update", facts: mac("12.7"), installed: by("a@1", "b@1"),
			comps: []manifest.Component{
				component("a", release("a", "1"), release("a", "2", conflicts("b", "< 2"))),
				component("b", release("b", "1"), release("b", "2", conflicts("a", "< 1"))),
			},
			request: Request{Action: Update},
			want: `
				update b 1->2 newer
				update a 1->2 newer`,
		},
	})
}

func TestMakeFindsTheGuilty(t *testing.T) {
	runCases(t, []planCase{
		{
			name: "needs-in-a-circle", facts: mac("12.7"),
			comps: []manifest.Component{
				component("a", release("a", "1", needs("b", ">= 1"))),
				component("b", release("b", "1", needs("c", ""))),
				component("c", release("c", "1", needs("a", "~> 1.0"))),
			},
			request: Request{Action: Install, Components: targets("b")},
			want: `
				install c ->1 needed-by b
				install b ->1 requested
				install a ->1 needed-by c`,
		},
		{
			name: "who-only-shares-a-need-is-not-refused", facts: mac("12.7"),
			comps: []manifest.Component{
				component("a", release("a", "1", needs("x", ""))),
				component("b", release("b", "1", needs("x", "< 2"))),
				component("c", release("c", "1", needs("x", ">= 2"))),
				component("x", release("x", "1"), release("x", "2")),
			},
			request: Request{Action: Install, Components: targets("a", "b", "c")},
			want: `
				install x ->2 needed-by a
				install a ->1 requested
				refused b 1: plan-need-unmet x(< 2|2) plan-need-unmet of c 1 x(>= 2|1)
				refused c 1: plan-need-unmet x(>= 2|1) plan-need-unmet of b 1 x(< 2|2)`,
		},
	})
}

func TestMakeRanks(t *testing.T) {
	runCases(t, []planCase{
		{
			name: "the-need-of-one-that-was-named-too", facts: mac("12.7"),
			comps: []manifest.Component{
				component("a", release("a", "1"), release("a", "2")),
				component("b", release("b", "1", needs("a", "< 2"))),
			},
			request: Request{Action: Install, Components: targets("a@2", "b")},
			want: `
				refused a 2: plan-need-unmet of b 1 a(< 2|2)
				refused b 1: plan-need-unmet a(< 2|2)`,
		},
		{
			name: "equal-ranks-go-by-name", facts: mac("12.7"),
			comps: []manifest.Component{
				component("a", release("a", "1"), release("a", "2", conflicts("b", "= 2"))),
				component("b", release("b", "1"), release("b", "2", conflicts("a", "= 2"))),
				component("w", release("w", "1", needs("b", ""), needs("a", ""))),
			},
			request: Request{Action: Install, Components: targets("w")},
			want: `
				install a ->2 needed-by w
				install b ->1 needed-by w
				install w ->1 requested`,
		},
		{
			name: "a-need-of-what-does-not-exist", facts: mac("12.7"),
			comps:   []manifest.Component{component("a", release("a", "1", needs("ghost", ">= 2")))},
			request: Request{Action: Install},
			want:    `refused a 1: plan-need-unmet ghost(>= 2|)`,
		},
	})
}
