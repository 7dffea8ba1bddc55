package osdetect

import (
	"encoding/json"
	"errors"
	"maps"
	"testing"
)

func yes() *bool { v := true; return &v }
func no() *bool  { v := false; return &v }

func num[T any](v T) *T { return &v }

// windowsRow is a machine with Windows and what is to be known of it.
type windowsRow struct {
	name string
	in   rawWindows
	want Facts
}

func (r windowsRow) check(t *testing.T) {
	want := r.want.With("os.family", "windows").With("arch.process", "amd64")
	check(t, raw{GOOS: "windows", GOARCH: "amd64", Windows: &r.in}, want)
}

func TestInterpretWindows(t *testing.T) {
	tests := []windowsRow{
		{
			name: "workstation-24h2",
			in: rawWindows{
				Numbers: [3]uint32{10, 0, 26100}, Version: [3]uint32{10, 0, 26100}, ProductType: 1, UBR: num[uint64](4652), EditionID: "Professional", NativeMachine: 0x8664,
				Session: num[uint32](1), ConsoleSession: num[uint32](1), SessionName: "Console", WMIC: no(),
				ServicingReboot: no(), UpdateReboot: no(), PendingRenames: no(), UpdateVolatile: no(),
			},
			want: Facts{
				"os.version": "10.0.26100", "os.build": int64(26100), "os.ubr": int64(4652), "os.name": "Windows 11", "os.release": "24H2", "os.edition": "Professional",
				"os.product_type": "workstation", "arch.native": "amd64", "session.kind": "console", "wmic.present": false, "reboot.pending": false,
			},
		},
		{
			name: "wmic-of-windows",
			in:   rawWindows{WMIC: yes(), WMICOfSystem: `C:\Windows\system32\wbem\WMIC.exe`, WMICOnPath: []string{`C:\WINDOWS\System32\Wbem\WMIC.exe`}},
			want: Facts{"wmic.present": true, "wmic.path": `C:\WINDOWS\System32\Wbem\WMIC.exe`, "wmic.standin": false},
		},
		{
			name: "wmic-nowhere",
			in:   rawWindows{WMIC: no(), WMICOfSystem: `C:\Windows\system32\wbem\WMIC.exe`, WMICOnPath: []string{}},
			want: Facts{"wmic.present": false, "wmic.path": "none", "wmic.standin": false},
		},
		{
			name: "wmic-replaced",
			in:   rawWindows{WMIC: no(), WMICOfSystem: `C:\Windows\system32\wbem\WMIC.exe`, WMICOnPath: []string{`C:\Releve\WMIC.exe`}},
			want: Facts{"wmic.present": false, "wmic.path": `C:\Releve\WMIC.exe`, "wmic.standin": true},
		},
		{
			name: "same-build-is-server-2025",
			in:   rawWindows{Numbers: [3]uint32{10, 0, 26100}, ProductType: 3},
			want: Facts{"os.version": "10.0.26100", "os.build": int64(26100), "os.name": "Windows Server 2025", "os.release": "2025", "os.product_type": "server"},
		},
		{
			name: "same-build-without-product-type-has-no-name",
			in:   rawWindows{Numbers: [3]uint32{10, 0, 26100}},
			want: Facts{"os.version": "10.0.26100", "os.build": int64(26100)},
		},
		{
			name: "compatibility-layer-lies",
			in:   rawWindows{Numbers: [3]uint32{10, 0, 22631}, Version: [3]uint32{6, 2, 9200}, ProductType: 1},
			want: Facts{"os.version": "10.0.22631", "os.build": int64(22631), "os.name": "Windows 11", "os.release": "23H2", "os.product_type": "workstation"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.check)
	}
}

func TestInterpretWindowsBuilds(t *testing.T) {
	tests := []windowsRow{
		{
			name: "26h1-is-named-by-its-number",
			in:   rawWindows{Numbers: [3]uint32{10, 0, 28000}, ProductType: 1, NativeMachine: 0xaa64},
			want: Facts{"os.version": "10.0.28000", "os.build": int64(28000), "os.name": "Windows 11", "os.release": "26H1", "os.product_type": "workstation", "arch.native": "arm64"},
		},
		{
			name: "26h2",
			in:   rawWindows{Numbers: [3]uint32{10, 0, 26300}, ProductType: 1},
			want: Facts{"os.version": "10.0.26300", "os.build": int64(26300), "os.name": "Windows 11", "os.release": "26H2", "os.product_type": "workstation"},
		},
		{
			name: "newer-than-this-program",
			in:   rawWindows{Numbers: [3]uint32{10, 0, 29999}, ProductType: 1},
			want: Facts{"os.version": "10.0.29999", "os.build": int64(29999), "os.name": "Windows 11", "os.product_type": "workstation"},
		},
		{
			name: "domain-controller-is-a-server",
			in:   rawWindows{Numbers: [3]uint32{10, 0, 20348}, ProductType: 2},
			want: Facts{"os.version": "10.0.20348", "os.build": int64(20348), "os.name": "Windows Server 2022", "os.release": "2022", "os.product_type": "server"},
		},
		{name: "nothing-read", in: rawWindows{}, want: Facts{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.check)
	}
}

// macRow is a machine with macOS and what is to be known of it.
type macRow struct {
	name string
	in   rawDarwin
	want Facts
}

func (r macRow) check(t *testing.T) {
	want := r.want.With("os.family", "macos").With("arch.process", "arm64")
	check(t, raw{GOOS: "darwin", GOARCH: "arm64", Darwin: &r.in}, want)
}

func TestInterpretMacOS(t *testing.T) {
	tests := []macRow{
		{
			name: "mojave",
			in:   rawDarwin{Kernel: "18.7.0", Product: "10.14.6", Build: "18G103", Machine: "x86_64", UID: 501, ConsoleUID: num[uint32](501)},
			want: Facts{"os.version": "10.14.6", "os.build_text": "18G103", "os.name": "macOS Mojave", "os.release": "Mojave", "arch.native": "amd64", "session.kind": "console"},
		},
		{
			name: "high-sierra-has-only-the-plist",
			in:   rawDarwin{Kernel: "17.7.0", PlistProduct: "10.13.6", PlistBuild: "17G65"},
			want: Facts{"os.version": "10.13.6", "os.build_text": "17G65", "os.name": "macOS High Sierra", "os.release": "High Sierra"},
		},
		{
			name: "no-kernel",
			in:   rawDarwin{Product: "15.5"},
			want: Facts{"os.version": "15.5", "os.name": "macOS Sequoia", "os.release": "Sequoia"},
		},
		{
			name: "newer-than-this-program",
			in:   rawDarwin{Kernel: "26.0.0", Product: "27.0"},
			want: Facts{"os.version": "27.0", "os.name": "macOS 27.0"},
		},
		{
			name: "rosetta",
			in:   rawDarwin{Kernel: "23.6.0", Product: "14.6.1", Machine: "x86_64", ARM64: yes(), Translated: yes()},
			want: Facts{"os.version": "14.6.1", "os.name": "macOS Sonoma", "os.release": "Sonoma", "arch.native": "arm64"},
		},
		{name: "nothing-read", in: rawDarwin{}, want: Facts{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.check)
	}
}

func TestInterpretMacOSNamesForOldPrograms(t *testing.T) {
	tests := []macRow{
		{
			name: "big-sur-as-old-programs-see-it",
			in:   rawDarwin{Kernel: "20.6.0", Product: "10.16"},
			want: Facts{"os.version": "11", "os.name": "macOS Big Sur", "os.release": "Big Sur"},
		},
		{
			name: "ventura-as-old-programs-see-it-and-the-plist",
			in:   rawDarwin{Kernel: "22.6.0", Product: "10.16", PlistProduct: "13.6.1"},
			want: Facts{"os.version": "13.6.1", "os.name": "macOS Ventura", "os.release": "Ventura"},
		},
		{
			name: "tahoe",
			in:   rawDarwin{Kernel: "25.1.0", Product: "26.1"},
			want: Facts{"os.version": "26.1", "os.name": "macOS Tahoe", "os.release": "Tahoe"},
		},
		{
			name: "tahoe-as-old-programs-see-it",
			in:   rawDarwin{Kernel: "25.1.0", Product: "16.0", PlistProduct: "16.0"},
			want: Facts{"os.version": "26", "os.name": "macOS Tahoe", "os.release": "Tahoe"},
		},
		{
			name: "kernel-wins-over-a-version-that-is-too-new",
			in:   rawDarwin{Kernel: "18.7.0", Product: "14.2"},
			want: Facts{"os.version": "10.14", "os.name": "macOS Mojave", "os.release": "Mojave"},
		},
		{name: "alias-without-a-kernel", in: rawDarwin{Product: "10.16.0"}, want: Facts{}},
		{name: "newer-alias-without-a-kernel", in: rawDarwin{Product: "16.2"}, want: Facts{}},
		{name: "a-version-that-never-was", in: rawDarwin{Product: "19.0"}, want: Facts{}},
		{name: "newer-than-this-program-as-old-programs-see-it", in: rawDarwin{Kernel: "26.0.0", Product: "16.0"}, want: Facts{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, tt.check)
	}
}

func TestInterpretLinux(t *testing.T) {
	debian := map[string]string{"ID": "debian", "NAME": "Debian GNU/Linux", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"}
	tests := []struct {
		name string
		in   raw
		want Facts
	}{
		{
			name: "debian",
			in:   raw{GOARCH: "amd64", Elevated: yes(), FreeBytes: num[uint64](4096), Linux: &rawLinux{Release: debian, Machine: "x86_64", RebootRequired: no()}},
			want: Facts{"os.name": "Debian GNU/Linux", "os.version": "12", "os.release": "bookworm", "arch.native": "amd64", "arch.process": "amd64", "elevated": true, "disk.free_bytes": int64(4096)},
		},
		{
			name: "waits-for-a-restart",
			in:   raw{GOARCH: "arm64", Linux: &rawLinux{Machine: "aarch64", SSH: true, SessionType: "tty", RebootRequired: yes()}},
			want: Facts{"arch.native": "arm64", "arch.process": "arm64", "session.kind": "remote", "reboot.pending": true},
		},
		{
			name: "terminal-sequence-in-a-name",
			in:   raw{GOARCH: "riscv64", FreeBytes: num(^uint64(0)), Linux: &rawLinux{Release: map[string]string{"NAME": "\x1b[2J"}, Machine: "riscv64", Parent: 1}},
			want: Facts{"session.kind": "service", "disk.free_bytes": int64(1<<63 - 1)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.GOOS = "linux"
			check(t, tt.in, tt.want.With("os.family", "linux"))
		})
	}
}

func TestInterpretRefusesOtherSystems(t *testing.T) {
	for _, in := range []raw{{}, {GOOS: "plan9"}, {GOOS: "windows"}, {GOOS: "darwin", Linux: &rawLinux{}}} {
		if _, err := interpret(in); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("interpret(%+v): error %v, want errors.ErrUnsupported", in, err)
		}
	}
}

// check compares what interpret says of a machine, also of one that came as
// JSON, with what it should say.
func check(t *testing.T, in raw, want Facts) {
	t.Helper()
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var copied raw
	if err := json.Unmarshal(data, &copied); err != nil {
		t.Fatal(err)
	}
	got, err := interpret(copied)
	if err != nil {
		t.Fatalf("interpret(%s): %v", data, err)
	}
	if !maps.Equal(got, want) {
		t.Errorf("interpret(%s)\n got %s\nwant %s", data, got.Encode(), want.Encode())
	}
}

func TestSessions(t *testing.T) {
	windows := []struct {
		name string
		in   rawWindows
		want string
	}{
		{"service", rawWindows{Session: num[uint32](0), ConsoleSession: num[uint32](1)}, "service"},
		{"at-the-screen", rawWindows{Session: num[uint32](2), ConsoleSession: num[uint32](2)}, "console"},
		{"at-the-screen-with-an-old-name", rawWindows{Session: num[uint32](2), ConsoleSession: num[uint32](2), SessionName: "RDP-Tcp#3"}, "console"},
		{"remote-desktop", rawWindows{Session: num[uint32](3), ConsoleSession: num[uint32](1), SessionName: "RDP-Tcp#12"}, "remote"},
		{"citrix", rawWindows{Session: num[uint32](3), ConsoleSession: num[uint32](1), SessionName: "ica-tcp#1"}, "remote"},
		{"moved-away-from-the-screen", rawWindows{Session: num[uint32](1), ConsoleSession: num[uint32](2), SessionName: "Console"}, ""},
		{"nobody-at-the-screen", rawWindows{Session: num[uint32](1), ConsoleSession: num[uint32](0xffffffff)}, ""},
		{"not-read", rawWindows{SessionName: "Console"}, ""},
	}
	for _, tt := range windows {
		t.Run("windows-"+tt.name, func(t *testing.T) {
			if got := windowsSession(tt.in); got != tt.want {
				t.Errorf("windowsSession(%+v) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
	mac := []struct {
		name string
		in   rawDarwin
		want string
	}{
		{"at-the-screen", rawDarwin{UID: 501, ConsoleUID: num[uint32](501)}, "console"},
		{"with-sudo", rawDarwin{UID: 0, SudoUID: num[uint32](501), ConsoleUID: num[uint32](501)}, "console"},
		{"ssh", rawDarwin{UID: 501, ConsoleUID: num[uint32](501), SSH: true}, "remote"},
		{"daemon", rawDarwin{UID: 0, ConsoleUID: num[uint32](0), Parent: 1}, "service"},
		{"somebody-else", rawDarwin{UID: 502, ConsoleUID: num[uint32](501), Parent: 1}, ""},
	}
	for _, tt := range mac {
		t.Run("macos-"+tt.name, func(t *testing.T) {
			if got := macSession(tt.in); got != tt.want {
				t.Errorf("macSession(%+v) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestRebootSigns(t *testing.T) {
	tests := []struct {
		name string
		in   []*bool
		want *bool
	}{
		{"none-is-set", []*bool{no(), no()}, no()},
		{"one-is-set", []*bool{no(), yes()}, yes()},
		{"one-is-set-one-not-read", []*bool{nil, yes()}, yes()},
		{"none-is-set-one-not-read", []*bool{nil, no()}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := anyOf(tt.in...)
			if (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
				t.Errorf("anyOf(%s) = %v, want %v", tt.name, got, tt.want)
			}
		})
	}
}

// FuzzInterpret holds the promise that whatever a system says, the facts are a
// document that ParseFacts takes.
func FuzzInterpret(f *testing.F) {
	f.Add([]byte(`{"goos":"windows","goarch":"amd64","windows":{"numbers":[10,0,26100],"version":[6,2,9200],"product_type":1}}`))
	f.Add([]byte(`{"goos":"darwin","goarch":"arm64","darwin":{"kernel":"25.1.0","product":"16.0","uid":501,"parent":1}}`))
	f.Add([]byte(`{"goos":"linux","goarch":"amd64","linux":{"release":{"NAME":"\u202ex"},"machine":"x86_64","parent":1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r raw
		if json.Unmarshal(data, &r) != nil {
			return
		}
		facts, err := interpret(r)
		if err != nil {
			return
		}
		again, err := ParseFacts(facts.Encode())
		if err != nil || !maps.Equal(again, facts) {
			t.Fatalf("interpret(%s) = %s, read back as %v, %v", data, facts.Encode(), again, err)
		}
		if v := facts["os.version"]; v == "10.16" || v == "16.0" {
			t.Fatalf("interpret(%s) passes the alias %v on", data, v)
		}
	})
}
