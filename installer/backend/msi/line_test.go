package msi_test

import (
	"slices"
	"testing"
	"unicode/utf16"

	"github.com/releve-sante/releve/installer/backend/msi"
)

func TestInstallLine(t *testing.T) {
	got := msi.InstallLine(`C:\Program Data\a.msi`, `C:\x\a.log`, map[string]string{
		"WATCHONTIMER": "5", "FOLDER": `C:\Mes documents\`, "TITLE": `le "poste"`, "EMPTY": "",
	})
	want := `/i "C:\Program Data\a.msi" /qn REBOOT=ReallySuppress MSIRESTARTMANAGERCONTROL=Disable /l*v "C:\x\a.log" ` +
		`EMPTY="" FOLDER="C:\Mes documents\" TITLE="le ""poste""" WATCHONTIMER="5"`
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// FuzzProperty shows that no value of a property becomes another word.
func FuzzProperty(f *testing.F) {
	for _, s := range []string{"", " ", `"`, `""`, `a "b" c`, `\`, `C:\a b\`, `" REMOVE=ALL "`, `\"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		words := msi.Words(msi.InstallLine("a.msi", "a.log", map[string]string{"P": value}))
		want := []string{"/i", "a.msi", "/qn", "REBOOT=ReallySuppress", "MSIRESTARTMANAGERCONTROL=Disable", "/l*v", "a.log", "P=" + value}
		if !slices.Equal(words, want) {
			t.Errorf("%q: got %q, want %q", value, words, want)
		}
	})
}

// wide is what Windows Installer writes a log in.
func wide(text string) string {
	out := "\xff\xfe"
	for _, u := range utf16.Encode([]rune(text)) {
		out += string([]byte{byte(u), byte(u >> 8)})
	}
	return out
}
