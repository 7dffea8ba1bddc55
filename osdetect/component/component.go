// Package component finds out which versions of a component are installed, by
// the evidence that its manifest lists.
//
// What it promises:
//   - what is found does not depend on who installed it
//   - a component is absent only when something that would show it could be
//     read and did not: what cannot be read makes it unknown, with the reason
//   - several versions side by side are all reported, the newest first
//   - one pure function judges what one thin reader for each system says
//   - it changes nothing and starts nothing, and its cost is bounded
//
// What it does not promise: that a component the manifest says nothing about
// is absent, or that one whose files were deleted by hand is. Windows
// Installer and the receipts of macOS remember what they installed.
package component

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/registry"
)

// Presence says whether a component is installed.
type Presence string

// The answers there are.
const (
	Present Presence = "present"
	Absent  Presence = "absent"
	Unknown Presence = "unknown"
)

// Found is what is known about a component.
type Found struct {
	Presence Presence
	Version  string            // the newest that is installed; "" when there is none, or none that can be told
	By       manifest.Evidence // what showed Version, or else the presence
	Installs []Install         // side by side, the newest first
	Problems []Problem         // what could not be read, whether it mattered or not
}

// Install is one installed version of a component.
type Install struct {
	Version  string                // "" when it cannot be told
	Evidence manifest.EvidenceKind // what showed it first
	Product  string                // product code of Windows Installer, "{…}" in upper case; "" when it is not Windows Installer's
	View     registry.View         // where Windows lists it: View32 for a component of 32 bits; 0 when it is not listed
	Place    string                // file, folder, registry key or receipt; as it stands on the machine, or ""
	Package  string                // the copy of its package that Windows Installer keeps, or ""
	Removal  string                // command line that removes it silently, as its installer wrote it; "" for none
}

// Err returns why a component is unknown, and nil when it is not, or when
// there is nothing it could be recognised by.
func (f Found) Err() error {
	if f.Presence == Unknown && len(f.Problems) > 0 {
		return f.Problems[0]
	}
	return nil
}

// Versions returns the versions that are installed, the newest first, each
// once. Versions that only are written differently are one.
func (f Found) Versions() []string {
	var out []string
	for _, in := range f.Installs {
		if in.Version != "" && !containsVersion(out, in.Version) {
			out = append(out, in.Version)
		}
	}
	return out
}

// Codes of problems.
const (
	CodeLocked     = "component-locked"     // this user may not read it
	CodeUnreadable = "component-unreadable" // it could not be read
	CodeTooMuch    = "component-too-much"   // there is more than is read
	CodeVersion    = "component-version"    // what should be a version is none
)

// Problem is a piece of evidence that gave no answer, or no usable one. It is
// a coded error: the views have a sentence for every code.
type Problem struct {
	code     string
	Evidence manifest.Evidence
	Found    string // CodeVersion: what stands there, shortened
	cause    error
}

// problem words what went wrong with a piece of evidence.
func problem(e manifest.Evidence, err error) Problem {
	p := Problem{code: CodeUnreadable, Evidence: e, cause: err}
	switch {
	case errors.Is(err, fs.ErrPermission):
		p.code = CodeLocked
	case errors.Is(err, registry.ErrTooMany), errors.Is(err, registry.ErrTooLarge):
		p.code = CodeTooMuch
	}
	return p
}

// Error returns the English text for the log.
func (p Problem) Error() string {
	text := fmt.Sprintf("evidence %s %q: %s", p.Evidence.Kind, p.Place(), p.code)
	if p.Found != "" {
		text += fmt.Sprintf(", found %q", p.Found)
	}
	if p.cause != nil {
		text += ": " + p.cause.Error()
	}
	return text
}

// Code returns the stable code of the problem.
func (p Problem) Code() string { return p.code }

// Args returns what the sentences of the views fill in.
func (p Problem) Args() map[string]string {
	return map[string]string{"Kind": string(p.Evidence.Kind), "Place": p.Place(), "Found": p.Found}
}

// Unwrap returns the cause, if there is one.
func (p Problem) Unwrap() error { return p.cause }

// Place names what was looked at, as an administrator would write it.
func (p Problem) Place() string {
	e := p.Evidence
	switch e.Kind {
	case manifest.EvidenceRegistry:
		return `HKLM\` + e.Path + `\` + e.Name
	case manifest.EvidenceUninstall:
		return e.Name
	case manifest.EvidenceFileVersion, manifest.EvidencePlist:
		return e.Path
	}
	return e.ID
}
