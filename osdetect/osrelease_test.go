package osdetect

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

func TestParseOSRelease(t *testing.T) {
	in := "# comment\nNAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID='12'\n\nbroken line\nESCAPED=\"a \\\"b\\\" \\$c\"\nHALF=\"x\n"
	want := map[string]string{"NAME": "Debian GNU/Linux", "ID": "debian", "VERSION_ID": "12", "ESCAPED": `a "b" $c`, "HALF": `"x`}
	if got := parseOSRelease([]byte(in)); !maps.Equal(got, want) {
		t.Errorf("parseOSRelease\n got %q\nwant %q", got, want)
	}
}

func TestParseSystemVersion(t *testing.T) {
	document := func(body string) string {
		return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>` + body + `</dict></plist>`
	}
	tests := []struct {
		name    string
		in      string
		want    systemVersion
		wantErr bool
	}{
		{
			name: "high-sierra",
			in:   document("<key>ProductBuildVersion</key><string>17G65</string><key>ProductName</key><string>Mac OS X</string><key>ProductVersion</key><string>10.13.6</string>"),
			want: systemVersion{Product: "10.13.6", Build: "17G65"},
		},
		{name: "other-keys-only", in: document("<key>ProductName</key><string>macOS</string>")},
		{name: "not-a-list", in: "10.13.6", wantErr: true},
		{name: "cut", in: document("")[:60], wantErr: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseSystemVersion([]byte(tt.in))
			if (err != nil) != tt.wantErr || got != tt.want {
				t.Errorf("parseSystemVersion\n got %+v, %v\nwant %+v, error: %v", got, err, tt.want, tt.wantErr)
			}
		})
	}
}

func TestReadSmallStopsAtTheLimit(t *testing.T) {
	name := filepath.Join(t.TempDir(), "os-release")
	if err := os.WriteFile(name, make([]byte, maxSmallFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := readSmall(name); err != nil || len(data) != maxSmallFile {
		t.Errorf("readSmall = %d bytes, %v, want %d bytes", len(data), err, maxSmallFile)
	}
	if _, err := readSmall(name + "-none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("readSmall: error %v, want fs.ErrNotExist", err)
	}
}
