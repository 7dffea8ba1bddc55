package osdetect

import (
	"maps"
	"strings"
	"testing"
)

func TestReadOSRelease(t *testing.T) {
	in := "# comment\nNAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID='12'\n\nbroken line\nESCAPED=\"a \\\"b\\\" \\$c\"\nHALF=\"x\n"
	want := map[string]string{"NAME": "Debian GNU/Linux", "ID": "debian", "VERSION_ID": "12", "ESCAPED": `a "b" $c`, "HALF": `"x`}
	got, err := readOSRelease(strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(got, want) {
		t.Errorf("readOSRelease\n got %q\nwant %q", got, want)
	}
}

func TestReadSystemVersion(t *testing.T) {
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
		{name: "longer-than-allowed", in: document("<key>a</key><string>" + strings.Repeat("x", maxSmallFile) + "</string>"), wantErr: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readSystemVersion(strings.NewReader(tt.in))
			if (err != nil) != tt.wantErr || got != tt.want {
				t.Errorf("readSystemVersion\n got %+v, %v\nwant %+v, error: %v", got, err, tt.want, tt.wantErr)
			}
		})
	}
}
