package main

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
	"github.com/releve-sante/releve/manifest/publish/provenance"
)

func (a *app) provenanceCommand() *cobra.Command {
	var platform, trustedRoot string
	var claim publish.Attestation
	cmd := a.signs(sub("provenance REPO COMPONENT VERSION --platform P --identity I --issuer URL FILE",
		"Attach a sigstore bundle about who built a package", `
FILE is what "cosign attest-blob --bundle" or the build service wrote. It is
verified first, without network, against the trusted root of --sigstore-root or
of the repository; without one only its form is checked. It never replaces the
signature of the publisher, which is what workstations go by. The role that
covers the component signs.`,
		4, 4, func(cmd *cobra.Command, args []string) error {
			claim.Component, claim.Version, claim.Platform = args[1], args[2], manifest.Platform(platform)
			for name, value := range map[string]string{"--platform": platform, "--identity": claim.Identity, "--issuer": claim.Issuer} {
				if value == "" {
					return badUsage(cmd, name+" is needed")
				}
			}
			var err error
			if claim.Data, err = readDocument(args[3]); err != nil {
				return err
			}
			return a.change(cmd, args[0], func(r *publish.Repo) error { return a.attest(r, claim, trustedRoot) })
		}))
	cmd.Flags().StringVar(&platform, "platform", "", "platform of the release: windows, macos, linux or any")
	cmd.Flags().StringVar(&claim.Identity, "identity", "", "identity that the certificate has to name, for example the URL of a workflow")
	cmd.Flags().StringVar(&claim.Issuer, "issuer", "", "issuer that has to vouch for it, an https URL")
	sigstoreRoot(cmd, &trustedRoot)
	days(cmd, "days", "the publisher", 91)
	return cmd
}

// sigstoreRoot gives cmd the flag for a trusted root of sigstore.
func sigstoreRoot(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "sigstore-root", "", "trusted_root.json of sigstore (that of the repository without it)")
}

// attest verifies a bundle where it is known whom to believe, and attaches it.
func (a *app) attest(r *publish.Repo, claim publish.Attestation, file string) error {
	artifact, err := r.Artifact(claim.Component, claim.Version, claim.Platform)
	if err != nil {
		return err
	}
	claim.SHA256 = artifact.SHA256
	name := nameOf(claim)
	if err := provenance.Check(name, claim.Data); err != nil {
		return err
	}
	data, err := r.SigstoreRoot()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	root, err := a.sigstore(file, data)
	if err != nil {
		return err
	}
	verified := "not verified: no trusted root is known"
	if root != nil {
		attested, err := root.Verify(claimOf(claim), claim.Data)
		if err != nil {
			return err
		}
		verified = "verified, recorded " + attested.Time.UTC().Format(time.DateOnly)
	}
	if _, err := r.Attest(claim); err != nil {
		return err
	}
	a.say("attached the provenance of %s (%s)", name, verified)
	return nil
}

func nameOf(a publish.Attestation) string {
	return fmt.Sprintf("%s %s (%s)", a.Component, a.Version, a.Platform)
}

func claimOf(a publish.Attestation) provenance.Claim {
	return provenance.Claim{Name: nameOf(a), SHA256: a.SHA256, Identity: a.Identity, Issuer: a.Issuer}
}

// sigstore reads the trusted root of a file, else the one of the repository;
// nil when there is neither.
func (a *app) sigstore(file string, published []byte) (*provenance.Root, error) {
	if file == "" {
		if published == nil {
			return nil, nil
		}
		return provenance.ParseRoot(publish.SigstoreRootPath, published)
	}
	data, err := readDocument(file)
	if err != nil {
		return nil, err
	}
	return provenance.ParseRoot(file, data)
}

func (a *app) sigstoreRootCommand() *cobra.Command {
	cmd := a.signs(sub("sigstore-root REPO FILE", "Say whom to believe about who built a package", `
FILE is a trusted_root.json of sigstore, public or of your own. It becomes a
signed document of the repository, which "verify" and "provenance" use.`,
		2, 2, func(cmd *cobra.Command, args []string) error {
			data, err := readDocument(args[1])
			if err != nil {
				return err
			}
			if _, err := provenance.ParseRoot(args[1], data); err != nil {
				return err
			}
			return a.change(cmd, args[0], func(r *publish.Repo) error {
				if err := r.SetSigstoreRoot(data); err != nil {
					return err
				}
				a.say("replaced the trusted root of sigstore")
				return nil
			})
		}))
	days(cmd, "targets-days", "targets", 182)
	return cmd
}

// provenances verifies what is attached to the releases of a repository, each
// on a line of its own. A release without is no fault, and neither is that
// nobody can tell.
func (a *app) provenances(r publish.Report, file string) error {
	if len(r.Attestations) == 0 {
		return nil
	}
	root, err := a.sigstore(file, r.SigstoreRoot)
	if err != nil {
		return err
	}
	var bad []error
	for _, at := range r.Attestations {
		if root == nil {
			a.say("provenance of %s: not verified, no trusted root is known (--sigstore-root)", nameOf(at))
			continue
		}
		attested, err := root.Verify(claimOf(at), at.Data)
		if err != nil {
			a.say("provenance of %s: REFUSED", nameOf(at))
			bad = append(bad, err)
			continue
		}
		a.say("provenance of %s: built by %s, says %s, recorded %s", nameOf(at), at.Identity, at.Issuer,
			attested.Time.UTC().Format(time.DateOnly))
	}
	return errors.Join(bad...)
}
