//go:build !windows

package component

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest"
)

// receiptXML is a receipt as macOS writes it, shortened.
const receiptXML = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
	<key>InstallDate</key><date>2026-09-14T08:11:52Z</date>
	<key>InstallPrefixPath</key><string></string>
	<key>PackageIdentifier</key><string>fr.asipsante.pkg.cryptolibCPS</string>
	<key>PackageVersion</key><string>5.2.1</string>
</dict></plist>`

func TestReceiptsAndPropertyLists(t *testing.T) {
	m := system{files: t.TempDir()}
	for name, text := range map[string]string{
		receipts + "/fr.asipsante.pkg.cryptolibCPS.plist":         receiptXML,
		receipts + "/fr.damaged.plist":                            "bplist00\xff\xff\xff",
		receipts + "/fr.boastful.plist":                           "bplist00" + strings.Repeat("\x00", 16) + "\x00\x00\x00\x10" + strings.Repeat("\x00", 20),
		receipts + "/fr.large.plist":                              strings.Repeat(" ", maxPlist+1),
		"Applications/DiagAM.app/Contents/Info.plist":             strings.ReplaceAll(receiptXML, "PackageVersion", "CFBundleShortVersionString"),
		"Applications/Other.app/Contents/Info.plist":              strings.ReplaceAll(receiptXML, "PackageVersion", "Other"),
		"Applications/List.app/Contents/Info.plist":               `<plist version="1.0"><array><string>a</string></array></plist>`,
		"Applications/Numbered.app/Contents/Resources/Info.plist": `<plist version="1.0"><dict><key>V</key><integer>3</integer></dict></plist>`,
	} {
		file := filepath.Join(m.files, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	receipt := func(id string) manifest.Evidence {
		return manifest.Evidence{Kind: manifest.EvidenceReceipt, ID: id}
	}
	property := func(path, name string) manifest.Evidence {
		return manifest.Evidence{Kind: manifest.EvidencePlist, Path: path, Name: name}
	}
	const short = "CFBundleShortVersionString"
	tests := []struct {
		name     string
		evidence manifest.Evidence
		presence Presence
		version  string
	}{
		{"receipt", receipt("fr.asipsante.pkg.cryptolibCPS"), Present, "5.2.1"},
		{"no-receipt", receipt("fr.sesamvitale.galss.pkg"), Absent, ""},
		{"damaged", receipt("fr.damaged"), Unknown, ""},
		{"boastful", receipt("fr.boastful"), Unknown, ""},
		{"too-large", receipt("fr.large"), Unknown, ""},
		{"identifier-that-leads-out", receipt("../../etc/passwd"), Unknown, ""},
		{"property-list", property("/Applications/DiagAM.app/Contents/Info.plist", short), Present, "5.2.1"},
		{"without-the-key", property("/Applications/Other.app/Contents/Info.plist", short), Present, ""},
		{"no-dictionary", property("/Applications/List.app/Contents/Info.plist", short), Unknown, ""},
		{"a-number", property("/Applications/Numbered.app/Contents/Resources/Info.plist", "V"), Present, ""},
		{"no-application", property("/Applications/None.app/Contents/Info.plist", short), Absent, ""},
		{"relative", property("Applications/DiagAM.app/Contents/Info.plist", short), Unknown, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := Find(t.Context(), m, []manifest.Evidence{tt.evidence})
			if err != nil || found.Presence != tt.presence || found.Version != tt.version {
				t.Errorf("got %+v, %v; want %s %q", found, err, tt.presence, tt.version)
			}
			if unknown := tt.presence == Unknown; unknown != (found.Err() != nil) {
				t.Errorf("why it is unknown: %v", found.Err())
			}
		})
	}
}

func FuzzPropertyList(f *testing.F) {
	f.Add([]byte(receiptXML))
	f.Add([]byte("bplist00\xd1\x01\x02Q1Q2\x08\x0b\x0d\x00\x00\x00\x00\x00\x00\x01\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var values map[string]any
		if err := unmarshal(data, &values); errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q reads as a file that is not there", data)
		}
	})
}
