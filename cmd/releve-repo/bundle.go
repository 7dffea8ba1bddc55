package main

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/manifest/mirror"
)

const (
	// maxFAT is the longest file that FAT32, the format of most sticks, takes.
	maxFAT = 1<<32 - 1
	// shortLife is how long a bundle should be good, at least, to be carried
	// somewhere.
	shortLife = 7 * 24 * time.Hour
)

func (a *app) bundleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "bundle", Short: "Make or check a copy for a USB stick", Args: cobra.NoArgs, DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return badUsage(cmd, "bundle create or bundle verify is needed")
		},
	}
	cmd.AddCommand(a.bundleCreateCommand(), a.bundleVerifyCommand())
	return cmd
}

func (a *app) bundleCreateCommand() *cobra.Command {
	s, repo := &source{a: a}, ""
	cmd := s.chooses(s.reads(sub("create FILE [flags]", "Copy a repository into one file, or a folder, for a USB stick", `
FILE holds the metadata, the documents of the channels and the packages these
offer, verified while they are read. "releve --repo FILE" uses it with the same
checks as a server. A FILE that ends in / or is a folder becomes a folder, which
can be brought up to date later by the same command. Needs no key.

The repository is that of --repo (a folder or a URL), else of RELEVE_REPO, else
the current folder. From a URL a run that was interrupted is taken up by the
next one; it needs room for the packages twice.`,
		1, 1, func(cmd *cobra.Command, args []string) error {
			c, address, err := s.config(cmd, repo)
			if err != nil {
				return err
			}
			name := args[0]
			info, err := os.Stat(name)
			if strings.HasSuffix(name, "/") || strings.HasSuffix(name, string(filepath.Separator)) || err == nil && info.IsDir() {
				return s.bundleFolder(cmd, c, name)
			}
			return s.bundleFile(cmd, c, name, isLocal(address))
		})), []string{"stable"})
	cmd.Flags().StringVar(&repo, "repo", "", "repository to copy, `URL|DIR` (RELEVE_REPO)")
	return cmd
}

// config is what a copy of a repository is made from.
func (s *source) config(cmd *cobra.Command, repo string) (mirror.Config, string, error) {
	address, err := repo, error(nil)
	if address == "" {
		if address, err = s.a.repository(); err != nil {
			return mirror.Config{}, "", err
		}
	}
	c := mirror.Config{Now: s.a.now, Progress: s.transferring}
	if c.Select, err = s.selection(cmd); err != nil {
		return c, "", err
	}
	if c.Remote, err = s.remote(cmd, address); err != nil {
		return c, "", err
	}
	c.Root, err = s.rootOf(cmd.Context(), address, c.Remote)
	return c, address, err
}

func (s *source) bundleFile(cmd *cobra.Command, c mirror.Config, name string, local bool) error {
	parent := filepath.Dir(name)
	if info, err := os.Stat(parent); err != nil || !info.IsDir() {
		return &usageError{reason: CodeNoFolder, args: map[string]string{"Name": parent}, cause: err}
	}
	d, err := durable.Open(parent)
	if err != nil {
		return err
	}
	c.Begin = func(r mirror.Report) {
		if r.Bytes > maxFAT {
			s.a.report(&usageError{reason: CodeLargeBundle, args: map[string]string{"Bytes": strconv.FormatInt(r.Bytes, 10)}})
		}
	}
	report, err := mirror.CreateBundle(cmd.Context(), c, d, filepath.Base(name), local)
	if err := errors.Join(err, d.Close()); err != nil {
		return err
	}
	return s.made(name, report)
}

func (s *source) bundleFolder(cmd *cobra.Command, c mirror.Config, name string) error {
	c.Begin = func(r mirror.Report) {
		if r.Largest > maxFAT {
			s.a.report(&usageError{reason: CodeLargePackage, args: map[string]string{"Bytes": strconv.FormatInt(r.Largest, 10)}})
		}
	}
	report, err := s.a.copyInto(cmd, c, name, true)
	if err != nil {
		return err
	}
	return s.made(name, report)
}

func (a *app) bundleVerifyCommand() *cobra.Command {
	s := &source{a: a}
	return s.reads(sub("verify FILE [--trust-root ROOT]", "Check a bundle, or a mirror, as a workstation would", `
Reads every package to its end. FILE may be a folder or a URL too. Without
--trust-root the root in the bundle is used: that shows that the bundle is
whole, and not who made it. Needs no key.`,
		1, 1, func(cmd *cobra.Command, args []string) error {
			remote, err := s.remote(cmd, args[0])
			if err != nil {
				return err
			}
			root, err := s.rootOf(cmd.Context(), args[0], remote)
			if err != nil {
				return err
			}
			report, err := mirror.Verify(cmd.Context(), mirror.Config{Root: root, Remote: remote, Now: a.now})
			if err != nil {
				return err
			}
			if s.json {
				return s.encode(args[0], report)
			}
			a.printCopy(report)
			if s.trustRoot == "" {
				a.say("checked against the root that is in it: it is whole, but --trust-root would show who made it")
			}
			a.say("%s is good", args[0])
			a.printUntil(report)
			return nil
		}))
}
