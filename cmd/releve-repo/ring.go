package main

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
)

// rings holds the flags of "ring".
type rings struct {
	pilot, all, stop            bool
	percent                     string
	groups, departments, finess []string
	why                         because
}

func (a *app) ringCommand() *cobra.Command {
	var f rings
	cmd := a.signs(sub("ring [REPO] CHANNEL COMPONENT VERSION [flags]", "Roll a version out step by step", `
The first call begins: the version is offered to the machines that the flags
name, and to nobody else. Each further call adds machines; nobody who was
offered the version loses it. --all ends the roll-out: everybody is offered the
version. --stop ends it where it is: who has the version keeps it, nobody else
gets it ("withdraw" takes it back). Machines know their ring, groups,
département and FINESS numbers from the policy of their administrator. A
version that "channel" offers to everybody cannot be rolled out any more. The
key of the catalogue signs; "publish" makes each step visible.`,
		4, 4, func(cmd *cobra.Command, args []string) error {
			w, err := f.widening(cmd)
			if err != nil {
				return err
			}
			return a.change(cmd, args[0], func(r *publish.Repo) error {
				now, err := r.Roll(args[1], args[2], args[3], w)
				switch {
				case err != nil:
					return err
				case now == nil:
					a.say("%s offers %s %s to everybody", args[1], args[2], args[3])
				default:
					a.say("%s offers %s %s to: %s", args[1], args[2], args[3], publish.Audience(*now))
				}
				return nil
			})
		}))
	flags := cmd.Flags()
	flags.BoolVar(&f.pilot, "pilot", false, "to the machines of the pilot ring")
	flags.StringVar(&f.percent, "percent", "", "to this share of all machines, 0.01 to 100")
	flags.StringSliceVar(&f.groups, "group", nil, "to the machines of these groups, separated by commas (repeatable)")
	flags.StringSliceVar(&f.departments, "department", nil, "to the sites in these départements, for example 75,2A,971 (repeatable)")
	flags.StringSliceVar(&f.finess, "finess", nil, "to the sites with these FINESS numbers, or a file with one at the beginning of each line (repeatable)")
	flags.BoolVar(&f.all, "all", false, "to everybody")
	flags.BoolVar(&f.stop, "stop", false, "to nobody more; needs --because")
	f.why.flags(cmd)
	days(cmd, "days", "the catalogue", 91)
	return cmd
}

// widening turns the flags into what is added.
func (f *rings) widening(cmd *cobra.Command) (publish.Widening, error) {
	w := publish.Widening{Pilot: f.pilot, All: f.all}
	parts := f.pilot || f.percent != "" || len(f.groups)+len(f.departments)+len(f.finess) > 0
	switch {
	case f.stop && (f.all || parts), f.all && parts:
		return w, badUsage(cmd, "--all and --stop stand alone")
	case !f.stop && !f.all && !parts:
		return w, badUsage(cmd, "one of --pilot, --percent, --group, --department, --finess, --all and --stop is needed")
	case !f.stop && (f.why.en != "" || f.why.fr != ""):
		return w, badUsage(cmd, "--because goes with --stop")
	}
	if f.stop {
		reason, err := f.why.text(cmd)
		w.Stop = &reason
		return w, err
	}
	if f.percent != "" {
		share, ok := basisPoints(f.percent)
		if !ok {
			return w, badUsage(cmd, "--percent is a number from 0.01 to 100, with at most two decimals, not "+f.percent)
		}
		w.Share = share
	}
	for _, g := range f.groups {
		if g = strings.ToLower(g); !manifest.IsGroup(g) {
			return w, badUsage(cmd, "--group is [a-z0-9-], not "+g)
		}
		w.Groups = append(w.Groups, g)
	}
	for _, d := range f.departments {
		if d = strings.ToUpper(d); !manifest.IsDepartment(d) {
			return w, badUsage(cmd, "--department is 01 to 95, 2A, 2B, 971 to 978 or 984 to 988, not "+d)
		}
		w.Departments = append(w.Departments, d)
	}
	var err error
	w.FINESS, err = sites(cmd, f.finess)
	return w, err
}

// basisPoints reads a percentage, with a point or a comma before its decimals.
func basisPoints(text string) (int, bool) {
	n, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	points := math.Round(n * 100)
	return int(points), err == nil && points >= 1 && points <= manifest.FullShare && math.Abs(n*100-points) < 1e-6
}

// sites reads FINESS numbers, each itself or a file with one at the beginning
// of each line. A file may come out of a spreadsheet: what follows the first
// separator of a line is passed over, and so are empty lines and those that
// begin with #.
func sites(cmd *cobra.Command, values []string) ([]string, error) {
	var all []string
	for _, value := range values {
		if number := strings.ToUpper(value); manifest.IsFINESS(number) {
			all = append(all, number)
			continue
		}
		data, err := readDocument(value)
		if err != nil && strings.Trim(value, "0123456789ABab") == "" {
			return nil, badUsage(cmd, "--finess is nine digits, or 2A or 2B and seven, or a file, not "+value)
		}
		if err != nil {
			return nil, err
		}
		for i, line := range strings.Split(string(data), "\n") {
			line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if end := strings.IndexAny(line, ";,\t"); end >= 0 {
				line = line[:end]
			}
			number := strings.ToUpper(strings.Trim(strings.ReplaceAll(line, " ", ""), `"`))
			if !manifest.IsFINESS(number) {
				return nil, &usageError{reason: CodeBadSite, args: map[string]string{
					"File": value, "Line": strconv.Itoa(i + 1), "Value": line}, cause: errors.New("no FINESS number")}
			}
			all = append(all, number)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
