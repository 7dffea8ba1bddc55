package main

import (
	"errors"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
	"github.com/releve-sante/releve/manifest/publish/signature"
)

// Codes of what is wrong with an installer that is to be published.
const (
	CodeUnsigned     = "repo-unsigned"
	CodeBadSignature = "repo-bad-signature"
	CodeOtherSigner  = "repo-other-signer"
)

// backendOf is how a package is installed, by the ending of its name.
func backendOf(file string) string {
	switch strings.ToLower(path.Ext(file)) {
	case ".msi":
		return "msi"
	case ".exe":
		return "exe"
	}
	return "bundle"
}

// setup completes a release whose package is an installer of its own: what
// changes with it, and how it is run.
func (f *addition) setup(cmd *cobra.Command, release *manifest.Release, file string) error {
	if release.Backend == "" {
		release.Backend = backendOf(file)
	}
	if f.setupFile == "" {
		return nil
	}
	if release.Backend == "bundle" {
		return badUsage(cmd, "--setup is for installers, and "+filepath.Base(file)+" is none")
	}
	data, err := readDocument(f.setupFile)
	if err != nil {
		return err
	}
	var setup manifest.Setup
	if err := manifest.DecodeStrict(data, &setup); err != nil {
		return &publish.Error{Reason: publish.CodeBadDocument, Name: f.setupFile, Cause: err}
	}
	release.Setup = &setup
	return nil
}

// signed looks at the signature of an installer. A wrong name in the manifest
// would make every workstation refuse it.
func (a *app) signed(release manifest.Release, file string, payload io.ReaderAt, size int64) error {
	if release.Backend == "bundle" || !signature.Kind(file) {
		return nil
	}
	var wanted string
	if release.Setup != nil {
		wanted = release.Setup.Signer
	}
	found, err := signature.Read(file, payload, size)
	wrong := func(code string) error {
		return &usageError{reason: code, args: map[string]string{"File": file, "Expected": wanted, "Found": found.Name}, cause: err}
	}
	switch {
	case errors.Is(err, signature.ErrUnsigned) && wanted == "":
		a.say("warning: %s is not signed", file)
		return nil
	case errors.Is(err, signature.ErrUnsigned):
		return wrong(CodeUnsigned)
	case err != nil:
		return wrong(CodeBadSignature)
	case wanted == "":
		a.say("%s is signed by %q; name it as signer in --setup, and workstations ask for it", file, found.Name)
	case wanted != found.Name:
		return wrong(CodeOtherSigner)
	}
	if !found.Stamped {
		a.say("warning: the signature of %s has no time stamp; workstations refuse it after %s", file, found.Ends.UTC().Format("2006-01-02"))
	}
	return nil
}
