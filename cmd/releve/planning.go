package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/osdetect/policy"
	"github.com/releve-sante/releve/tui/jsonl"
	"github.com/releve-sante/releve/tui/line"
)

// maxPlan is the largest plan file that is read, in bytes.
const maxPlan = 16 << 20

// look plans without changing anything and without the lock.
func (a *app) look(ctx context.Context, req plan.Request) (*work, error) {
	s, err := a.open()
	if err != nil {
		return nil, err
	}
	w := &work{s: s, req: req}
	if err := w.prepare(ctx, event.Discard); err != nil {
		s.close()
		return nil, err
	}
	return w, nil
}

func (a *app) planCommand() *cobra.Command {
	var verb, output string
	cmd := &cobra.Command{
		Use:  "plan [C[@V]...]",
		Args: takes(0, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.printPlan(cmd.Context(), plan.Verb(verb), args, output)
		},
	}
	cmd.Flags().StringVar(&verb, "for", string(plan.Install), "")
	cmd.Flags().StringVarP(&output, "output", "o", "", "")
	return cmd
}

func (a *app) printPlan(ctx context.Context, verb plan.Verb, args []string, output string) error {
	switch verb {
	case plan.Install, plan.Update, plan.Uninstall, plan.Rollback, plan.Repair:
	default:
		return &cliError{code: CodeBadChoice, args: map[string]string{"Flag": "--for", "Value": string(verb), "Choices": "install, update, uninstall, rollback, repair"}}
	}
	req, err := a.request(verb, args)
	if err != nil {
		return err
	}
	w, err := a.look(ctx, req)
	if err != nil {
		return err
	}
	defer w.s.close()
	return a.answerPlan(w.plan, output)
}

// answerPlan prints the plan, keeps it where a file is named, and chooses the
// status.
func (a *app) answerPlan(p plan.Plan, output string) error {
	if err := a.writePlan(p, output); err != nil {
		return err
	}
	switch {
	case !p.Empty():
		return statusError(exitChanges)
	case p.Refused() && p.Request.Action != plan.Update:
		return statusError(exitRefused)
	}
	return nil
}

// writePlan prints the plan, and keeps it for apply where a file is named.
func (a *app) writePlan(p plan.Plan, output string) error {
	data, err := plan.Encode(p)
	if err != nil {
		return err
	}
	if output != "" {
		if err := writeNew(output, data); err != nil {
			return err
		}
	}
	if a.flags.json {
		_, err = a.out.Write(data)
		return err
	}
	if err := a.showPlan(p); err != nil || output == "" {
		return err
	}
	digest, err := plan.Digest(p)
	if err == nil {
		a.say(CodePlanWritten, map[string]string{"Path": output, "Digest": digest})
	}
	return err
}

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "explain C[@V]",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted, err := targetOf(plan.Install, args[0])
			if err != nil {
				return err
			}
			w, err := a.look(cmd.Context(), plan.Request{Action: plan.Install, Components: []plan.Target{{Component: wanted.Component}}})
			if err != nil {
				return err
			}
			defer w.s.close()
			e, err := plan.Explain(w.input(), wanted)
			if err != nil {
				return err
			}
			if a.flags.json {
				return jsonl.Value(a.out, "explanation", e)
			}
			return line.Explanation(a.out, a.text, e)
		},
	}
}

func (a *app) applyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "apply PLAN", Annotations: changing(),
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := readLimited(args[0], maxPlan)
			if err != nil {
				return err
			}
			p, err := plan.Decode(data)
			if err != nil {
				return err
			}
			return a.applyPlan(cmd.Context(), p)
		},
	}
}

// applyPlan makes the plan again from the machine and the manifest as they
// are now, and goes on only if nothing moved.
func (a *app) applyPlan(ctx context.Context, p plan.Plan) error {
	if !a.policy.Fixed(policy.Channel) {
		a.flags.channel = p.Channel
	}
	sink := a.sink()
	w, end, err := a.begin(ctx, a.decided(p.Request), sink)
	defer end()
	if err != nil {
		return w.conclude(installer.Result{}, err)
	}
	if moved := plan.Moved(p, w.plan); moved != nil {
		return w.conclude(installer.Result{}, moved)
	}
	return a.applyPlain(ctx, w, sink)
}
