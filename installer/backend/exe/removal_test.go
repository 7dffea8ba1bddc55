package exe

import (
	"context"
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/component"
)

func folders() Folders {
	return Folders{
		Programs: []string{`C:\Program Files`, `C:\Program Files (x86)`},
		Windows:  `C:\Windows`, System: `C:\Windows\System32`,
	}
}

func TestRemoval(t *testing.T) {
	const code = "{306912f2-76f5-4ba3-9260-e9f581c886dd}"
	product := Removal{Product: code}
	tests := []struct {
		name    string
		line    string
		want    Removal
		wantErr bool
	}{
		{"quoted", `"C:\Program Files\a b\unins000.exe" /SILENT /LOG="C:\x y\a.log"`,
			Removal{File: `C:\Program Files\a b\unins000.exe`, Arguments: []string{"/SILENT", `/LOG=C:\x y\a.log`}}, false},
		{"not-quoted", `C:\Program Files (x86)\a b\Uninst.EXE /S`,
			Removal{File: `C:\Program Files (x86)\a b\Uninst.EXE`, Arguments: []string{"/S"}}, false},
		{"without-arguments", `c:\program files\a\u.exe`, Removal{File: `c:\program files\a\u.exe`}, false},
		{"in-the-folder-of-windows", `C:\Windows\IsUn040c.exe -a -f"C:\Program Files\a\Uninst.isu"`,
			Removal{File: `C:\Windows\IsUn040c.exe`, Arguments: []string{"-a", `-fC:\Program Files\a\Uninst.isu`}}, false},
		{"windows-installer", "MsiExec.exe /X" + code, product, false},
		{"windows-installer-that-asks", "MsiExec.exe /I" + code, product, false},
		{"windows-installer-quietly", `"C:\Windows\System32\msiexec.exe" /quiet /x ` + code, product, false},
		{"windows-installer-elsewhere", `C:\Users\a\msiexec.exe /x` + code, product, false},
		{"windows-installer-without-a-product", `MsiExec.exe /x C:\a.msi`, Removal{}, true},
		{"windows-installer-alone", `MsiExec.exe`, Removal{}, true},
		{"interpreter", `C:\Windows\System32\cmd.exe /c del C:\*`, Removal{}, true},
		{"interpreter-by-name", `powershell.exe -File a.ps1`, Removal{}, true},
		{"for-all-to-write", `C:\ProgramData\a\u.exe /S`, Removal{}, true},
		{"temporary-folder", `C:\Windows\Temp\u.exe /S`, Removal{}, true},
		{"climbing", `C:\Program Files\..\Users\u.exe`, Removal{}, true},
		{"climbing-with-a-space", `"C:\Program Files\.. \Users\u.exe"`, Removal{}, true},
		{"forward-slashes", `"C:\Program Files/../Users/u.exe"`, Removal{}, true},
		{"look-alike-folder", `"C:\Program Files Evil\u.exe"`, Removal{}, true},
		{"stream", `"C:\Program Files\a.txt:u.exe"`, Removal{}, true},
		{"network", `\\server\share\u.exe`, Removal{}, true},
		{"quote-that-never-ends", `"C:\Program Files\a\u.exe /S`, Removal{}, true},
		{"no-program", `C:\Program Files\a\u.bat`, Removal{}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := folders().removal("sample", tt.line)
			if (err != nil) != tt.wantErr {
				t.Fatalf("error %v, want error: %t", err, tt.wantErr)
			}
			if got.File != tt.want.File || got.Product != tt.want.Product || !slices.Equal(got.Arguments, tt.want.Arguments) {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// machine is a list of installed programs.
type machine struct {
	component.Machine
	list []component.Entry
	err  error
}

func (m machine) Listed(context.Context) ([]component.Entry, error) { return m.list, m.err }

func (m machine) Product(_ context.Context, code string) (component.Product, error) {
	for _, e := range m.list {
		if e.Installer && e.Key == code {
			return component.Product{Code: code, Version: e.Version}, nil
		}
	}
	return component.Product{}, fs.ErrNotExist
}

func TestRegistered(t *testing.T) {
	const code = "{306912F2-76F5-4BA3-9260-E9F581C886DD}"
	byCode := []manifest.Evidence{{Kind: manifest.EvidenceProductCode, ID: code}}
	byName := []manifest.Evidence{{Kind: manifest.EvidenceUninstall, Name: "Sample*"}}
	product := component.Entry{Key: code, Name: "Sample 1", Version: "1.0", Installer: true}
	bundle := component.Entry{Key: "InstallShield_" + code, Name: "Sample 1", Removal: `"C:\Program Files\a\setup.exe" -s`}
	other := component.Entry{Key: "other", Name: "Other", Removal: `"C:\Program Files\b\u.exe"`}
	bad := component.Entry{Key: "bad", Name: "Sample 1", Version: "1.0", Removal: `C:\ProgramData\u.exe`}
	tests := []struct {
		name     string
		evidence []manifest.Evidence
		list     []component.Entry
		want     string // program, or code
		wantErr  bool
	}{
		{"nothing", byCode, []component.Entry{other}, "", false},
		{"product", byCode, []component.Entry{other, product}, code, false},
		{"bundle-of-a-product", byCode, []component.Entry{product, bundle}, `C:\Program Files\a\setup.exe`, false},
		{"by-name", byName, []component.Entry{other, bundle}, `C:\Program Files\a\setup.exe`, false},
		{"product-by-name", byName, []component.Entry{product}, code, false},
		{"bad-one-alone", byName, []component.Entry{bad}, "", true},
		{"bad-one-beside-a-product", byName, []component.Entry{bad, product}, code, false},
		{"only-with-questions", byName, []component.Entry{{Key: "a", Name: "Sample", Version: "1.0"}}, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := folders().registered(t.Context(), machine{list: tt.list}, tt.evidence)
			if (err != nil) != tt.wantErr || got.File+got.Product != tt.want {
				t.Errorf("got %+v, %v; want %q, error: %t", got, err, tt.want, tt.wantErr)
			}
		})
	}
	_, err := folders().registered(t.Context(), machine{err: fs.ErrPermission}, byName)
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a list that cannot be read: got %v, want fs.ErrPermission", err)
	}
}

func TestKeysOf(t *testing.T) {
	const code = "{306912F2-76F5-4BA3-9260-E9F581C886DD}"
	tests := []struct {
		name string
		in   manifest.Evidence
		want []string
	}{
		{"product", manifest.Evidence{Kind: manifest.EvidenceProductCode, ID: code}, []string{"InstallShield_" + code, code}},
		{"no-product", manifest.Evidence{Kind: manifest.EvidenceProductCode, ID: `{0}\..`}, nil},
		{"key-of-a-program", manifest.Evidence{Kind: manifest.EvidenceRegistry, Path: `Software\Microsoft\Windows\CurrentVersion\Uninstall\DiagAM_V3`}, []string{"DiagAM_V3"}},
		{"key-below-it", manifest.Evidence{Kind: manifest.EvidenceRegistry, Path: uninstallKey + `a\b`}, nil},
		{"all-programs", manifest.Evidence{Kind: manifest.EvidenceRegistry, Path: uninstallKey}, nil},
		{"another-key", manifest.Evidence{Kind: manifest.EvidenceRegistry, Path: `SOFTWARE\ASIP\Cryptolib CPS`}, nil},
		{"file", manifest.Evidence{Kind: manifest.EvidenceFileVersion, Path: `C:\a.exe`}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := keysOf(tt.in); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestArguments goes by the examples of Microsoft's "Parsing C command-line
// arguments".
func TestArguments(t *testing.T) {
	for line, want := range map[string][]string{
		``:                    nil,
		`  a   b	c `:          {"a", "b", "c"},
		`"abc" d e`:           {"abc", "d", "e"},
		`a\\b d"e f"g h`:      {`a\\b`, "de fg", "h"},
		`a\\\"b c d`:          {`a\"b`, "c", "d"},
		`a\\\\"b c" d e`:      {`a\\b c`, "d", "e"},
		`""`:                  {""},
		`"a""b"`:              {`a"b`},
		`/f2"C:\a b\c.log" x`: {`/f2C:\a b\c.log`, "x"},
		`"C:\a b\\" x`:        {`C:\a b\`, "x"},
		`\\server\share`:      {`\\server\share`},
	} {
		if got := arguing(line); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

func FuzzRemoval(f *testing.F) {
	f.Add(`"C:\Program Files\a\u.exe" /S`)
	f.Add(`MsiExec.exe /X{306912f2-76f5-4ba3-9260-e9f581c886dd}`)
	f.Add(`C:\Windows\a.exe \\\"`)
	f.Add("00\xff0000.eXe")
	f.Fuzz(func(t *testing.T, line string) {
		got, err := folders().removal("k", line)
		if err != nil {
			return
		}
		if got.Product != "" {
			if got.File != "" || !productCode.MatchString(got.Product) {
				t.Errorf("removes product %q, and runs %q", got.Product, got.File)
			}
			return
		}
		if !folders().allow(got.File) {
			t.Errorf("%q is allowed", got.File)
		}
		lower := strings.ToLower(got.File)
		if !strings.HasPrefix(lower, `c:\program files`) && !strings.HasPrefix(lower, `c:\windows\`) || strings.Contains(lower, `..\`) {
			t.Errorf("leads to %q", got.File)
		}
	})
}
