package osdetect

import (
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/releve-sante/releve/osdetect/quote"
)

// interpret judges the readings. Every decision of this package is in it and
// in what it calls, and none of them looks at the machine.
func interpret(r raw) (Facts, error) {
	f := facts{Facts{}}
	f.text("os.family", Family(r.GOOS))
	switch {
	case r.GOOS == "windows" && r.Windows != nil:
		f.windows(*r.Windows)
	case r.GOOS == "darwin" && r.Darwin != nil:
		f.macOS(*r.Darwin)
	case r.GOOS == "linux" && r.Linux != nil:
		f.linux(*r.Linux)
	default:
		return nil, unsupported(r.GOOS)
	}
	f.text("arch.process", r.GOARCH)
	f.flag("elevated", r.Elevated)
	if r.FreeBytes != nil {
		f.known["disk.free_bytes"] = int64(min(*r.FreeBytes, math.MaxInt64))
	}
	return f.known, nil
}

// Family is the value of os.family for a program built for goos, "" for a
// system that this package does not know.
func Family(goos string) string {
	switch goos {
	case "windows", "linux":
		return goos
	case "darwin":
		return "macos"
	}
	return ""
}

// unsupported is the error for a system this package cannot read.
func unsupported(goos string) *Error {
	return &Error{code: CodeUnsupported, Expected: "Windows, macOS, Linux", Found: show(goos), cause: errors.ErrUnsupported}
}

// facts collects what is known.
type facts struct{ known Facts }

// text keeps a text the system gave, unless it is empty, unfit to be shown or
// outside the values the path can have: then the fact stays unknown.
func (f facts) text(path, value string) {
	value = strings.TrimSpace(value)
	p, _ := info(path)
	switch {
	case value == "" || len(value) > maxText || strings.IndexFunc(value, quote.Hidden) >= 0:
	case p.Values != nil && !slices.Contains(p.Values, value):
	default:
		f.known[path] = value
	}
}

// flag keeps a reading that is true or false, unless it is missing.
func (f facts) flag(path string, value *bool) {
	if value != nil {
		f.known[path] = *value
	}
}

// linux judges what Linux said.
func (f facts) linux(r rawLinux) {
	f.text("os.name", r.Release["NAME"])
	f.text("os.version", r.Release["VERSION_ID"])
	f.text("os.release", r.Release["VERSION_CODENAME"])
	switch r.Machine {
	case "x86_64":
		f.text("arch.native", "amd64")
	case "aarch64":
		f.text("arch.native", "arm64")
	case "i386", "i486", "i586", "i686":
		f.text("arch.native", "386")
	}
	f.text("session.kind", linuxSession(r))
	// Only some distributions write this file, so that its absence says
	// nothing.
	if r.RebootRequired != nil && *r.RebootRequired {
		f.known["reboot.pending"] = true
	}
}

// linuxSession tells where the process runs, or "" when that cannot be told.
func linuxSession(r rawLinux) string {
	switch {
	case r.SSH:
		return "remote"
	case slices.Contains([]string{"tty", "x11", "wayland"}, r.SessionType):
		return "console"
	case r.Parent == 1:
		return "service"
	}
	return ""
}
