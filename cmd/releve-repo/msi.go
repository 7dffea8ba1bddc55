package main

import (
	"io"

	"github.com/releve-sante/releve/installer/backend/msi/database"
	"github.com/releve-sante/releve/manifest"
)

// Codes of what is wrong with a package of Windows Installer that is to be
// published.
const (
	CodeNoPackage    = "repo-msi-unreadable"
	CodeOtherVersion = "repo-msi-version"
	CodeNotWhole     = "repo-msi-not-whole"
)

// packaged looks into a package of Windows Installer. Workstations believe
// what Windows says is installed, which is the version in the package; they are
// sent that one file and nothing that lies beside it.
func (a *app) packaged(release manifest.Release, file string, payload io.ReaderAt, size int64) error {
	if release.Backend != "msi" {
		return nil
	}
	wrong := func(code, found string, cause error) error {
		return &usageError{reason: code, args: map[string]string{"File": file, "Expected": release.Version, "Found": found}, cause: cause}
	}
	p, err := database.Read(payload, size)
	if err != nil {
		return wrong(CodeNoPackage, "", err)
	}
	if !manifest.SameVersion(release.Version, p.ProductVersion) {
		return wrong(CodeOtherVersion, p.ProductVersion, nil)
	}
	if !p.Whole {
		return wrong(CodeNotWhole, "", nil)
	}
	a.say("%s is product %s of upgrade code %s; with these as evidence of the component, workstations recognise it whoever installed it",
		file, p.ProductCode, orNone(p.UpgradeCode))
	return nil
}

func orNone(code string) string {
	if code == "" {
		return "none"
	}
	return code
}
