package quiesce

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
)

func TestHoldersAreTold(t *testing.T) {
	own, system := t.TempDir(), t.TempDir()
	for _, file := range []string{
		filepath.Join(own, "galsvw64.exe"), filepath.Join(own, "GALCLW64.DLL"), filepath.Join(own, "galss.log"),
		filepath.Join(system, "cptabw64.dll"), filepath.Join(system, "kernel.dll"),
	} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := &machine{system: system, holders: []Holder{{PID: uint32(os.Getpid()), Name: "releve"}, {PID: 7, Name: "Billing"}}}
	subject := backend.Subject{Name: "galss", Evidence: []manifest.Evidence{
		{Kind: manifest.EvidenceFileVersion, Path: filepath.Join(system, "cptabw64.dll")},
		{Kind: manifest.EvidenceFileVersion, Path: filepath.Join(own, "gone.exe")},
		{Kind: manifest.EvidenceProcess, ID: "galsvw64.exe"},
	}}
	programs := []manifest.Program{{Process: "galsvw64.exe", Start: filepath.Join(own, "galsvw64.exe")}, {Service: "x"}}
	var told []string
	err := New(Options{System: m}).Holders(t.Context(), subject, programs, func(code string, args map[string]string) {
		told = append(told, code+" "+args["Name"]+" "+args["PID"])
	})
	if err != nil || !slices.Equal(told, []string{"quiesce-held Billing 7"}) {
		t.Errorf("told %q, %v; want the other program alone", told, err)
	}
	want := []string{filepath.Join(own, "GALCLW64.DLL"), filepath.Join(own, "galsvw64.exe"), filepath.Join(system, "cptabw64.dll")}
	slices.Sort(want)
	if !slices.Equal(m.asked, want) {
		t.Errorf("asked about %q, want %q", m.asked, want)
	}
}

func TestHoldersHaveLimits(t *testing.T) {
	dir := t.TempDir()
	for i := range mostFiles + 50 {
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)+".dll"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := &machine{broken: errors.New("no list")}
	for i := range 3 * mostHolders {
		m.holders = append(m.holders, Holder{PID: uint32(1 << 30 & i), Name: strconv.Itoa(i)})
	}
	told := 0
	programs := []manifest.Program{{Process: "0.dll", Start: filepath.Join(dir, "0.dll")}}
	err := New(Options{System: m}).Holders(t.Context(), backend.Subject{}, programs, func(string, map[string]string) { told++ })
	if err == nil || told != mostHolders || len(m.asked) > mostFiles {
		t.Errorf("told %d of %d, asked about %d files, %v", told, len(m.holders), len(m.asked), err)
	}
	m.asked = nil
	if err := New(Options{System: m}).Holders(t.Context(), backend.Subject{}, nil, nil); err != nil || m.asked != nil {
		t.Errorf("without a file the machine was asked about %q, %v", m.asked, err)
	}
}
