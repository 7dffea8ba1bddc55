package msi

import (
	"testing"
	"time"

	"github.com/releve-sante/releve/osdetect/process"
)

func TestHolderAmong(t *testing.T) {
	noon := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	service := process.Process{PID: 900, Parent: 600, Name: "msiexec.exe", CommandLine: `C:\Windows\system32\msiexec.exe /V`}
	helper := process.Process{PID: 901, Parent: 900, Name: "MsiExec.exe", CommandLine: `C:\Windows\System32\MsiExec.exe -Embedding 0A1B2C E Global\MSI0000`}
	client := process.Process{PID: 902, Parent: 700, Name: "msiexec.exe", Started: noon, CommandLine: `"C:\Windows\System32\msiexec.exe" /i x.msi PASSWORD=secret`}
	tests := []struct {
		name string
		all  []process.Process
		want string
	}{
		{"nobody", nil, ""},
		{"called-without-msiexec", []process.Process{service, helper}, ""},
		{"started-by-a-setup-program", []process.Process{service, client, {PID: 700, Name: "setup.exe", Started: noon.Add(-time.Minute)}}, "setup.exe 700"},
		{"started-by-a-person", []process.Process{client, {PID: 700, Name: "explorer.exe"}}, "msiexec.exe 902"},
		{"whoever-started-it-is-gone", []process.Process{client}, "msiexec.exe 902"},
		{"number-given-again", []process.Process{client, {PID: 700, Name: "calc.exe", Started: noon.Add(time.Minute)}}, "msiexec.exe 902"},
		{"of-another-account", []process.Process{{PID: 903, Parent: 700, Name: "msiexec.exe"}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := holderAmong(tt.all); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
