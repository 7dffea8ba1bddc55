package osdetect

import (
	"fmt"
	"strings"
)

// Values of IsWow64Process2, as the header of portable executables has them.
const (
	machineI386  = 0x014c
	machineAMD64 = 0x8664
	machineARM64 = 0xaa64
)

// noSession is the console session when nobody's is at the screen.
const noSession = 0xffffffff

// windows judges what Windows said.
func (f facts) windows(r rawWindows) {
	// The compatibility layer that Windows Installer runs programs under
	// changes RtlGetVersion; the plain numbers stay true.
	v := r.Numbers
	if v == ([3]uint32{}) {
		v = r.Version
	}
	kind := map[uint8]string{1: "workstation", 2: "server", 3: "server"}[r.ProductType]
	f.text("os.product_type", kind)
	f.text("os.edition", r.EditionID)
	f.text("os.display_version", displayVersion(r))
	if v[2] != 0 {
		f.text("os.version", fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]))
		f.known["os.build"] = int64(v[2])
		name, release := windowsName(v[2], kind, r.EditionID)
		f.text("os.name", name)
		f.text("os.release", release)
	}
	if r.UBR != nil && *r.UBR <= 1<<32 {
		f.known["os.ubr"] = int64(*r.UBR)
	}
	switch r.NativeMachine {
	case machineAMD64:
		f.text("arch.native", "amd64")
	case machineARM64:
		f.text("arch.native", "arm64")
	case machineI386:
		f.text("arch.native", "386")
	}
	f.text("session.kind", windowsSession(r))
	f.text("session.host", sessionHost(r))
	f.smartCards(r.SmartCards)
	f.flag("wmic.present", r.WMIC)
	f.wmic(r)
	f.flag("reboot.pending", anyOf(r.ServicingReboot, r.UpdateReboot, r.PendingRenames, r.UpdateVolatile))
}

// wmic tells which WMIC a program finds that looks for it by its name, and
// whether one stands in for that of Windows.
func (f facts) wmic(r rawWindows) {
	if r.WMICOnPath == nil {
		return
	}
	first, standin := "none", false
	for i, path := range r.WMICOnPath {
		if i == 0 {
			first = path
		}
		standin = standin || !strings.EqualFold(path, r.WMICOfSystem)
	}
	f.text("wmic.path", first)
	f.flag("wmic.standin", &standin)
}

// windowsName returns the name and the release for a build. The build alone
// does not tell: 26100 is Windows 11 24H2 and Windows Server 2025. The
// registry's ProductName is no help, it says Windows 10 on Windows 11. The
// multi-session edition of Windows 10 and 11 calls itself a server.
// Sources: Windows release information and Windows Server release information,
// learn.microsoft.com; 26300 and 28000 from the release notes of 26H2 and 26H1.
func windowsName(build uint32, kind, edition string) (name, release string) {
	if strings.EqualFold(edition, multiSession) {
		kind = "workstation"
	}
	switch kind {
	case "workstation":
		releases := map[uint32]string{
			10240: "1507", 10586: "1511", 14393: "1607", 15063: "1703", 16299: "1709",
			17134: "1803", 17763: "1809", 18362: "1903", 18363: "1909", 19041: "2004",
			19042: "20H2", 19043: "21H1", 19044: "21H2", 19045: "22H2",
			22000: "21H2", 22621: "22H2", 22631: "23H2", 26100: "24H2", 26200: "25H2",
			26300: "26H2", 28000: "26H1",
		}
		switch {
		case build >= 22000:
			return "Windows 11", releases[build]
		case build >= 10240:
			return "Windows 10", releases[build]
		}
	case "server":
		years := map[uint32]string{14393: "2016", 17763: "2019", 20348: "2022", 26100: "2025"}
		if year, ok := years[build]; ok {
			return "Windows Server " + year, year
		}
		return "Windows Server", ""
	}
	return "", ""
}

// multiSession is the edition that serves several people at once on Azure
// Virtual Desktop. Source: Microsoft, "Windows Enterprise multi-session FAQ".
const multiSession = "ServerRdsh"

// displayVersion returns the release as Windows names it itself. ReleaseId
// stands still at 2009 since there is a DisplayVersion.
func displayVersion(r rawWindows) string {
	if r.DisplayVersion != "" {
		return r.DisplayVersion
	}
	return r.ReleaseID
}

// windowsSession tells where the process runs, or "" when that cannot be
// told. Windows says so of a remote session, except for one with a graphics
// processor of its own, whose name then tells. Being the session at the screen
// comes before the name: SESSIONNAME is what it was when the shell started, and
// a session can move. Source: Microsoft, detecting the Remote Desktop Services
// environment.
func windowsSession(r rawWindows) string {
	if r.Session == nil {
		return ""
	}
	if *r.Session == 0 {
		return "service"
	}
	if r.RemoteSession != nil && *r.RemoteSession {
		return "remote"
	}
	if r.ConsoleSession != nil && *r.ConsoleSession != noSession && *r.Session == *r.ConsoleSession {
		return "console"
	}
	name := strings.ToUpper(r.SessionName)
	if strings.HasPrefix(name, "RDP-") || strings.HasPrefix(name, "ICA-") {
		return "remote"
	}
	return ""
}

// Bits of RtlGetVersion, from winnt.h: every Windows of today has the first;
// the second says that only one person at a time uses it, apart from
// administrators.
const (
	suiteTerminal   = 0x0010
	suiteSingleUser = 0x0100
)

// sessionHost tells whether the machine serves sessions to several people, or
// its desktop through Citrix, or "" when that cannot be told. A workstation
// that somebody reaches by Remote Desktop is no host.
func sessionHost(r rawWindows) string {
	var several *bool
	if r.Suite != nil && *r.Suite&suiteTerminal != 0 {
		serves := *r.Suite&suiteSingleUser == 0
		several = &serves
	}
	serves := several != nil && *several || r.SessionHost != nil && *r.SessionHost
	switch {
	case r.CitrixAgent != nil && *r.CitrixAgent:
		return "citrix"
	case serves && r.CitrixAgent != nil:
		return "rds"
	case !serves && r.CitrixAgent != nil && (several != nil || r.SessionHost != nil):
		return "none"
	}
	return ""
}

// smartCards judges the service that all PC/SC goes through.
func (f facts) smartCards(s *service) {
	if s == nil {
		return
	}
	if *s == (service{}) {
		f.text("service.scardsvr", "absent")
		return
	}
	f.text("service.scardsvr", map[uint32]string{1: "stopped", 2: "running", 3: "stopped", 4: "running"}[s.State])
	f.text("service.scardsvr_start", map[uint32]string{2: "automatic", 3: "manual", 4: "disabled"}[s.Start])
}

// anyOf is true when one sign is, false when all were read and none is, and
// nil otherwise.
func anyOf(signs ...*bool) *bool {
	found, complete := false, true
	for _, s := range signs {
		complete = complete && s != nil
		found = found || s != nil && *s
	}
	if !found && !complete {
		return nil
	}
	return &found
}
