package osdetect

import (
	"slices"
	"strings"
)

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
	return slices.Concat(systemPaths(), workstationPaths(), readerPaths(), ringPaths())
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
		{"os.display_version", String, nil, true, "Release as Windows names it itself, for example `24H2`, also of one that this program does not know yet."},
		{"os.edition", String, nil, true, "Windows edition as the registry writes it, for example `Professional`."},
		{"os.product_type", String, []string{"workstation", "server"}, true, "Whether the system is a workstation or a server. Windows only, which uses build 26100 for both 11 24H2 and Server 2025."},
		{"arch.native", String, []string{"amd64", "arm64", "386"}, true, "Architecture of the machine, also when this program runs under emulation."},
		{"arch.process", String, []string{"amd64", "arm64", "386"}, true, "Architecture this program was built for."},
		{"session.kind", String, []string{"console", "remote", "service"}, true, "Where this program runs: at the machine itself, in a remote session (card readers seen there are the client's), or without a user."},
		{"session.host", String, []string{"none", "rds", "citrix"}, true, "Whether several people work on this machine at once through Remote Desktop Services, or it serves its desktop through Citrix; `none` for a workstation, also when somebody reaches it remotely. Windows only."},
		{"elevated", Bool, nil, true, "Whether this program runs with administrator rights, or as root."},
		{"disk.free_bytes", Int, nil, true, "Bytes free, for this user, on the volume where releve keeps its state."},
		{"reboot.pending", Bool, nil, true, "Whether the system waits for a restart to finish an update. On Linux only `true` can be known."},
		{"wmic.present", Bool, nil, true, "Whether `WMIC.exe` is in `System32\\wbem`. Windows only."},
		{"service.scardsvr", String, []string{"running", "stopped", "absent"}, true, "State of the Windows service `SCardSvr`, which all PC/SC goes through. Windows may stop it while no reader is there."},
		{"service.scardsvr_start", String, []string{"automatic", "manual", "disabled"}, true, "How that service is started. `manual` is what Windows comes with, `automatic` what Cryptolib CPS sets."},
		{"wmic.path", String, nil, true, "Path of the WMIC that a program finds that looks for it by its name, as GALSS does: the first that the PATH of the machine leads to; `none` for none. Windows only."},
		{"wmic.standin", Bool, nil, true, "Whether the PATH of the machine leads to a WMIC that is not the one of Windows, which stands in for it. Windows only."},
	}
}

func workstationPaths() []PathInfo {
	return []PathInfo{
		{"network.proxy", String, []string{"none", "environment", "fixed", "script"}, false, "Who names the proxy that requests go through: the environment of this process, a fixed address in the settings of the system, or a script that these settings name or let the network name."},
		{"galss.mode", String, []string{"pss", "pcsc", "none"}, false, "How GALSS reaches the readers: `pss` when a channel of `galss.ini` is serial, `pcsc` when all are PC/SC, `none` when GALSS is not configured."},
		{"galss.problem", Int, nil, false, "Number of the first error that GALSS would find in `galss.ini`, from the list of GIE SESAM-Vitale, for example 32775; 0 for none. 32769 when there is no such file, whether GALSS is installed or not."},
		{"galss.problem_at", String, nil, false, "Where that error is and what stands there, for example `[CANAL1] TCanal = 7`; `none` for none."},
		{"component.<name>.present", Bool, nil, false, "Whether the component is installed."},
		{"component.<name>.version", String, nil, false, "Version of the component as found on the machine, the newest when there are several. Absent when the component is, or when its version cannot be told."},
		{"component.<name>.versions", String, nil, false, "All versions of the component, when several are installed side by side: the newest first, with \", \" between them."},
	}
}

// readerPaths are about card readers and the cards in them.
func readerPaths() []PathInfo {
	return []PathInfo{
		{"galss.servers", Int, nil, false, "Number of GALSS servers that run: `galsvw64.exe` and `galsvw32.exe`, or `galsvosx`. Two at once are a fault."},
		{"galss.running", Bool, nil, false, "Whether a GALSS server runs."},
		{"galss.reader_missing", String, nil, false, "Name of the first PC/SC reader in `galss.ini` that the system does not list; `none` when all are there. Readers can have another number after a restart."},
		{"card.cps", String, []string{"none", "cps3", "cps4"}, false, "Professional card in a reader, told by its answer to reset. Of several the newest."},
		{"card.vitale", String, []string{"none", "vitale1", "vitale2"}, false, "Vitale card in a reader, told by its answer to reset. Of several the newest."},
		{"card.mute", Bool, nil, false, "Whether a card in a reader does not answer: it is the wrong way round, dirty or broken."},
		{"card.session", String, []string{"none", "shared", "exclusive"}, false, "Whether a program works with a card: connected to it so that others may join, or alone. The strongest use of all slots. Windows only."},
		{"reader.count", Int, nil, false, "PC/SC slots. A reader can have several, and a contactless one counts too."},
		{"reader.contact", Bool, nil, false, "Whether a PC/SC slot has contacts, as far as its name and its card tell."},
		{"reader.serial", Bool, nil, false, "Whether a USB device with a serial port and without PC/SC slot is plugged in that may be a reader in serial mode (PSS): one of a maker of readers, or any while there is no slot. Windows only."},
		{"reader.service", String, []string{"running", "stopped", "unreachable"}, false, "How the resource manager of PC/SC answered. Windows stops it with the last reader and starts it with the first."},
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
