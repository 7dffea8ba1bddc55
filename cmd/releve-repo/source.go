package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/mirror"
	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/osdetect/proxy"
)

// source holds the flags of a command that reads a published repository as a
// workstation does.
type source struct {
	a                   *app
	trustRoot, caFile   string
	forbidden, json     bool
	channels, platforms []string
	components          []string
}

// reads gives cmd the flags of a command that reads a repository.
func (s *source) reads(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&s.trustRoot, "trust-root", "", "root.json to trust from the start")
	cmd.Flags().BoolVar(&s.json, "json", false, "print one JSON object")
	return s.connects(cmd)
}

// connects gives cmd the flags of a command that may read from a server.
func (s *source) connects(cmd *cobra.Command) *cobra.Command {
	flags := cmd.Flags()
	flags.StringVar(&s.caFile, "ca-file", "", "certificates (PEM) of authorities to trust beside those of the system")
	flags.BoolVar(&s.forbidden, "forbidden-is-missing", false, "take the answer 403 for a missing file, as some object stores mean it")
	return cmd
}

// chooses gives cmd the flags of a command that copies a part.
func (s *source) chooses(cmd *cobra.Command, channels []string) *cobra.Command {
	flags := cmd.Flags()
	flags.StringSliceVar(&s.channels, "channel", channels, "channel to copy (repeatable, or separated by commas)")
	flags.StringSliceVar(&s.platforms, "platform", nil, "system whose packages to copy, windows, macos or linux (likewise); all without it")
	flags.StringSliceVar(&s.components, "component", nil, "component whose packages to copy (likewise); all without it")
	return cmd
}

// selection checks the flags of chooses.
func (s *source) selection(cmd *cobra.Command) (mirror.Selection, error) {
	out := mirror.Selection{Channels: s.channels, Components: s.components}
	for _, p := range s.platforms {
		if !slices.Contains([]string{"windows", "macos", "linux"}, p) {
			return out, badUsage(cmd, "--platform is windows, macos or linux, not "+p)
		}
		out.Platforms = append(out.Platforms, manifest.Platform(p))
	}
	return out, nil
}

// remote opens an address: a folder, a bundle or a URL.
func (s *source) remote(cmd *cobra.Command, address string) (trust.Remote, error) {
	options := append(proxyLogin(), trust.Proxy(trust.ProxyFinder(proxy.Find(s.a.env))))
	if s.forbidden {
		options = append(options, trust.ForbiddenIsMissing())
	}
	if s.caFile != "" {
		data, err := readDocument(s.caFile)
		if err != nil {
			return nil, err
		}
		authorities, err := trust.Authorities(data)
		if err != nil {
			return nil, &usageError{reason: CodeBadCAFile, args: map[string]string{"Path": s.caFile}, cause: err}
		}
		options = append(options, authorities)
	}
	remote, err := trust.NewRemote(address, options...)
	var known *trust.Error
	if err != nil && !errors.As(err, &known) {
		return nil, badUsage(cmd, err.Error())
	}
	return remote, err
}

// given reads the root of --trust-root, nil without it.
func (s *source) given() ([]byte, error) {
	if s.trustRoot == "" {
		return nil, nil
	}
	return readDocument(s.trustRoot)
}

// rootOf gives the root to begin with: of --trust-root, else of the repository
// itself where it lies on this machine. Whoever reads a server has to say whom
// to trust.
func (s *source) rootOf(ctx context.Context, address string, remote trust.Remote) ([]byte, error) {
	root, err := s.given()
	if root != nil || err != nil {
		return root, err
	}
	if !isLocal(address) {
		return nil, &usageError{reason: CodeNeedRoot, args: map[string]string{"Name": trust.Address(address)}}
	}
	return mirror.FirstRoot(ctx, remote)
}

func isLocal(address string) bool { return !strings.Contains(address, "://") }

// repository is the one to work on where the command line names none: that of
// RELEVE_REPO, or the current directory if it is one.
func (a *app) repository() (string, error) {
	if repo := a.env("RELEVE_REPO"); repo != "" {
		return repo, nil
	}
	_, err := os.Stat(filepath.Join("metadata", "timestamp.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", &usageError{reason: CodeNeedSource}
	}
	return ".", err
}
