package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/releve-sante/releve/manifest/publish"
	"github.com/releve-sante/releve/tui/text"
)

// group makes a command that only has subcommands.
func group(use, short, long string, subs ...*cobra.Command) *cobra.Command {
	cmd := sub(use, short, long, 0, 0, func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		if err := cmd.Help(); err != nil {
			return err
		}
		return statusError(exitUsage)
	})
	cmd.AddCommand(subs...)
	return cmd
}

func (a *app) rootCommand() *cobra.Command {
	return group("root", "Make a first or a next root, with keys that never meet", `
The root names the keys of all others. "prepare" writes a file with the next
root; each holder adds a signature with "sign" on a machine of his own, which
needs nothing but the file and the key; "finish" takes it when enough holders
of the keys before and of the keys after have signed; "publish" makes it count.`,
		a.rootPrepareCommand(), a.draftSignCommand("root"), a.rootFinishCommand())
}

func (a *app) roleCommand() *cobra.Command {
	return group("role", "Collect the signatures of a publisher, of the catalogue or of targets", `
A change in a role that takes several signatures waits until enough of its
keys have signed. "prepare" writes a file with the change, or with a new date
where nothing changed; each holder adds a signature with "sign"; "finish" takes
it back; "publish" makes it visible.`,
		a.rolePrepareCommand(), a.draftSignCommand("role"), a.roleFinishCommand())
}

func (a *app) rootPrepareCommand() *cobra.Command {
	var add, remove, threshold []string
	cmd := sub("prepare REPO FILE [flags]", "Write the next root, to be signed by its holders", `
Without a repository in REPO it is a first root, and needs at least one key for
each of root, targets, snapshot and timestamp. Otherwise it is the newest root
with a new date and the changes that are named. Needs no private key.`,
		2, 2, func(cmd *cobra.Command, args []string) error {
			change, err := rootChange(cmd, add, remove, threshold)
			if err != nil {
				return err
			}
			c := publish.Config{Dir: args[0], Keys: publish.NewMemoryKeys(), Now: a.now, Lives: lives(cmd)}
			d, err := publish.PrepareRoot(c, change)
			if err != nil {
				return err
			}
			return a.writeDraft(d, "root", args[1])
		})
	cmd.Flags().StringArrayVar(&add, "add", nil, "key to add, ROLE=NAME.pub (repeatable)")
	cmd.Flags().StringArrayVar(&remove, "remove", nil, "key to remove, ROLE=NAME (repeatable)")
	cmd.Flags().StringArrayVar(&threshold, "threshold", nil, "how many must sign, ROLE=N; more than half in a first root (repeatable)")
	days(cmd, "root-days", "root", 365)
	return cmd
}

// rootChange reads the flags ROLE=VALUE.
func rootChange(cmd *cobra.Command, add, remove, threshold []string) (publish.RootChange, error) {
	change := publish.RootChange{}
	each := func(flag string, values []string, do func(role, value string) error) error {
		for _, v := range values {
			role, value, ok := strings.Cut(v, "=")
			if !ok || role == "" || value == "" {
				return badUsage(cmd, flag+" is ROLE=VALUE, not "+v)
			}
			if err := do(role, value); err != nil {
				return err
			}
		}
		return nil
	}
	return change, errors.Join(
		each("--add", add, func(role, file string) error {
			key, err := publish.ReadPublicKey(file)
			c := change[role]
			c.Add = append(c.Add, key)
			change[role] = c
			return err
		}),
		each("--remove", remove, func(role, name string) error {
			c := change[role]
			c.Remove = append(c.Remove, name)
			change[role] = c
			return nil
		}),
		each("--threshold", threshold, func(role, value string) error {
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 {
				return badUsage(cmd, "--threshold is ROLE=N with N of 1 at least, not "+value)
			}
			c := change[role]
			c.Threshold = n
			change[role] = c
			return nil
		}),
	)
}

func (a *app) rolePrepareCommand() *cobra.Command {
	cmd := sub("prepare REPO ROLE FILE", "Write what waits in a role, to be signed by its holders", `
ROLE is targets, catalogue or a publisher. Where nothing waits, the file gives
the role a new date. Needs no private key.`,
		3, 3, func(cmd *cobra.Command, args []string) error {
			c := publish.Config{Dir: args[0], Keys: publish.NewMemoryKeys(), Now: a.now, Lives: lives(cmd)}
			r, err := publish.Open(c)
			if err != nil {
				return err
			}
			d, err := r.PrepareRole(args[1])
			if err := errors.Join(err, r.Close()); err != nil {
				return err
			}
			return a.writeDraft(d, "role", args[2])
		})
	days(cmd, "days", "the publisher or the catalogue", 91)
	days(cmd, "targets-days", "targets", 182)
	return cmd
}

// draftSignCommand is the same for the root and for other roles.
func (a *app) draftSignCommand(verb string) *cobra.Command {
	var yes bool
	cmd := a.signs(sub("sign FILE --keys KEYS", "Show what the file changes, and sign it with your key", `
Signs with every key of KEYS that may sign and has not yet. Compare the digest
with the other holders, by voice: it is the same in every copy. What the changes
are compared with has the digest of the last ceremony.`,
		1, 1, func(cmd *cobra.Command, args []string) error {
			d, err := readDraft(args[0])
			if err != nil {
				return err
			}
			if (d.Role() == "root") != (verb == "root") {
				return &publish.Error{Reason: publish.CodeBadDraft, Expected: verb, Found: d.Role()}
			}
			keys, err := a.keys(cmd.Context(), "")
			if err != nil {
				return err
			}
			if err := a.showDraft(d); err != nil {
				return err
			}
			if err := a.agree(cmd, yes); err != nil {
				return err
			}
			names, err := d.Sign(keys)
			if err != nil {
				return err
			}
			if err := saveDraft(d, args[0]); err != nil {
				return err
			}
			a.say("signed with %s", strings.Join(names, ", "))
			a.sayQuorums(d.Quorums())
			return nil
		}))
	cmd.Flags().BoolVar(&yes, "yes", false, "sign without asking")
	return cmd
}

// agree asks on the terminal; without one, --yes has to say so.
func (a *app) agree(cmd *cobra.Command, yes bool) error {
	if yes {
		return nil
	}
	terminal, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return badUsage(cmd, "there is no terminal to ask on, and --yes is not given")
	}
	fmt.Fprint(a.errOut, "Sign this? Type yes: ")
	answer, err := bufio.NewReader(io.LimitReader(terminal, 100)).ReadString('\n')
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if strings.TrimSpace(answer) != "yes" {
		return &usageError{reason: CodeNotAgreed}
	}
	return nil
}

func (a *app) rootFinishCommand() *cobra.Command {
	cmd := a.signs(sub("finish REPO FILE --keys KEYS", "Take back a root that enough holders have signed", `
Checks the signatures of the quorum before and of the quorum after; the new
root counts from the next "publish" on. Where there is no repository in REPO
one is founded; the key of the catalogue is made unless it is in KEYS.`,
		2, 2, func(cmd *cobra.Command, args []string) error {
			d, err := readDraft(args[1])
			if err != nil {
				return err
			}
			c, err := a.config(cmd, args[0])
			if err != nil {
				return err
			}
			if err := publish.FinishRoot(c, d); err != nil {
				return err
			}
			a.say("the new root of %s counts from the next publication on", args[0])
			return a.sayWaiting(c)
		}))
	days(cmd, "targets-days", "targets, of a first root", 182)
	days(cmd, "days", "catalogue, of a first root", 91)
	return cmd
}

func (a *app) roleFinishCommand() *cobra.Command {
	return sub("finish REPO FILE", "Take back a role that enough holders have signed", `
Checks the signatures, that the role speaks of its own paths alone, and that
all packages and documents it names are in REPO. It becomes visible with the
next "publish".`,
		2, 2, func(cmd *cobra.Command, args []string) error {
			d, err := readDraft(args[1])
			if err != nil {
				return err
			}
			c := publish.Config{Dir: args[0], Keys: publish.NewMemoryKeys(), Now: a.now}
			r, err := publish.Open(c)
			if err != nil {
				return err
			}
			if err := errors.Join(r.FinishRole(cmd.Context(), d), r.Close()); err != nil {
				return err
			}
			a.say("%s counts from the next publication on", d.Role())
			return a.sayWaiting(c)
		})
}

func readDraft(name string) (*publish.Draft, error) {
	data, err := readFile(name, publish.DraftLimit)
	if err != nil {
		return nil, err
	}
	return publish.ParseDraft(data)
}

// writeDraft writes a new file and says what to do with it.
func (a *app) writeDraft(d *publish.Draft, verb, name string) error {
	if _, err := os.Lstat(name); err == nil {
		return &publish.Error{Reason: publish.CodeExists, Name: name}
	}
	if err := saveDraft(d, name); err != nil {
		return err
	}
	if err := a.showDraft(d); err != nil {
		return err
	}
	a.sayQuorums(d.Quorums())
	a.say("wrote %s; each holder signs it with: releve-repo %s sign %s --keys KEYS", name, verb, name)
	return nil
}

func saveDraft(d *publish.Draft, name string) error {
	data, err := d.Encode()
	if err != nil {
		return err
	}
	return publish.WriteFile(name, data, 0o644)
}

// showDraft prints what signing changes.
func (a *app) showDraft(d *publish.Draft) error {
	digest, errNext := d.Digest()
	before, errBefore := d.Before()
	if err := errors.Join(errNext, errBefore); err != nil {
		return err
	}
	p, err := text.New(a.language())
	if err != nil {
		return err
	}
	for _, c := range d.Changes() {
		a.say("%s", text.Line(p.Message("repo-change-"+c.Kind+suffix(c), map[string]string{
			"Role": c.Role, "Name": c.Name, "From": c.From, "To": c.To,
		})))
	}
	if before != "" {
		a.say("compared with sha256 %s", before)
	}
	a.say("sha256 %s", digest)
	return nil
}

// suffix tells what is added and what is removed from what is changed.
func suffix(c publish.Change) string {
	switch {
	case c.From == "":
		return "-added"
	case c.To == "":
		return "-removed"
	}
	return ""
}

func (a *app) sayQuorums(all []publish.Quorum) {
	for _, q := range all {
		state := "complete"
		if !q.Complete() {
			state = "not signed: " + strings.Join(q.Missing, ", ")
		}
		a.say("%s: %d of %d signatures, %s", q.By, len(q.Signed), q.Threshold, state)
	}
}

// sayWaiting tells which roles still lack signatures, and what to do.
func (a *app) sayWaiting(c publish.Config) error {
	r, err := publish.Open(c)
	if err != nil {
		return err
	}
	waiting, err := r.Waiting()
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	for _, q := range waiting {
		a.say("%s waits: %d of %d signatures, not signed: %s; continue with: releve-repo role prepare %s %s FILE",
			q.Role, len(q.Signed), q.Threshold, strings.Join(q.Missing, ", "), c.Dir, q.Role)
	}
	return nil
}
