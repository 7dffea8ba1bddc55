package msi_test

import (
	"slices"
	"strings"
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

func TestFailing(t *testing.T) {
	tests := []struct {
		name string
		log  string
		want msi.Failure
	}{
		{"nothing", "", msi.Failure{}},
		{"english", `MSI (s) (A4:F8) [10:12:33:440]: Note: 1: 1722 2: Register 3: x.exe
MSI (s) (A4:F8) [10:12:33:446]: Product: Sample -- Error 1722. There is a problem with this package. Action Register, location: C:\x.exe
Action ended 10:12:33: Register. Return value 3.
Action ended 10:12:34: InstallFinalize. Return value 3.
Action ended 10:12:34: INSTALL. Return value 3.
MSI (s) (A4:F8) [10:12:34:000]: Product: Sample -- Installation operation failed. Error 1603.`,
			msi.Failure{Action: "Register", Number: "1722", Line: `Product: Sample -- Error 1722. There is a problem with this package. Action Register, location: C:\x.exe`}},
		{"french", `MSI (s) (40:10) [14:05:33:100]: Produit : Composants -- Erreur 1310. Impossible d'écrire dans le fichier : C:\Windows\cptabw64.dll.
Fin de l'action 14:05:33 : InstallFiles. Valeur renvoyée 3.
Fin de l'action 14:05:33 : INSTALL. Valeur renvoyée 3.`,
			msi.Failure{Action: "InstallFiles", Number: "1310", Line: `Produit : Composants -- Erreur 1310. Impossible d'écrire dans le fichier : C:\Windows\cptabw64.dll.`}},
		{"action-of-a-package", `CustomAction Check returned actual error code 1603 (note this may not be 100% accurate if translation happened inside sandbox)
Action ended 9:05:33: Check. Return value 3.`,
			msi.Failure{Action: "Check", Number: "1603", Line: "CustomAction Check returned actual error code 1603 (note this may not be 100% accurate if translation happened inside sandbox)"}},
		{"what-is-forgiven", `CustomAction A returned actual error code 1602 but will be translated to success due to continue marking
Action ended 9:05:33: A. Return value 1.
Action ended 9:05:34: LaunchConditions. Return value 3.`, msi.Failure{Action: "LaunchConditions"}},
		{"no-end-of-an-action", "it takes 3.\nversion 1. 3.\nProperty(S): X = Error 1722. 3.", msi.Failure{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := msi.Failing(tt.log); got != tt.want {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func FuzzFailing(f *testing.F) {
	f.Add("Action ended 10:12:33: Register. Return value 3.\r\nMSI (s) (A4:F8) [10:12:33:446]: Error 1722. x")
	f.Fuzz(func(t *testing.T, log string) {
		got := msi.Failing(log)
		if len([]rune(got.Line)) > 301 || strings.ContainsAny(got.Action, " \n") || strings.Contains(got.Line, "\n") {
			t.Errorf("got %+v", got)
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
