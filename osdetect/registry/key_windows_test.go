package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/windows"
	sys "golang.org/x/sys/windows/registry"
)

// scratch makes a key below HKCU, where a test may write.
func scratch(t *testing.T) (string, sys.Key) {
	t.Helper()
	path := fmt.Sprintf(`Software\ReleveTest%d-%s`, os.Getpid(), t.Name())
	key, _, err := sys.CreateKey(sys.CURRENT_USER, path, sys.ALL_ACCESS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		names, err := key.ReadSubKeyNames(-1)
		for _, name := range names {
			err = errors.Join(err, sys.DeleteKey(key, name))
		}
		if err := errors.Join(err, key.Close(), sys.DeleteKey(sys.CURRENT_USER, path)); err != nil {
			t.Error(err)
		}
	})
	return path, key
}

func TestKeyReadsWhatWasWritten(t *testing.T) {
	path, written := scratch(t)
	for _, err := range []error{
		written.SetStringValue("Version", "5.2.6"),
		written.SetDWordValue("UBR", 4652),
		written.SetStringsValue("Pending", []string{`\??\C:\a`, "b"}),
		written.SetStringValue("Long", strings.Repeat("é", 20_000)),
		written.SetStringValue("Longer", strings.Repeat("é", MaxValue)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := openBelow(windows.HKEY_CURRENT_USER, View64, path)
	if err != nil {
		t.Fatal(err)
	}
	defer key.Close()
	if v, err := key.Value("Version"); err != nil || v.text != "5.2.6" {
		t.Errorf("Version: %+v, %v", v, err)
	}
	if v, err := key.Value("ubr"); err != nil || v.number != 4652 {
		t.Errorf("UBR, in other case: %+v, %v", v, err)
	}
	if v, err := key.Value("Pending"); err != nil || len(v.texts) != 2 {
		t.Errorf("Pending: %+v, %v", v, err)
	}
	if v, err := key.Value("Long"); err != nil || utf8.RuneCountInString(v.text) != 20_000 {
		t.Errorf("Long: %d characters, %v", utf8.RuneCountInString(v.text), err)
	}
	if _, err := key.Value("Longer"); !errors.Is(err, ErrTooLarge) {
		t.Errorf("Longer: %v, want ErrTooLarge", err)
	}
	if _, err := key.Value("Missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Missing: %v, want fs.ErrNotExist", err)
	}
	if _, err := openBelow(windows.HKEY_CURRENT_USER, View32, path+`\missing`); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key that is not there: %v, want fs.ErrNotExist", err)
	}
}

// TestTenThousandOddKeys lists a hive that somebody filled: with the longest
// names there can be, and with characters that no program expects.
func TestTenThousandOddKeys(t *testing.T) {
	const keys = 10_000
	path, written := scratch(t)
	for i := range keys {
		name := fmt.Sprintf("%05d-%s", i, []string{strings.Repeat("x", 249), "%s%n", "\u202e", "{", "é"}[i%5])
		k, _, err := sys.CreateKey(written, name, sys.SET_VALUE)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
	}
	key, err := openBelow(windows.HKEY_CURRENT_USER, View64, path)
	if err != nil {
		t.Fatal(err)
	}
	defer key.Close()
	names, err := key.Keys(t.Context())
	if err != nil || len(names) != keys {
		t.Errorf("got %d names, error %v; want %d", len(names), err, keys)
	}
}

// TestViewsAreTwo writes below HKLM, on a machine that is thrown away.
func TestViewsAreTwo(t *testing.T) {
	if os.Getenv("RELEVE_BENCH") == "" {
		t.Skip("writes below HKLM: needs RELEVE_BENCH, a machine to throw away")
	}
	path := fmt.Sprintf(`SOFTWARE\ReleveTest%d`, os.Getpid())
	written, _, err := sys.CreateKey(sys.LOCAL_MACHINE, path, sys.SET_VALUE|sys.WOW64_32KEY)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(written.Close(), sys.DeleteKey(sys.LOCAL_MACHINE, `SOFTWARE\WOW6432Node\`+path[len(`SOFTWARE\`):])); err != nil {
			t.Error(err)
		}
	})
	if err := written.SetStringValue("Version", "5.1.7"); err != nil {
		t.Fatal(err)
	}
	key, err := Open(View32, path)
	if err != nil {
		t.Fatal(err)
	}
	defer key.Close()
	if v, err := key.Value("Version"); err != nil || v.text != "5.1.7" {
		t.Errorf("32-bit view: %+v, %v", v, err)
	}
	if other, err := Open(View64, path); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			other.Close()
		}
		t.Errorf("64-bit view: %v, want fs.ErrNotExist", err)
	}
}
