package main

import (
	"bytes"
	"context"
	"encoding/json"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer/diagnose"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/reference"
	"github.com/releve-sante/releve/tui/jsonl"
	"github.com/releve-sante/releve/tui/line"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Args: takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			return a.printVersion()
		},
	}
}

func (a *app) printVersion() error {
	v := version
	if info, ok := debug.ReadBuildInfo(); ok && v == "dev" && info.Main.Version != "" && info.Main.Version != "(devel)" {
		v = info.Main.Version
	}
	if a.flags.json {
		return jsonl.Value(a.out, "version", map[string]string{"version": v, "os": runtime.GOOS, "arch": runtime.GOARCH, "go": runtime.Version()})
	}
	return line.Printf(a.out, "releve %s %s/%s %s\n", v, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

func (a *app) factsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "facts", Args: takes(0, 0),
		Annotations: map[string]string{annotationAbout: "help-about-facts"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			facts, err := a.knownFacts(cmd.Context())
			if err != nil {
				return err
			}
			if a.flags.json {
				var one bytes.Buffer // like every answer in JSON, one line
				if err := json.Compact(&one, facts.Encode()); err != nil {
					return err
				}
				return line.Printf(a.out, "%s\n", one.String())
			}
			return line.Facts(a.out, a.text, facts)
		},
	}
}

func (a *app) diagnoseCommand() *cobra.Command {
	return &cobra.Command{
		Use:         "diagnose",
		Annotations: map[string]string{annotationAbout: "help-about-diagnose"},
		Args:        takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings, err := a.diagnose(cmd.Context())
			if err != nil {
				return err
			}
			if a.flags.json {
				err = jsonl.Value(a.out, "findings", findings)
			} else {
				err = line.Findings(a.out, a.text, findings)
			}
			if status := diagnose.Status(findings); err == nil && status != exitOK {
				return statusError(status)
			}
			return err
		},
	}
}

// diagnose asks the advisories of the repository, or those built in.
func (a *app) diagnose(ctx context.Context) ([]diagnose.Finding, error) {
	if len(a.flags.repos) == 0 && a.flags.target == "" {
		v, err := reference.Open(ctx)
		if err != nil {
			return nil, err
		}
		facts, err := a.knownFacts(ctx)
		if err != nil {
			return nil, err
		}
		return diagnose.Run(v.Advisories(), facts.Lookup), nil
	}
	s, err := a.open()
	if err != nil {
		return nil, err
	}
	defer s.close()
	v, err := s.advising(ctx)
	if err != nil {
		return nil, err
	}
	facts, _, err := s.machine(ctx, s.subjects(v))
	if err != nil {
		return nil, err
	}
	return diagnose.Run(v.Advisories(), facts.Lookup), nil
}

// advising returns the manifest whose advisories apply: of the repository
// where one is named, else the one built in.
func (s *session) advising(ctx context.Context) (manifest.Verified, error) {
	if len(s.a.flags.repos) == 0 {
		return reference.Open(ctx)
	}
	return s.fresh(ctx)
}

// workingDir is where free space is measured when no target is named.
func (a *app) workingDir() string {
	if a.flags.target != "" {
		return a.flags.target
	}
	return "."
}
