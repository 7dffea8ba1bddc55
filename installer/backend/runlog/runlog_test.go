package runlog_test

import (
	"os"
	"path"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/releve-sante/releve/installer/backend/runlog"
	"github.com/releve-sante/releve/installer/durable/durabletest"
)

// write writes a log as an installer does.
func write(t *testing.T, d *durabletest.Disk, name, content string) {
	t.Helper()
	f, err := d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOldLogIsNotTakenForANewOne(t *testing.T) {
	d := durabletest.NewDisk()
	f := runlog.New(d, "msi")
	name, err := f.Begin("galss", "install")
	if err != nil || name != "msi/.logs/galss-install.log" {
		t.Fatalf("got %q, %v", name, err)
	}
	write(t, d, name, "what went wrong yesterday")
	if got, err := f.Read(name); got != "what went wrong yesterday" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	again, err := f.Begin("galss", "install")
	if err != nil || again != name {
		t.Fatalf("got %q, %v; want %q", again, err, name)
	}
	if got, err := f.Read(again); got != "" || err != nil {
		t.Errorf("before the run wrote anything: got %q, %v", got, err)
	}
}

func TestRead(t *testing.T) {
	wide := "\xff\xfe"
	for _, u := range utf16.Encode([]rune("Erreur : fichier illisible à la lecture")) {
		wide += string([]byte{byte(u), byte(u >> 8)})
	}
	tests := []struct{ name, content, want string }{
		{"utf-16", wide, "Erreur : fichier illisible à la lecture"},
		{"windows-1252", "d\xe9j\xe0 install\xe9", "déjà installé"},
		{"more-than-the-limit", strings.Repeat("x", 9<<20) + "last", strings.Repeat("x", 8<<20-4) + "last"},
		{"wide-and-more-than-the-limit", wide[:2] + strings.Repeat("x\x00", 5<<20), strings.Repeat("x", 4<<20)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := durabletest.NewDisk()
			f := runlog.New(d, "setups")
			name, err := f.Begin("sample", path.Base(tt.name))
			if err != nil {
				t.Fatal(err)
			}
			write(t, d, name, tt.content)
			got, err := f.Read(name)
			if err != nil || len(got) != len(tt.want) || !strings.HasSuffix(tt.want, got[max(0, len(got)-100):]) {
				t.Errorf("got %d bytes that end in %q, %v; want %d", len(got), got[max(0, len(got)-100):], err, len(tt.want))
			}
		})
	}
}
