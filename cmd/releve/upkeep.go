package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/journal"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/installer/receipt"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/reference"
	"github.com/releve-sante/releve/tui/jsonl"
	"github.com/releve-sante/releve/tui/line"
)

// maxHistory is how many runs history shows.
const maxHistory = 50

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "status",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.open()
			if err != nil {
				return err
			}
			defer s.close()
			st, err := s.status(cmd.Context())
			if err != nil {
				return err
			}
			if a.flags.json {
				return jsonl.Value(a.out, "status", st)
			}
			return line.Status(a.out, a.text, st)
		},
	}
}

// status gathers what is known without network.
func (s *session) status(ctx context.Context) (line.State, error) {
	var st line.State
	v, err := s.known(ctx)
	if err != nil {
		s.a.log.Info("no metadata is known", "error", err.Error())
		if v, err = reference.Open(ctx); err != nil { // what others installed is recognised all the same
			return st, err
		}
	} else {
		st.Metadata = s.metadata()
	}
	facts, installed, err := s.machine(ctx, s.subjects(v))
	if err != nil {
		return st, err
	}
	name, _ := facts.Lookup("os.name")
	st.System, _ = name.(string)
	for _, c := range sortedKeys(installed) {
		in := installed[c]
		row := line.Component{Name: c, Version: in.Version, Versions: versionsOf(facts, c)}
		row.Unknown = in.Version == "" && facts["component."+c+".present"] != false
		if doc, ok := v.Component(c); ok {
			row.Title = doc.Title
			if in.Version == "" && len(doc.Evidence) > 0 && len(doc.EvidenceOn(platformOf(facts))) == 0 {
				row.Unknown = true // recognised on other systems only
			}
		}
		if r, found := v.Find(c, in.Version, platformOf(facts)); found {
			row.Withdrawn = r.Withdrawn
		}
		if in.Previous != nil {
			row.Previous = in.Previous.Version
		}
		st.Components = append(st.Components, row)
	}
	_, damaged := receipt.Load(s.state)
	for _, err := range damaged {
		st.Problems = append(st.Problems, problemOf(err))
	}
	return st, nil
}

// problemOf is an error as status has it.
func problemOf(err error) line.Problem {
	var c coded
	if !errors.As(err, &c) {
		c = &cliError{code: CodeUnexpected, args: map[string]string{"Why": err.Error()}}
	}
	return line.Problem{Code: c.Code(), Args: c.Args()}
}

func (a *app) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "verify [C...]",
		Args: takes(0, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.open()
			if err != nil {
				return err
			}
			defer s.close()
			damage, err := s.verify(cmd.Context(), args)
			if err != nil {
				return err
			}
			whole := true
			for _, d := range damage {
				whole = whole && len(d) == 0
			}
			if a.flags.json {
				err = jsonl.Value(a.out, "verification", damage)
			} else {
				err = line.Damage(a.out, a.text, damage)
			}
			if err == nil && !whole {
				return statusError(exitChanges)
			}
			return err
		},
	}
}

func (a *app) historyCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "history",
		Args: takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			s, err := a.open()
			if err != nil {
				return err
			}
			defer s.close()
			runs, err := journal.History(s.state, maxHistory)
			if err != nil {
				return err
			}
			rows := pastRuns(runs)
			if a.flags.json {
				for _, r := range rows {
					if err := jsonl.PastRun(a.out, r.Run, r.Time, r.Outcome, r.Steps); err != nil {
						return err
					}
				}
				return nil
			}
			return line.History(a.out, a.text, rows)
		},
	}
}

// pastRuns turns journals into what the history shows.
func pastRuns(runs []journal.Run) []line.Past {
	rows := make([]line.Past, 0, len(runs))
	for _, r := range runs {
		p := installer.Past(r.Records)
		rows = append(rows, line.Past{
			Run: r.Name, Time: p.Time, Outcome: p.Outcome, Steps: p.Steps,
		})
	}
	return rows
}

// verify compares components with what was installed; none named means all.
func (s *session) verify(ctx context.Context, names []string) (map[string][]line.Difference, error) {
	v, err := s.known(ctx)
	if err != nil {
		v = manifest.Verified{} // receipts alone tell names too
	}
	all := s.subjects(v)
	known := namesOf(all)
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, &plan.UnknownError{Component: name, Nearest: plan.Nearest(name, known)}
		}
	}
	installed, err := installer.Inspect(ctx, s.deps(event.Discard), all)
	if err != nil {
		return nil, err
	}
	var here []backend.Subject
	for _, subject := range all {
		name := subject.Name
		switch {
		case len(names) > 0 && !slices.Contains(names, name):
		case installed[name].Version != "":
			here = append(here, subject)
		case len(names) > 0:
			s.a.say(CodeNotInstalled, map[string]string{"Component": name})
		}
	}
	damage, err := installer.Verify(ctx, s.deps(event.Discard), here)
	if err != nil {
		return nil, err
	}
	found := make(map[string][]line.Difference, len(damage))
	for name, list := range damage {
		found[name] = []line.Difference{}
		for _, d := range list {
			found[name] = append(found[name], line.Difference{Path: d.Path, What: d.What})
		}
	}
	return found, nil
}

// recentRuns is how many runs are looked through for changes that did not last.
const recentRuns = 20

// tried tells which changes were begun here and did not last.
func (s *session) tried() map[string][]plan.Tried {
	runs, err := journal.History(s.state, recentRuns)
	if err != nil {
		s.a.log.Warn("the history cannot be read", "error", err.Error())
	}
	return installer.Tried(runs, version)
}

func (a *app) recoverCommand() *cobra.Command {
	return &cobra.Command{
		Use: "recover", Annotations: changing(),
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.open()
			if err != nil {
				return err
			}
			defer s.close()
			unlock, err := s.lock(cmd.Context())
			if err != nil {
				return err
			}
			defer unlock()
			res, err := installer.Recover(cmd.Context(), s.deps(a.sink()))
			if err != nil && res.Outcome != event.Stuck {
				return err
			}
			if res.Outcome == event.Nothing {
				a.say(CodeNothingToRecover, nil)
				s.record(res, plan.Plan{}, exitOK, nil)
				return nil
			}
			status := statusOfOutcome(res.Outcome, res.Reboot)
			s.record(res, plan.Plan{}, status, err)
			if status != exitOK {
				return statusError(status)
			}
			return nil
		},
	}
}
