package exe

import (
	"testing"
	"time"

	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/program"
)

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

func TestGoesOn(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)
	stayed := []program.Left{{PID: 10, Started: at}, {PID: 20, Started: at.Add(time.Second)}}
	for name, tt := range map[string]struct {
		running process.Process
		want    bool
	}{
		"itself":                       {process.Process{PID: 20, Parent: 1, Started: at.Add(time.Second)}, true},
		"itself-with-unknown-start":    {process.Process{PID: 10, Parent: 1}, true},
		"number-given-again":           {process.Process{PID: 10, Parent: 1, Started: at.Add(time.Hour)}, false},
		"child-of-one-that-ended":      {process.Process{PID: 30, Parent: 10, Started: at.Add(time.Hour)}, true},
		"child-with-unknown-start":     {process.Process{PID: 30, Parent: 10}, true},
		"child-of-the-number-before":   {process.Process{PID: 30, Parent: 10, Started: at.Add(-time.Hour)}, false},
		"stranger":                     {process.Process{PID: 30, Parent: 1, Started: at}, false},
		"stranger-with-unknown-parent": {process.Process{PID: 30, Started: at}, false},
	} {
		t.Run(name, func(t *testing.T) {
			all := []process.Process{{PID: 4}, tt.running}
			if got := goesOn(all, stayed); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
