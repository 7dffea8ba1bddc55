package program

import "testing"

func TestGuarded(t *testing.T) {
	folders := []string{`C:\Program Files`, `C:\Program Files (x86)`, ""}
	tests := []struct {
		name, path string
		want       bool
	}{
		{"programs", `C:\Program Files\santesocial\galss\galsvw64.exe`, true},
		{"programs-of-32-bits", `c:\program files (X86)\santesocial\galss\GALSVW32.EXE`, true},
		{"old-program", `C:\WINDOWS\galsvw32.exe`, true},
		{"folder-of-a-user", `C:\Users\medecin\galsvw64.exe`, false},
		{"folder-that-users-write-to", `C:\Windows\Temp\galsvw64.exe`, false},
		{"shared-data", `C:\ProgramData\galsvw64.exe`, false},
		{"folder-that-begins-alike", `C:\Program Files Portable\galsvw64.exe`, false},
		{"way-up", `C:\Program Files\..\Users\medecin\galsvw64.exe`, false},
		{"dots-that-windows-drops", `C:\Program Files\..  \x.exe`, false},
		{"stream", `C:\Program Files\a.txt:x.exe`, false},
		{"device", `\\?\C:\Program Files\x.exe`, false},
		{"share", `\\server\share\x.exe`, false},
		{"relative", `galsvw64.exe`, false},
		{"script", `C:\Program Files\x.cmd`, false},
		{"nothing", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Guarded(tt.path, folders, `C:\Windows`); got != tt.want {
				t.Errorf("%q: got %v, want %v", tt.path, got, tt.want)
			}
		})
	}
	if Guarded(`\x.exe`, []string{""}, "") {
		t.Error("folders that are not known guard something")
	}
}
