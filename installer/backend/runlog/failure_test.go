package runlog_test

import (
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer/backend/runlog"
)

func TestFailing(t *testing.T) {
	tests := []struct {
		name string
		log  string
		want runlog.Failure
	}{
		{"nothing", "", runlog.Failure{}},
		{"english", `MSI (s) (A4:F8) [10:12:33:440]: Note: 1: 1722 2: Register 3: x.exe
MSI (s) (A4:F8) [10:12:33:446]: Product: Sample -- Error 1722. There is a problem with this package. Action Register, location: C:\x.exe
Action ended 10:12:33: Register. Return value 3.
Action ended 10:12:34: InstallFinalize. Return value 3.
Action ended 10:12:34: INSTALL. Return value 3.
MSI (s) (A4:F8) [10:12:34:000]: Product: Sample -- Installation operation failed. Error 1603.`,
			runlog.Failure{Action: "Register", Number: "1722", Line: `Product: Sample -- Error 1722. There is a problem with this package. Action Register, location: C:\x.exe`}},
		{"french", `MSI (s) (40:10) [14:05:33:100]: Produit : Composants -- Erreur 1310. Impossible d'écrire dans le fichier : C:\Windows\cptabw64.dll.
Fin de l'action 14:05:33 : InstallFiles. Valeur renvoyée 3.
Fin de l'action 14:05:33 : INSTALL. Valeur renvoyée 3.`,
			runlog.Failure{Action: "InstallFiles", Number: "1310", Line: `Produit : Composants -- Erreur 1310. Impossible d'écrire dans le fichier : C:\Windows\cptabw64.dll.`}},
		{"action-of-a-package", `CustomAction Check returned actual error code 1603 (note this may not be 100% accurate if translation happened inside sandbox)
Action ended 9:05:33: Check. Return value 3.`,
			runlog.Failure{Action: "Check", Number: "1603", Line: "CustomAction Check returned actual error code 1603 (note this may not be 100% accurate if translation happened inside sandbox)"}},
		{"what-is-forgiven", `CustomAction A returned actual error code 1602 but will be translated to success due to continue marking
Action ended 9:05:33: A. Return value 1.
Action ended 9:05:34: LaunchConditions. Return value 3.`, runlog.Failure{Action: "LaunchConditions"}},
		{"no-end-of-an-action", "it takes 3.\nversion 1. 3.\nProperty(S): X = Error 1722. 3.", runlog.Failure{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := runlog.Failing(tt.log); got != tt.want {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func FuzzFailing(f *testing.F) {
	f.Add("Action ended 10:12:33: Register. Return value 3.\r\nMSI (s) (A4:F8) [10:12:33:446]: Error 1722. x")
	f.Fuzz(func(t *testing.T, log string) {
		got := runlog.Failing(log)
		if len([]rune(got.Line)) > 301 || strings.ContainsAny(got.Action, " \n") || strings.Contains(got.Line, "\n") {
			t.Errorf("got %+v", got)
		}
	})
}

func TestWhy(t *testing.T) {
	inno := "2026-01-02 10:00:00.123   Setup version: Inno Setup version 6.2.2\r\n" +
		"2026-01-02 10:00:01.000   Fatal exception during installation process (ERunError):\r\n\r\n" +
		"2026-01-02 10:00:01.000   Got EAbort exception.\r\n2026-01-02 10:00:01.010   Log closed.\r\n"
	tests := []struct {
		name, log string
		want      runlog.Failure
	}{
		{"nothing", "", runlog.Failure{}},
		{"windows-installer", "MSI (s) (A4:F8) [10:12:33:446]: Product: Sample -- Error 1722. It failed.\nAction ended 10:12:33: Register. Return value 3.\n=== Logging stopped ===",
			runlog.Failure{Action: "Register", Number: "1722", Line: "Product: Sample -- Error 1722. It failed."}},
		{"windows-installer-without-a-failure", "MSI (c) (A4:F8) [10:12:33:446]: Done.", runlog.Failure{}},
		{"last-words", inno, runlog.Failure{Line: "2026-01-02 10:00:00.123   Setup version: Inno Setup version 6.2.2 / " +
			"2026-01-02 10:00:01.000   Fatal exception during installation process (ERunError): / " +
			"2026-01-02 10:00:01.000   Got EAbort exception. / 2026-01-02 10:00:01.010   Log closed."}},
		{"five-lines", "1\n2\n3\n4\n5\n6\n\n", runlog.Failure{Line: "2 / 3 / 4 / 5 / 6"}},
		{"long-line", strings.Repeat("é", 500), runlog.Failure{Line: strings.Repeat("é", 400)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := runlog.Why(tt.log); got != tt.want {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}
