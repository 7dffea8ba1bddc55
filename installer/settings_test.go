package installer

import "testing"

func TestSettingName(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"relative", "settings/galss.ini", "settings/galss.ini"},
		{"relative-windows", `settings\galss.ini`, "settings/galss.ini"},
		{"absolute", "/Library/Preferences/galss.ini", ".root/Library/Preferences/galss.ini"},
		{"drive", `C:\Windows\galss.ini`, ".root/C/Windows/galss.ini"},
		{"leading-out", "/../../etc/passwd", ".root/../../etc/passwd"}, // no valid name, so it is refused
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := SettingName(tt.in); got != tt.want {
				t.Errorf("SettingName(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
		})
	}
}
