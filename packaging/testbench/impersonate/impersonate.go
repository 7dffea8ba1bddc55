// Package impersonate makes a Wine prefix say that it is another Windows: every
// program that starts afterwards sees the build, on RtlGetVersion too, which
// follows the registry there. A real Windows does not, so it is for test
// benches under Wine only.
package impersonate

// A Release is what the registry of a Windows says of itself.
type Release struct {
	Build          uint32
	UBR            uint32 // the number after the build; the first of the release, or one that was seen
	DisplayVersion string
	EditionID      string
	ProductName    string // what it says, which is Windows 10 on Windows 11 too
	ProductType    string // WinNT for a workstation, ServerNT for a server
}

// Releases returns what can be impersonated. Sources: Windows release
// information, learn.microsoft.com; for 26300 and 28000 the release notes of
// 26H2 and 26H1.
func Releases() []Release {
	workstation := func(build, ubr uint32, version string) Release {
		return Release{build, ubr, version, "Professional", "Windows 10 Pro", "WinNT"}
	}
	return []Release{
		workstation(19045, 6456, "22H2"),
		workstation(22631, 6060, "23H2"),
		workstation(26100, 1742, "24H2"),
		workstation(26200, 6899, "25H2"),
		workstation(26300, 9457, "26H2"),
		workstation(28000, 1340, "26H1"),
		{20348, 4171, "21H2", "ServerStandard", "Windows Server 2022 Standard", "ServerNT"},
	}
}
