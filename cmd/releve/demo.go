//go:build !nodemo

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/osdetect"
	"github.com/releve-sante/releve/osdetect/machine"
	"github.com/releve-sante/releve/tui"
	"github.com/releve-sante/releve/tui/line"
)

// readingPause is how long the terminal interface leaves a chapter on the
// screen. Plain lines and NDJSON do not wait: they can be read later.
const readingPause = 1200 * time.Millisecond

// moreCommands are the commands that releases leave out: the demonstration
// brings a signer and a server, which a program that runs as an administrator
// has no use for.
func (a *app) moreCommands() []*cobra.Command { return []*cobra.Command{a.demoCommand()} }

// demo plays one story in a folder of its own.
type demo struct {
	a       *app
	dir     string
	machine string // name of the captured machine
	sink    event.Sink
	pause   time.Duration
	facts   osdetect.Facts
	claims  int
	// bystanders is the digest of the files that no step may touch.
	bystanders string
	close      []func()
}

func (a *app) demoCommand() *cobra.Command {
	var name, keep string
	cmd := &cobra.Command{
		Use:  "demo",
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.demo(cmd.Context(), name, keep)
		},
	}
	cmd.Flags().StringVar(&name, "machine", "mojave", "")
	cmd.Flags().StringVar(&keep, "keep", "", "")
	return cmd
}

// demo prepares the folder, chooses the view, plays the story and cleans up.
func (a *app) demo(ctx context.Context, name, keep string) (err error) {
	facts, err := machine.Load(name)
	if err != nil {
		return &cliError{code: CodeBadChoice, args: map[string]string{"Flag": "--machine", "Value": name, "Choices": joinNames(machine.Names())}, cause: err}
	}
	dir, err := demoFolder(keep)
	if err != nil {
		return err
	}
	d := &demo{a: a, dir: dir, machine: name, facts: facts}
	defer func() { err = errors.Join(err, d.cleanUp(keep)) }()
	a.flags.state, a.flags.target = filepath.Join(dir, "state"), filepath.Join(dir, "workstation")
	a.flags.facts = filepath.Join(dir, "machine.json")
	a.flags.allowUnknown = true // every acceptance is shown, see showQuestions
	if !a.interactive() {
		d.sink = a.sink()
		return d.tell(ctx)
	}
	d.pause = readingPause
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	return tui.Watch(ctx, func(sink event.Sink) error {
		d.sink = sink
		return d.tell(ctx)
	}, stop, a.screen(true))
}

// demoFolder makes the folder of the story: a new one that the user named, or
// one that is removed at the end.
func demoFolder(keep string) (string, error) {
	if keep == "" {
		return os.MkdirTemp("", "releve-demo-")
	}
	dir, err := filepath.Abs(keep)
	if err == nil {
		err = os.Mkdir(dir, 0o700)
	}
	if err != nil {
		return "", unusable(keep, err)
	}
	return dir, nil
}

// cleanUp ends the server and removes the folder, or says where it is.
func (d *demo) cleanUp(keep string) error {
	for _, f := range d.close {
		f()
	}
	end := notice(event.Note, "demo-cleaned", nil)
	if keep != "" {
		end = notice(event.Note, "demo-kept", map[string]string{"Dir": d.dir})
	} else if err := os.RemoveAll(d.dir); err != nil {
		return err
	}
	sink := d.a.sink()
	if d.pause > 0 { // the terminal interface has left the screen
		sink = line.To(d.a.out, d.a.text, line.Options{Now: d.a.now})
	}
	sink(end)
	return nil
}
