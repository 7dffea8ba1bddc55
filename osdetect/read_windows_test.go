package osdetect

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// TestDetectKnowsThisWindows: what every Windows has can be read, and is what
// the system says elsewhere.
func TestDetectKnowsThisWindows(t *testing.T) {
	f, err := Detect(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	major, minor, build := windows.RtlGetNtVersionNumbers()
	if want := fmt.Sprintf("%d.%d.%d", major, minor, build); f["os.version"] != want || f["os.build"] != int64(build) {
		t.Errorf("os.version is %v and os.build %v, want %s", f["os.version"], f["os.build"], want)
	}
	for _, path := range []string{
		"os.family", "os.name", "os.product_type", "arch.native", "arch.process",
		"elevated", "disk.free_bytes", "reboot.pending", "wmic.present", "session.host", "service.scardsvr",
	} {
		if _, known := f[path]; !known {
			t.Errorf("%s is unknown", path)
		}
	}
}

// write sets a value below HKLM for a test and takes it back.
func write(t *testing.T, path, name string, set func(k registry.Key, name string) error) {
	t.Helper()
	key, existed, err := registry.CreateKey(registry.LOCAL_MACHINE, path, registry.ALL_ACCESS)
	if err != nil {
		t.Fatal(err)
	}
	size, kind, before := key.GetValue(name, nil)
	old := make([]byte, size)
	if before == nil {
		_, _, before = key.GetValue(name, old)
	}
	t.Cleanup(func() {
		var err error
		switch {
		case !existed:
			err = registry.DeleteKey(registry.LOCAL_MACHINE, path)
		case before != nil:
			err = key.DeleteValue(name)
		case kind == registry.SZ:
			err = key.SetStringValue(name, windows.UTF16ToString(units(old)))
		case kind == registry.DWORD:
			err = key.SetDWordValue(name, uint32(units(old)[0])|uint32(units(old)[1])<<16)
		}
		if err := errors.Join(err, key.Close()); err != nil {
			t.Error(err)
		}
	})
	if err := set(key, name); err != nil {
		t.Fatal(err)
	}
}

func units(data []byte) []uint16 {
	out := make([]uint16, len(data)/2)
	for i := range out {
		out[i] = uint16(data[2*i]) | uint16(data[2*i+1])<<8
	}
	return out
}

func text1(value string) func(registry.Key, string) error {
	return func(k registry.Key, name string) error { return k.SetStringValue(name, value) }
}

func number1(value uint32) func(registry.Key, string) error {
	return func(k registry.Key, name string) error { return k.SetDWordValue(name, value) }
}

// TestRegistryBecomesFacts writes what other machines have into the registry of
// one that is thrown away.
func TestRegistryBecomesFacts(t *testing.T) {
	if os.Getenv("RELEVE_BENCH") == "" {
		t.Skip("writes below HKLM: needs RELEVE_BENCH, a machine to throw away")
	}
	const renames = "PendingFileRenameOperations"
	tests := []struct {
		name, path, value string
		set               func(registry.Key, string) error
		fact              string
		want              any
	}{
		{"ubr", currentVersion, "UBR", number1(4652), "os.ubr", int64(4652)},
		{"edition", currentVersion, "EditionID", text1("IoTEnterpriseS"), "os.edition", "IoTEnterpriseS"},
		{"display-version", currentVersion, "DisplayVersion", text1("26H2"), "os.display_version", "26H2"},
		{"session-host", terminalServer, "TSAppCompat", number1(1), "session.host", "rds"},
		{"citrix", citrixAgent, "ListOfDDCs", text1("x"), "session.host", "citrix"},
		{"servicing", servicing, "x", text1("x"), "reboot.pending", true},
		{"windows-update", windowsUpdate, "x", text1("x"), "reboot.pending", true},
		{"update-program", updateProgram, "UpdateExeVolatile", number1(1), "reboot.pending", true},
		{"renames", sessionManager, renames, func(k registry.Key, name string) error {
			return k.SetStringsValue(name, []string{`\??\C:\a`, `\??\C:\b`})
		}, "reboot.pending", true},
		{"thousands-of-renames", sessionManager, renames, func(k registry.Key, name string) error {
			return k.SetStringsValue(name, manyNames(3000))
		}, "reboot.pending", true},
		{"another-type", currentVersion, "UBR", text1("4652"), "os.ubr", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			write(t, tt.path, tt.value, tt.set)
			f, err := Detect(t.Context(), Options{})
			if err != nil || f[tt.fact] != tt.want {
				t.Errorf("%s is %v, want %v; error %v", tt.fact, f[tt.fact], tt.want, err)
			}
		})
	}
	if f, err := Detect(t.Context(), Options{}); err != nil || f["reboot.pending"] != false || f["session.host"] != "none" {
		t.Errorf("afterwards: reboot.pending %v, session.host %v, error %v", f["reboot.pending"], f["session.host"], err)
	}
}

func manyNames(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(`\??\C:\Windows\WinSxS\Temp\PendingRenames\%d`, i)
	}
	return out
}
