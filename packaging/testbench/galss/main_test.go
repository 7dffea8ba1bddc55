package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// machine answers as a test wants.
type machine struct {
	running []string
	broken  error
	names   []string
}

func (m machine) instances(context.Context) ([]string, error) { return m.running, m.broken }
func (m machine) readers() ([]string, error)                  { return m.names, nil }

const (
	serial = "[CONFIG]\r\nNbCanaux=1\r\n[CANAL1]\r\nTCanal=1\r\nCaracteristiques=9600,1,8,0,0\r\n"
	cards  = "[CONFIG]\rNbCanaux=2\r[CANAL1]\rTCanal=3\rCaracteristiques=A 0\r[CANAL2]\rTCanal=3\rCaracteristiques=A 1\r"
)

func TestStart(t *testing.T) {
	noWMIC := errors.New("not found")
	one := []string{"galsvw64.exe"}
	tests := []struct {
		name, settings string
		ask            bool
		machine        machine
		starts         bool
	}{
		{"serial-and-alone", serial, false, machine{running: one}, true},
		{"serial-and-no-wmic", serial, false, machine{broken: noWMIC}, false},
		{"serial-and-a-second-one", serial, false, machine{running: []string{"a", "b"}}, false},
		{"serial-and-wmic-sees-nothing", serial, false, machine{}, false},
		{"both-readers-there", cards, false, machine{broken: noWMIC, names: []string{"A 1", "A 0"}}, true},
		{"a-reader-gone", cards, false, machine{names: []string{"A 0"}}, false},
		{"cards-and-told-to-ask", cards, true, machine{broken: noWMIC, names: []string{"A 1", "A 0"}}, false},
		{"no-channel", "[CONFIG]\r\nNbCanaux=0\r\n", false, machine{running: one}, false},
		{"unknown-channel", "[CONFIG]\nNbCanaux=1\n[CANAL1]\nTCanal=2\n", false, machine{running: one}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "galss.ini")
			if err := os.WriteFile(name, []byte(tt.settings), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := start(t.Context(), name, tt.ask, tt.machine); (err == nil) != tt.starts {
				t.Errorf("got %v, want a start: %v", err, tt.starts)
			}
		})
	}
	if err := start(t.Context(), filepath.Join(t.TempDir(), "none"), false, machine{running: one}); err == nil {
		t.Error("started without settings")
	}
}

func TestAnswered(t *testing.T) {
	utf16le := func(s string) []byte {
		out := []byte{0xff, 0xfe}
		for _, c := range []byte(s) {
			out = append(out, c, 0)
		}
		return out
	}
	tests := []struct {
		name  string
		out   []byte
		want  []string
		fails bool
	}{
		{"two-byte", utf16le("CommandLine                 \r\n\"C:\\galsvw64.exe\"  \r\n\r\n"), []string{`"C:\galsvw64.exe"`}, false},
		{"one-byte", []byte("CommandLine  \r\r\nC:\\galsvw64.exe -r  \r\r\n\r\r\n"), []string{`C:\galsvw64.exe -r`}, false},
		{"nothing", utf16le("\r\n"), nil, false},
		{"another-program", []byte("Usage: wmic"), nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := answered(tt.out)
			if !slices.Equal(got, tt.want) || (err != nil) != tt.fails {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
