package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRead(t *testing.T) {
	tests := []struct {
		line string
		want answer
		bad  bool
	}{
		{"1618", answer{status: 1618}, false},
		{"3010 work", answer{status: 3010, work: true}, false},
		{"1603 log Fin de l'action", answer{status: 1603, log: "Fin de l'action"}, false},
		{"later", answer{}, true},
		{"1603 logs", answer{}, true},
	}
	for _, tt := range tests {
		if got, err := read(tt.line); got != tt.want || (err != nil) != tt.bad {
			t.Errorf("%q: got %+v, %v; want %+v", tt.line, got, err, tt.want)
		}
	}
}

func TestWriteLog(t *testing.T) {
	log := filepath.Join(t.TempDir(), "a.log")
	if err := writeLog([]string{"/i", "a.msi", "/l*v", log}, "é"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(log)
	if want := "\xff\xfe\xe9\x00\r\x00\n\x00"; err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if writeLog([]string{"/i", "/l*v"}, "x") == nil {
		t.Error("a line without a log is accepted")
	}
}
