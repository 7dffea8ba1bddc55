package program

import (
	"slices"
	"testing"

	"github.com/releve-sante/releve/osdetect/process"
)

func TestMarked(t *testing.T) {
	all := []process.Process{
		{PID: 1, CommandLine: `C:\windows\system32\msiexec.exe /i "C:\ProgramData\Releve\msi\a.msi" /l*v "C:\ProgramData\Releve\msi\.logs\a.log"`},
		{PID: 2, CommandLine: `C:\windows\system32\msiexec.exe /V`},
		{PID: 3, CommandLine: `msiexec /x {A} /L*V c:\programdata\RELEVE\msi\.logs\b.log`},
		{PID: 4},
	}
	var got []uint32
	for _, p := range marked(all, `C:\ProgramData\Releve\msi\.logs`) {
		got = append(got, p.PID)
	}
	if want := []uint32{1, 3}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
