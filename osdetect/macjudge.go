package osdetect

import (
	"strconv"
	"strings"
)

// macOS judges what macOS said.
func (f facts) macOS(r rawDarwin) {
	version := macVersion(r.Kernel, r.Product, r.PlistProduct)
	f.text("os.version", version)
	if name := macName(version); name != "" {
		f.text("os.name", "macOS "+name)
		f.text("os.release", name)
	} else if version != "" {
		f.text("os.name", "macOS "+version)
	}
	build := r.Build
	if build == "" {
		build = r.PlistBuild
	}
	f.text("os.build_text", build)
	f.text("arch.native", macNative(r))
	f.text("session.kind", macSession(r))
}

// newestDarwin is the newest kernel whose release of macOS is established.
const newestDarwin = 25

// macVersion returns the true version, or "" when it cannot be told. Programs
// built with an old SDK are told 10.16 for Big Sur and later and 16.0 for
// macOS 26; the kernel is not part of that game, so that its major number
// decides between the readings. When none agrees with it, only the major
// number of macOS is known.
func macVersion(kernel string, readings ...string) string {
	darwin, known := number(kernel, 0)
	for _, v := range readings {
		major, ok := number(v, 0)
		switch {
		case !ok || hiddenVersion(v):
		case !known && plausible(v), known && majorOf(darwin) == majorOfVersion(v):
			return v
		case known && darwin > newestDarwin && major > darwin:
			return v // a system newer than this program: take its word
		}
	}
	if known && darwin <= newestDarwin {
		return majorOf(darwin)
	}
	return ""
}

// hiddenVersion reports whether v is a name for old programs.
func hiddenVersion(v string) bool {
	return v == "10.16" || strings.HasPrefix(v, "10.16.") || v == "16" || strings.HasPrefix(v, "16.")
}

// plausible reports whether v can be a version of macOS: there are none from
// 16 to 25.
func plausible(v string) bool {
	major, _ := number(v, 0)
	return major >= 10 && (major <= 15 || major >= 26)
}

// majorOf returns the part of the macOS version that the Darwin version tells:
// 10.x up to Darwin 19, one number from Darwin 20 on. Source: comments in the
// Cryptolib CPS installer for Darwin 14 to 22; uname of macOS 26 is 25.
func majorOf(darwin int) string {
	switch {
	case darwin < 5:
		return ""
	case darwin <= 19:
		return "10." + strconv.Itoa(darwin-4)
	case darwin <= 24:
		return strconv.Itoa(darwin - 9)
	}
	return strconv.Itoa(darwin + 1)
}

// majorOfVersion returns the part of a macOS version that majorOf returns.
func majorOfVersion(v string) string {
	major, _ := number(v, 0)
	if minor, ok := number(v, 1); ok && major == 10 {
		return "10." + strconv.Itoa(minor)
	}
	return strconv.Itoa(major)
}

// number returns the i-th number of a version written with points.
func number(v string, i int) (int, bool) {
	parts := strings.Split(strings.TrimSpace(v), ".")
	if i >= len(parts) || len(parts[i]) > 4 {
		return 0, false
	}
	n, err := strconv.Atoi(parts[i])
	return n, err == nil && n >= 0
}

// macName returns the name of a version of macOS, or "" for one that has none
// here.
func macName(version string) string {
	if version == "" {
		return ""
	}
	return map[string]string{
		"10.12": "Sierra", "10.13": "High Sierra", "10.14": "Mojave", "10.15": "Catalina",
		"11": "Big Sur", "12": "Monterey", "13": "Ventura", "14": "Sonoma", "15": "Sequoia", "26": "Tahoe",
	}[majorOfVersion(version)]
}

// macNative returns the architecture of the machine. Under Rosetta hw.machine
// says x86_64 on Apple silicon.
func macNative(r rawDarwin) string {
	switch {
	case r.ARM64 != nil && *r.ARM64, r.Translated != nil && *r.Translated, r.Machine == "arm64":
		return "arm64"
	case r.Machine == "x86_64":
		return "amd64"
	}
	return ""
}

// macSession tells where the process runs, or "" when that cannot be told:
// the user at the screen owns the console device, also when he uses sudo.
func macSession(r rawDarwin) string {
	user := r.UID
	if r.SudoUID != nil {
		user = *r.SudoUID
	}
	switch {
	case r.SSH:
		return "remote"
	case r.ConsoleUID != nil && *r.ConsoleUID != 0 && user == *r.ConsoleUID:
		return "console"
	case r.Parent == 1 && r.UID == 0:
		return "service"
	}
	return ""
}
