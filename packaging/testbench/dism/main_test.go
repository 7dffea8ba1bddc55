package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// played is one run over a state.
type played struct {
	status uint32
	out    string
	state  string // afterwards
	there  bool   // WMIC.exe
}

func play(t *testing.T, state string, args string) played {
	t.Helper()
	dir := t.TempDir()
	wmic := filepath.Join(dir, "wmic.exe")
	state = strings.ReplaceAll(state, "WMIC", filepath.ToSlash(wmic))
	var out bytes.Buffer
	d := dism{out: &out, file: filepath.Join(dir, "dism.json"), target: filepath.Join(dir, "wbem", "WMIC.exe")}
	for name, data := range map[string]string{wmic: "program", d.file: state} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	status := d.run(strings.Fields(args))
	after, err := os.ReadFile(d.file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = os.Stat(d.target)
	return played{status, out.String(), string(after), err == nil}
}

func TestAnswers(t *testing.T) {
	const name = " /CapabilityName:WMIC~~~~"
	tests := []struct {
		name, state, args string
		status            uint32
		says              string
		there             bool
	}{
		{"absent", `{"state":"absent"}`, "/English /Online /Get-CapabilityInfo" + name, 0, "State : Not Present\r\n", false},
		{"installed", `{"state":"installed"}`, "/Online /Get-CapabilityInfo" + name, 0, "State : Installed\r\n", false},
		{"french", `{"state":"absent","french":true}`, "/Online /Get-CapabilityInfo" + name, 0, "\x90tat : Absent\r\n", false},
		{"french-asked-for-english", `{"state":"absent","french":true}`, "/English /Online /Get-CapabilityInfo" + name, 0, "State : Not Present", false},
		{"unknown", `{"state":"unknown"}`, "/Online /Get-CapabilityInfo" + name, 87, "Error: 87", false},
		{"add", `{"state":"absent","wmic":"WMIC"}`, "/Online /Add-Capability /NoRestart" + name, 0, "successfully", true},
		{"add-restarts", `{"state":"absent","wmic":"WMIC","reboot":true}`, "/Online /Add-Capability" + name, 3010, "successfully", true},
		{"add-fails", `{"state":"absent","fail":"0x800f0954"}`, "/Online /Add-Capability" + name, 0x800f0954, "Error: 0x800f0954", false},
		{"add-wants-a-source", `{"state":"absent","online":"0x800f081f"}`, "/Online /Add-Capability" + name, 0x800f081f, "0x800f081f", false},
		{"add-has-a-source", `{"state":"absent","online":"0x800f081f","wmic":"WMIC"}`, `/Online /Add-Capability /Source:D:\fod /LimitAccess` + name, 0, "", true},
		{"remove", `{"state":"installed"}`, "/Online /Remove-Capability" + name, 0, "", false},
		{"another-name", `{"state":"absent"}`, "/Online /Get-CapabilityInfo /CapabilityName:X", 87, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := play(t, tt.state, tt.args)
			if got.status != tt.status || !strings.Contains(got.out, tt.says) || got.there != tt.there {
				t.Errorf("got %+v, want %+v", got, tt)
			}
		})
	}
	if got := play(t, `{"state":"absent","wmic":"WMIC"}`, "/Online /Add-Capability"+name); !strings.Contains(got.state, `"installed"`) {
		t.Errorf("the state is %s after adding", got.state)
	}
	if got := play(t, "", "/Online"); got.status != 1 {
		t.Errorf("without a state: got %+v", got)
	}
}
