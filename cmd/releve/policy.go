package main

import (
	"fmt"
	"maps"
	"strings"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/osdetect/policy"
	"github.com/releve-sante/releve/tui/jsonl"
	"github.com/releve-sante/releve/tui/line"
)

// Sentences about the policy that are not errors.
const CodePolicyWins = "cli-policy-wins"

// adopt reads what the administrator decided, and what a file named with
// --policy adds. Where the machine fixes a value the command line gives way,
// and hears so.
func (a *app) adopt(cmd *cobra.Command) error {
	var machine, file *policy.Source
	if a.administrator != nil {
		machine = a.administrator()
	}
	if name := a.flags.policy; name != "" {
		data, err := readLimited(name, policy.MaxBytes)
		if err != nil {
			return err
		}
		if file, err = policy.File(name, data); err != nil {
			return err
		}
	}
	a.policy = policy.Load(machine, file)
	for _, p := range a.policy.Problems() {
		a.warn(p.Code(), p.Args())
	}
	a.adoptAddresses(cmd)
	if p := a.policy; p.Channel != "" {
		given := cmd.Flags().Changed("channel")
		if given && p.Fixed(policy.Channel) && p.Channel != a.flags.channel {
			a.policyWins("--channel "+a.flags.channel, policy.Channel, p.Channel)
		}
		if !given || p.Fixed(policy.Channel) {
			a.flags.channel = p.Channel
		}
	}
	return nil
}

// decided adds to a request what the policy says about it.
func (a *app) decided(req plan.Request) plan.Request {
	req.Pins = a.pins(req.Pins)
	req.GoBack = req.Action == plan.Update && a.policy.Withdrawn == policy.GoBack
	return req
}

// pins puts the pins of the policy and those of the command line together.
func (a *app) pins(given map[string]string) map[string]string {
	if len(a.policy.Pins) == 0 {
		return given
	}
	all := maps.Clone(a.policy.Pins)
	for _, name := range sortedKeys(given) {
		decided, both := all[name]
		if both && a.policy.Fixed(policy.Pins) {
			if decided != given[name] {
				a.policyWins("--pin "+name+"@"+given[name], policy.Pins, name+"@"+decided)
			}
			continue
		}
		all[name] = given[name]
	}
	return all
}

// policyWins says that the administrator decided otherwise.
func (a *app) policyWins(given string, key policy.Key, decided string) {
	a.warn(CodePolicyWins, map[string]string{"Given": given, "Name": string(key), "Value": decided})
}

// warn says something besides the answer, on standard error.
func (a *app) warn(code string, args map[string]string) {
	if a.flags.silent {
		return
	}
	line.To(a.errOut, a.text, line.Options{Now: a.now})(notice(event.Warn, code, args))
}

// logPolicy tells the log what of the policy does not count.
func (a *app) logPolicy() {
	for _, p := range a.policy.Problems() {
		a.log.Warn("a value of the policy does not count", "code", p.Code(), "error", p.Error())
	}
}

func (a *app) policyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "policy", Args: takes(0, 0),
		Annotations: map[string]string{annotationAbout: "help-about-policy"},
		RunE: func(*cobra.Command, []string) error {
			values := a.policy.Values()
			if a.flags.json {
				return jsonl.Value(a.out, "policy", policyAnswer{values, problemsOf(a.policy)})
			}
			rows := make([]line.Decision, len(values))
			for i, v := range values {
				rows[i] = line.Decision{Name: string(v.Key), Value: shown(v.Value), Source: v.Source, Fixed: v.Fixed}
				if v.Key == policy.Channel { // followed all the same when nobody decided
					rows[i].Value = a.flags.channel
				}
			}
			return line.Policy(a.out, a.text, rows)
		},
	}
}

// policyAnswer is what the policy command prints with --json.
type policyAnswer struct {
	Values   []policy.Value  `json:"values"`
	Problems []policyProblem `json:"problems"`
}

type policyProblem struct {
	Code     string `json:"code"`
	Name     string `json:"name,omitempty"`
	Source   string `json:"source"`
	Expected string `json:"expected,omitempty"`
	Found    string `json:"found,omitempty"`
}

func problemsOf(p policy.Policy) []policyProblem {
	out := []policyProblem{}
	for _, found := range p.Problems() {
		out = append(out, policyProblem{found.Code(), string(found.Key), found.Source, found.Expected, found.Found})
	}
	return out
}

// shown writes a value of a policy on one line; "" is none.
func shown(v any) string {
	if entries, ok := v.([]string); ok {
		return strings.Join(entries, ", ")
	}
	return fmt.Sprint(v)
}
