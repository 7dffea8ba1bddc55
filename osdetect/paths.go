package osdetect

import "strings"

// Type is the type of the value a fact has.
type Type string

// The types a fact can have.
const (
	String Type = "string"
	Bool   Type = "bool"
	Int    Type = "int" // int64
)

// PathInfo describes one fact path. The paths are a contract: manifests,
// policies and captured machines name them, so they are added and never
// renamed.
type PathInfo struct {
	Path     string   // with <name> where the name of a component stands
	Type     Type     // of the value
	Values   []string // every value there is, or nil when the set is open
	Detected bool     // Detect can find it; the others are added by who recognises them
	Meaning  string   // one English sentence, with the unit if there is one
}

// Paths returns every fact path, in the order in which docs/facts.md lists
// them.
func Paths() []PathInfo {
	return append(append(systemPaths(), workstationPaths()...), ringPaths()...)
}

func systemPaths() []PathInfo {
	return []PathInfo{
		{"os.family", String, []string{"windows", "macos", "linux"}, true, "Family of the operating system."},
		{"os.version", String, nil, true, "True version: `10.0.26100` on Windows, `10.14.6` or `26.1` on macOS, the distribution's own on Linux. Only the major number when macOS hides the rest from old programs."},
		{"os.build", Int, nil, true, "Windows build number, for example 26100. Higher is not always later: 28000 (26H1, for given ARM machines) is no successor of 26300 (26H2)."},
		{"os.build_text", String, nil, true, "macOS build as Apple writes it, for example `18G103`."},
		{"os.ubr", Int, nil, true, "Windows update build revision, the number after the build."},
		{"os.name", String, nil, true, "Name for people, for example `Windows 11`, `Windows Server 2022` or `macOS Mojave`."},
		{"os.release", String, nil, true, "Release within the name, for example `24H2`, `2022` or `Mojave`. Absent when this program does not know the build or version yet."},
		{"os.edition", String, nil, true, "Windows edition as the registry writes it, for example `Professional`."},
		{"os.product_type", String, []string{"workstation", "server"}, true, "Whether the system is a workstation or a server. Windows only, which uses build 26100 for both 11 24H2 and Server 2025."},
		{"arch.native", String, []string{"amd64", "arm64", "386"}, true, "Architecture of the machine, also when this program runs under emulation."},
		{"arch.process", String, []string{"amd64", "arm64", "386"}, true, "Architecture this program was built for."},
		{"session.kind", String, []string{"console", "remote", "service"}, true, "Where this program runs: at the machine itself, in a remote session (card readers seen there are the client's), or without a user."},
		{"elevated", Bool, nil, true, "Whether this program runs with administrator rights, or as root."},
		{"disk.free_bytes", Int, nil, true, "Bytes free, for this user, on the volume where releve keeps its state."},
		{"reboot.pending", Bool, nil, true, "Whether the system waits for a restart to finish an update. On Linux only `true` can be known."},
		{"wmic.present", Bool, nil, true, "Whether `WMIC.exe` is in `System32\\wbem`. Windows only."},
	}
}

func workstationPaths() []PathInfo {
	return []PathInfo{
		{"galss.mode", String, []string{"pss", "pcsc", "none"}, false, "How GALSS reaches the readers: `pss` when a channel of `galss.ini` is serial, `pcsc` when all are PC/SC, `none` when GALSS is not configured."},
		{"galss.problem", Int, nil, false, "Number of the first error that GALSS would find in `galss.ini`, from the list of GIE SESAM-Vitale, for example 32775; 0 for none. 32769 when there is no such file, whether GALSS is installed or not."},
		{"galss.problem_at", String, nil, false, "Where that error is and what stands there, for example `[CANAL1] TCanal = 7`; `none` for none."},
		{"card.cps", String, []string{"none", "cps3", "cps4"}, false, "Professional card in a reader, told by its answer to reset."},
		{"component.<name>.present", Bool, nil, false, "Whether the component is installed."},
		{"component.<name>.version", String, nil, false, "Version of the component as found on the machine. Absent when the component is, or when its version cannot be told."},
	}
}

// ringPaths are what a roll-out tells machines apart by. A list is a text with
// ", " between its entries, sorted.
func ringPaths() []PathInfo {
	return []PathInfo{
		{"machine.id", String, nil, false, "Identity of the machine, 32 hexadecimal digits of chance made once by releve; tells which share of all machines it belongs to. No command prints it with the facts."},
		{"policy.ring", String, []string{"pilot"}, false, "Ring that the administrator put the machine into."},
		{"policy.groups", String, nil, false, "Groups that the administrator put the machine into, for example `first-floor, radiology`."},
		{"policy.department", String, nil, false, "Code of the département of the site, for example `75`, `2A` or `971`."},
		{"policy.finess", String, nil, false, "FINESS numbers of the site, for example `750712184`."},
	}
}

const maxPath = 128 // bytes in a fact path

// wellFormed reports whether path is words of [a-z0-9_-] joined by points.
func wellFormed(path string) bool {
	for word := range strings.SplitSeq(path, ".") {
		if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			return false
		}
	}
	return true
}

// info returns what is known about a path; ok is false for a path that is not
// in the table, which a newer releve may have written.
func info(path string) (p PathInfo, ok bool) {
	for _, p := range Paths() {
		before, after, pattern := strings.Cut(p.Path, "<name>")
		if !pattern && p.Path == path {
			return p, true
		}
		name, long := strings.CutPrefix(path, before)
		name, closed := strings.CutSuffix(name, after)
		if pattern && long && closed && name != "" && !strings.Contains(name, ".") {
			return p, true
		}
	}
	return PathInfo{}, false
}
