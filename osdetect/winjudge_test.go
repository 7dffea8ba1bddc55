package osdetect

import (
	"maps"
	"testing"
)

func TestWindowsSession(t *testing.T) {
	one, two := num[uint32](1), num[uint32](2)
	tests := []struct {
		name string
		in   rawWindows
		want string
	}{
		{"service", rawWindows{Session: num[uint32](0), ConsoleSession: one, RemoteSession: no()}, "service"},
		{"console", rawWindows{Session: one, ConsoleSession: one, RemoteSession: no(), SessionName: "Console"}, "console"},
		{"remote", rawWindows{Session: two, ConsoleSession: one, RemoteSession: yes(), SessionName: "RDP-Tcp#3"}, "remote"},
		{"remote-desktop-of-the-screen", rawWindows{Session: one, ConsoleSession: one, RemoteSession: yes()}, "remote"},
		{"moved-to-the-screen", rawWindows{Session: two, ConsoleSession: two, RemoteSession: no(), SessionName: "RDP-Tcp#3"}, "console"},
		{"remote-with-graphics", rawWindows{Session: two, ConsoleSession: one, RemoteSession: no(), SessionName: "RDP-Tcp#3"}, "remote"},
		{"citrix", rawWindows{Session: two, ConsoleSession: one, SessionName: "ICA-TCP#1"}, "remote"},
		{"left-for-another-user", rawWindows{Session: two, ConsoleSession: one, RemoteSession: no(), SessionName: "Console"}, ""},
		{"nobody-at-the-screen", rawWindows{Session: num[uint32](noSession), ConsoleSession: num[uint32](noSession)}, ""},
		{"nothing-read", rawWindows{RemoteSession: yes()}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := windowsSession(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSessionHost(t *testing.T) {
	const workstation, administered, host = suiteTerminal | suiteSingleUser, suiteTerminal | suiteSingleUser, suiteTerminal
	tests := []struct {
		name string
		in   rawWindows
		want string
	}{
		{"workstation", rawWindows{Suite: num[uint16](workstation), SessionHost: no(), CitrixAgent: no()}, "none"},
		{"server-for-administrators", rawWindows{Suite: num[uint16](administered), SessionHost: no(), CitrixAgent: no()}, "none"},
		{"session-host", rawWindows{Suite: num[uint16](host), SessionHost: yes(), CitrixAgent: no()}, "rds"},
		{"multi-session-windows", rawWindows{Suite: num[uint16](host), SessionHost: no(), CitrixAgent: no()}, "rds"},
		{"by-the-registry-alone", rawWindows{SessionHost: yes(), CitrixAgent: no()}, "rds"},
		{"citrix-on-a-server", rawWindows{Suite: num[uint16](host), SessionHost: yes(), CitrixAgent: yes()}, "citrix"},
		{"citrix-desktop", rawWindows{Suite: num[uint16](workstation), CitrixAgent: yes()}, "citrix"},
		{"suite-without-sessions", rawWindows{Suite: num[uint16](0), CitrixAgent: no()}, ""},
		{"citrix-not-known", rawWindows{Suite: num[uint16](host), SessionHost: yes()}, ""},
		{"nothing-read", rawWindows{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := sessionHost(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSmartCardService(t *testing.T) {
	tests := []struct {
		name string
		in   *service
		want Facts
	}{
		{"not-asked", nil, Facts{}},
		{"none", &service{}, Facts{"service.scardsvr": "absent"}},
		{"waits-for-a-reader", &service{State: 1, Start: 3}, Facts{"service.scardsvr": "stopped", "service.scardsvr_start": "manual"}},
		{"as-cryptolib-sets-it", &service{State: 4, Start: 2}, Facts{"service.scardsvr": "running", "service.scardsvr_start": "automatic"}},
		{"disabled", &service{State: 1, Start: 4}, Facts{"service.scardsvr": "stopped", "service.scardsvr_start": "disabled"}},
		{"starting", &service{State: 2, Start: 2}, Facts{"service.scardsvr": "running", "service.scardsvr_start": "automatic"}},
		{"numbers-nobody-knows", &service{State: 7, Start: 9}, Facts{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := facts{Facts{}}
			f.smartCards(tt.in)
			if !maps.Equal(f.known, tt.want) {
				t.Errorf("got %v, want %v", f.known, tt.want)
			}
		})
	}
}

func TestDisplayVersion(t *testing.T) {
	for _, row := range []windowsRow{
		{
			name: "newer-than-this-program",
			in:   rawWindows{Numbers: [3]uint32{10, 0, 29999}, ProductType: 1, DisplayVersion: "27H2", ReleaseID: "2009"},
			want: Facts{
				"os.version": "10.0.29999", "os.build": int64(29999), "os.name": "Windows 11", "os.product_type": "workstation",
				"os.display_version": "27H2",
			},
		},
		{
			name: "before-there-was-one",
			in:   rawWindows{Numbers: [3]uint32{10, 0, 17763}, ProductType: 3, ReleaseID: "1809"},
			want: Facts{
				"os.version": "10.0.17763", "os.build": int64(17763), "os.name": "Windows Server 2019", "os.release": "2019", "os.product_type": "server",
				"os.display_version": "1809",
			},
		},
	} {
		t.Run(row.name, row.check)
	}
}

// TestWindowsForSeveralPeople holds that the edition of Windows 10 and 11 that
// calls itself a server is named as what it is, and still counts as one.
func TestWindowsForSeveralPeople(t *testing.T) {
	for build, want := range map[uint32][2]string{19045: {"Windows 10", "22H2"}, 26100: {"Windows 11", "24H2"}} {
		f := facts{Facts{}}
		f.windows(rawWindows{Numbers: [3]uint32{10, 0, build}, ProductType: 3, EditionID: "ServerRdsh"})
		if f.known["os.name"] != want[0] || f.known["os.release"] != want[1] || f.known["os.product_type"] != "server" {
			t.Errorf("build %d: got %v, want %v", build, f.known, want)
		}
	}
}
