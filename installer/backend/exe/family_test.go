package exe

import "testing"

func TestStays(t *testing.T) {
	for path, want := range map[string]bool{
		`C:\Program Files\santesocial\CPS\CCM.exe`:                                         true,
		`c:\program files (x86)\santesocial\srvsvcnam\SRVSVCNAM.exe`:                       true,
		`C:\Program Files (x86)\InstallShield Installation Information\{0}\setup.exe`:      false,
		`C:\Program Files (x86)\Common Files\InstallShield\Driver\10\Intel 32\IDriver.exe`: false,
		`C:\Users\a\AppData\Local\Temp\{0}\ISBEW64.exe`:                                    false,
		`C:\Windows\System32\conhost.exe`:                                                  true,
		`C:\Windows\System32\msiexec.exe`:                                                  false,
		`C:\ProgramData\Releve\setups\srvsvcnam\job\setup.exe`:                             false,
		`C:\Program Files Evil\a.exe`:                                                      false,
		``:                                                                                 false,
	} {
		if got := folders().stays(path); got != want {
			t.Errorf("%q: got %t, want %t", path, got, want)
		}
	}
}
