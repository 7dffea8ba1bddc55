package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
	"github.com/releve-sante/releve/osdetect"
)

// addition holds the flags of "add".
type addition struct {
	component, version, platform, backend, role string
	require, because, becauseFR                 []string
	needs, conflicts, probes                    []string
	code, source, date, title, titleFR          string
	setupFile                                   string
	inferred                                    bool
}

func (a *app) addCommand() *cobra.Command {
	var f addition
	cmd := a.signs(sub("add REPO --component C --version V --platform P [flags] FILE", "Add a release with its package", `
The role that covers components/C signs it. The release becomes visible with
the next "publish", and can be installed once a channel offers it.

FILE is an archive, a package of Windows Installer or a setup program. How an
installer is run stands in a JSON object, given by --setup:
{"signer", "arguments", "success", "reboot", "minutes",
"uninstall": {"path", "arguments"}, "properties"}, none of them required.
A named signer is compared with the signature of FILE. Each argument is one,
whatever is in it; one that has quotes is handed over as it stands. {log} in an
argument is the path of a log that workstations keep and quote when the setup
program fails: "/LOG={log}" for Inno Setup, "/v\"/qn /l*v {log}\"" for a package
of Windows Installer in a setup program of InstallShield.`,
		2, 2, func(cmd *cobra.Command, args []string) error {
			release, err := f.release(cmd)
			if err != nil {
				return err
			}
			if err := f.setup(cmd, &release, args[1]); err != nil {
				return err
			}
			return a.change(cmd, args[0], func(r *publish.Repo) error {
				return a.add(cmd, r, f, release, args[1])
			})
		}))
	f.flags(cmd)
	days(cmd, "days", "the publisher", 91)
	days(cmd, "targets-days", "targets, where it signs itself", 182)
	return cmd
}

func (f *addition) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.component, "component", "", "name of the component, [a-z0-9-]")
	flags.StringVar(&f.version, "version", "", "version, as the publisher writes it")
	flags.StringVar(&f.platform, "platform", "", "windows, macos, linux or any")
	flags.StringVar(&f.backend, "backend", "", "how the package is installed: bundle, msi or exe; by the ending of FILE when left out")
	flags.StringVar(&f.setupFile, "setup", "", "JSON file that says how an installer is run")
	flags.StringArrayVar(&f.require, "require", nil, "condition on the machine, for example 'os.version >= 10.15' (repeatable)")
	flags.StringArrayVar(&f.because, "because", nil, "why, in a sentence: once for all conditions, or once for each")
	flags.StringArrayVar(&f.becauseFR, "because-fr", nil, "the same in French; --because serves for both without it")
	flags.StringVar(&f.code, "code", "", "stable name of the condition in reports")
	flags.BoolVar(&f.inferred, "inferred", false, "the conditions are inferred: they warn instead of refusing")
	flags.StringVar(&f.source, "source", "", "document these facts come from")
	flags.StringArrayVar(&f.needs, "needs", nil, "another component, for example 'galss >= 3.42' (repeatable)")
	flags.StringArrayVar(&f.conflicts, "conflicts", nil, "component that must not be there, for example 'galss < 3.40' (repeatable)")
	flags.StringArrayVar(&f.probes, "probe-file", nil, "check after installation, 'PATH contains TEXT' or 'PATH TEXT' (repeatable)")
	flags.StringVar(&f.date, "date", "", "date of the release, YYYY-MM-DD")
	flags.StringVar(&f.title, "title", "", "title of the component")
	flags.StringVar(&f.titleFR, "title-fr", "", "the same in French; --title serves for both without it")
	flags.StringVar(&f.role, "as", "", "refuse unless this role signs for the component")
}

// release turns the flags into what is signed.
func (f *addition) release(cmd *cobra.Command) (manifest.Release, error) {
	for name, value := range map[string]string{"--component": f.component, "--version": f.version, "--platform": f.platform} {
		if value == "" {
			return manifest.Release{}, badUsage(cmd, name+" is needed")
		}
	}
	out := manifest.Release{
		Version: f.version, Platform: manifest.Platform(f.platform), Backend: f.backend,
		Date: f.date, Source: f.source,
	}
	switch out.Platform {
	case manifest.Windows, manifest.MacOS, manifest.Linux, manifest.Any:
	default:
		return out, badUsage(cmd, "--platform is windows, macos, linux or any, not "+f.platform)
	}
	if _, err := manifest.ParseVersion(f.version); err != nil {
		return out, &usageError{reason: CodeBadVersion, args: map[string]string{"Value": f.version}, cause: err}
	}
	var err error
	if out.Requires, err = f.rules(cmd); err != nil {
		return out, err
	}
	if out.Needs, err = others(cmd, "--needs", f.needs); err != nil {
		return out, err
	}
	if out.Conflicts, err = others(cmd, "--conflicts", f.conflicts); err != nil {
		return out, err
	}
	out.Probes, err = f.fileProbes(cmd)
	return out, err
}

func (f *addition) rules(cmd *cobra.Command) ([]manifest.Rule, error) {
	var rules []manifest.Rule
	for i, text := range f.require {
		condition, err := manifest.ParseCondition(text)
		if err != nil {
			return nil, badUsage(cmd, "--require "+err.Error())
		}
		if err := knownFacts(condition); err != nil {
			return nil, err
		}
		because, err := reason(cmd, f.because, f.becauseFR, i, len(f.require))
		if err != nil {
			return nil, err
		}
		rule := manifest.Rule{Code: f.code, Require: condition, Because: because, Source: f.source}
		if rule.Code == "" {
			rule.Code = "requires-" + strings.NewReplacer(".", "-", "_", "-").Replace(firstFact(condition))
		}
		if f.inferred {
			rule.Confidence = manifest.Inferred
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// reason gives the sentence for the i-th of n conditions.
func reason(cmd *cobra.Command, en, fr []string, i, n int) (manifest.Text, error) {
	if len(en) != 1 && len(en) != n {
		return manifest.Text{}, badUsage(cmd, "--because is needed once, or once for each --require")
	}
	if len(fr) != 0 && len(fr) != len(en) {
		return manifest.Text{}, badUsage(cmd, "--because-fr is needed as often as --because, or never")
	}
	at := min(i, len(en)-1)
	text := manifest.Text{EN: en[at], FR: en[at]}
	if len(fr) > 0 {
		text.FR = fr[at]
	}
	return text, nil
}

// firstFact gives the first fact a condition asks for.
func firstFact(c manifest.Condition) string {
	if c.Fact != "" {
		return c.Fact
	}
	for _, inner := range append(c.All, c.Any...) {
		if fact := firstFact(inner); fact != "" {
			return fact
		}
	}
	if c.Not != nil {
		return firstFact(*c.Not)
	}
	return ""
}

// knownFacts refuses a condition over a fact that no releve finds out: with a
// slip of the pen in it, nobody could ever decide the condition.
func knownFacts(c manifest.Condition) error {
	if c.Fact != "" && !isFact(c.Fact) {
		var known []string
		for _, p := range osdetect.Paths() {
			known = append(known, p.Path)
		}
		return &usageError{reason: CodeUnknownFact, args: map[string]string{"Fact": c.Fact, "Nearest": nearest(c.Fact, known)}}
	}
	inner := slices.Concat(c.All, c.Any)
	if c.Not != nil {
		inner = append(inner, *c.Not)
	}
	for _, part := range inner {
		if err := knownFacts(part); err != nil {
			return err
		}
	}
	return nil
}

// isFact reports whether the table of facts has a path.
func isFact(path string) bool {
	return slices.ContainsFunc(osdetect.Paths(), func(p osdetect.PathInfo) bool {
		before, after, pattern := strings.Cut(p.Path, "<name>")
		if !pattern {
			return p.Path == path
		}
		name, fits := strings.CutPrefix(path, before)
		name, ends := strings.CutSuffix(name, after)
		return fits && ends && name != "" && !strings.Contains(name, ".")
	})
}

// others reads 'galss >= 3.42': a component and, if not any will do, a range.
func others(cmd *cobra.Command, flag string, texts []string) ([]manifest.Need, error) {
	var needs []manifest.Need
	for _, text := range texts {
		component, versions, _ := strings.Cut(strings.TrimSpace(text), " ")
		versions = strings.TrimSpace(versions)
		if versions != "" {
			if _, err := manifest.ParseRange(versions); err != nil {
				return nil, badUsage(cmd, flag+" "+err.Error())
			}
		}
		needs = append(needs, manifest.Need{Component: component, In: versions})
	}
	return needs, nil
}

func (f *addition) fileProbes(cmd *cobra.Command) ([]manifest.Probe, error) {
	var probes []manifest.Probe
	for _, text := range f.probes {
		path, contains, ok := strings.Cut(strings.TrimSpace(text), " ")
		contains = strings.TrimPrefix(strings.TrimSpace(contains), "contains ")
		if !ok || contains == "" {
			return nil, badUsage(cmd, "--probe-file is 'PATH contains TEXT', not "+text)
		}
		probes = append(probes, manifest.Probe{
			Kind: manifest.ProbeFile, Path: path, Contains: contains,
			Because: manifest.Text{
				EN: "The installed file " + path + " does not hold what belongs to this version.",
				FR: "Le fichier installé " + path + " ne contient pas ce qui correspond à cette version.",
			},
		})
	}
	return probes, nil
}

// add opens the package and signs.
func (a *app) add(cmd *cobra.Command, r *publish.Repo, f addition, release manifest.Release, file string) error {
	payload, err := os.Open(file)
	if err != nil {
		return &usageError{reason: CodeUnreadable, args: map[string]string{"Name": file}, cause: err}
	}
	info, err := payload.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return errors.Join(
			&usageError{reason: CodeUnreadable, args: map[string]string{"Name": file}, cause: err}, payload.Close())
	}
	if err := a.packaged(release, filepath.Base(file), payload, info.Size()); err != nil {
		return errors.Join(err, payload.Close())
	}
	if err := a.signed(release, filepath.Base(file), payload, info.Size()); err != nil {
		return errors.Join(err, payload.Close())
	}
	title := manifest.Text{EN: f.title, FR: f.titleFR}
	if title.FR == "" {
		title.FR = title.EN
	}
	added, err := r.Add(cmd.Context(), publish.Addition{
		Component: f.component, Release: release, Title: title, Role: f.role,
		File: filepath.Base(file), Payload: payload, Size: info.Size(),
	})
	if err := errors.Join(err, payload.Close()); err != nil {
		return err
	}
	a.say("added %s %s (%s), %d bytes, sha256 %s", f.component, added.Version, added.Platform,
		added.Artifact.Length, added.Artifact.SHA256)
	return nil
}
