package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/lock"
	"github.com/releve-sante/releve/manifest/mirror"
	"github.com/releve-sante/releve/manifest/trust"
)

func (a *app) mirrorCommand() *cobra.Command {
	s, prune := &source{a: a}, false
	cmd := s.chooses(s.reads(sub("mirror URL DIR [flags]", "Keep a folder the same as a published repository", `
DIR can be served by any static server, also while this runs: it holds the
former state or the new one whole, and when the repository is out of date, older
than before or not what was signed, DIR stays as it is. Only what is new is
transferred, and what was interrupted goes on in the middle. --trust-root is
needed the first time. Without --channel, --platform and --component all of the
repository is copied. Needs no key.`,
		2, 2, func(cmd *cobra.Command, args []string) error {
			remote, err := s.remote(cmd, args[0])
			if err != nil {
				return err
			}
			c := mirror.Config{Remote: remote, Now: a.now, Progress: s.transferring}
			if c.Select, err = s.selection(cmd); err != nil {
				return err
			}
			if c.Root, err = s.given(); err != nil {
				return err
			}
			report, err := a.copyInto(cmd, c, args[1], prune)
			if err != nil {
				return err
			}
			if s.json {
				return s.encode(args[1], report)
			}
			a.printCopy(report)
			a.say("new: %d files, %d bytes; removed: %d files", report.NewFiles, report.NewBytes, report.Removed)
			a.say("%s is the same as %s; workstations take it until %s (%s)", args[1], trust.Address(args[0]),
				report.Until.UTC().Format("2006-01-02 15:04 UTC"), report.UntilRole)
			return nil
		})), nil)
	cmd.Flags().BoolVar(&prune, "prune", false, "remove what neither the current snapshot nor the one before names")
	return cmd
}

// copyInto brings a folder up to date, alone. Without a root in c, that of an
// earlier run is taken.
func (a *app) copyInto(cmd *cobra.Command, c mirror.Config, dir string, prune bool) (report mirror.Report, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return report, &usageError{reason: CodeNoFolder, args: map[string]string{"Name": dir}, cause: err}
	}
	d, err := durable.Open(dir)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if c.Root == nil {
		c.Root, err = mirror.KeptRoot(d)
		if errors.Is(err, fs.ErrNotExist) {
			return report, &usageError{reason: CodeNeedRoot, args: map[string]string{"Name": dir}}
		}
		if err != nil {
			return report, err
		}
	}
	if err := mirror.Claim(d); err != nil {
		return report, err
	}
	owner := lock.Owner{PID: os.Getpid(), User: a.env("USER"), Command: cmd.CommandPath(), Since: a.now()}
	unlock, err := lock.Acquire(cmd.Context(), filepath.Join(dir, mirror.Folder), owner, 0)
	var held *lock.HeldError
	if errors.As(err, &held) {
		return report, &usageError{reason: CodeMirrorBusy, cause: err, args: map[string]string{
			"Name": dir, "PID": strconv.Itoa(held.Owner.PID), "Since": held.Owner.Since.UTC().Format(time.DateTime),
		}}
	}
	if err != nil {
		return report, err
	}
	defer unlock()
	return mirror.Run(cmd.Context(), c, d, prune)
}
