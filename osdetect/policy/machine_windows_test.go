package policy

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/windows/registry"
)

// TestRegistry reads a key like that of Group Policy, made below HKCU, where
// a test may write. That Machine never looks there is its constant's promise.
func TestRegistry(t *testing.T) {
	path := fmt.Sprintf(`Software\ReleveTest%d`, os.Getpid())
	if s := readRegistry(registry.CURRENT_USER, path); s.err != nil || len(s.values) != 0 {
		t.Fatalf("a key that is not there: %v, %v", s.values, s.err)
	}
	key, _, err := registry.CreateKey(registry.CURRENT_USER, path, registry.ALL_ACCESS|registry.WOW64_64KEY)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := registry.DeleteKey(registry.CURRENT_USER, path); err != nil {
			t.Error(err)
		}
	})
	defer key.Close()
	for _, err := range []error{
		key.SetStringValue("channel", "stable"),
		key.SetStringsValue("Groups", []string{"radiology", "first-floor"}),
		key.SetDWordValue("MaxMetadataAgeDays", 14),
		key.SetBinaryValue("Ring", []byte("pilot")),
		key.SetExpandStringValue("CAFile", `%TEMP%\ca.pem`),
		key.SetStringValue("Department", strings.Repeat("7", MaxBytes)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	p := Load(readRegistry(registry.CURRENT_USER, path), nil)
	if p.Channel != "stable" || p.MaxMetadataAgeDays != 14 || !reflect.DeepEqual(p.Groups, []string{"radiology", "first-floor"}) {
		t.Errorf("got %+v", p)
	}
	var keys []Key
	kinds := map[Key]string{}
	for _, found := range p.Problems() {
		keys = append(keys, found.Key)
		kinds[found.Key] = found.Found
	}
	if kinds[Ring] != "REG_BINARY" || kinds[CAFile] != "REG_EXPAND_SZ" {
		t.Errorf("the kinds of values are %v, want them as the registry editor calls them", kinds)
	}
	if want := []Key{CAFile, Department, Ring}; !reflect.DeepEqual(keys, want) || p.Ring != "" || p.CAFile != "" {
		t.Errorf("problems with %v, want %v; ring %q, file %q", keys, want, p.Ring, p.CAFile)
	}
}

// TestRegistryWithTooManyValues: as many as are read, and one more.
func TestRegistryWithTooManyValues(t *testing.T) {
	path := fmt.Sprintf(`Software\ReleveTest%d-many`, os.Getpid())
	key, _, err := registry.CreateKey(registry.CURRENT_USER, path, registry.ALL_ACCESS|registry.WOW64_64KEY)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := registry.DeleteKey(registry.CURRENT_USER, path); err != nil {
			t.Error(err)
		}
	})
	defer key.Close()
	for i := range mostValues {
		if err := key.SetDWordValue(fmt.Sprintf("Value%d", i), 1); err != nil {
			t.Fatal(err)
		}
	}
	if s := readRegistry(registry.CURRENT_USER, path); s.err != nil || len(s.values) != mostValues {
		t.Errorf("%d values: got %d, %v", mostValues, len(s.values), s.err)
	}
	if err := key.SetStringValue("Channel", "stable"); err != nil {
		t.Fatal(err)
	}
	if s := readRegistry(registry.CURRENT_USER, path); s.err == nil || len(s.values) != 0 {
		t.Errorf("one more: got %d values, %v, want an error", len(s.values), s.err)
	}
}

// TestMachineOnWindows reads what Group Policy would write, at its own place.
func TestMachineOnWindows(t *testing.T) {
	if os.Getenv("RELEVE_BENCH") == "" {
		t.Skip("writes the policy of the machine: runs in the bench")
	}
	key, existed, err := registry.CreateKey(registry.LOCAL_MACHINE, registryKey, registry.ALL_ACCESS|registry.WOW64_64KEY)
	if err != nil {
		t.Fatal(err)
	}
	defer key.Close()
	if existed {
		t.Skip("this machine has a policy of its own")
	}
	t.Cleanup(func() {
		if err := registry.DeleteKey(registry.LOCAL_MACHINE, registryKey); err != nil {
			t.Error(err)
		}
	})
	for _, err := range []error{
		key.SetDWordValue("QuiesceMinutes", 30),
		key.SetStringValue("Migration", "allow"),
		key.SetDWordValue("Channel", 1),
		key.SetStringValue("MaxMetadataAgeDays", "many"),
		key.SetStringValue("NoSuchValue", "x"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	p := Load(Machine(), nil)
	if p.QuiesceMinutes != 30 || p.Migration != Allow || p.Channel != "" || p.MaxMetadataAgeDays != 0 {
		t.Errorf("got %+v", p)
	}
	for _, v := range p.Values() {
		decided := v.Key == QuiesceMinutes || v.Key == Migration
		if v.Fixed != decided || decided && v.Source != `HKLM\`+registryKey {
			t.Errorf("%s: fixed %v, from %q", v.Key, v.Fixed, v.Source)
		}
	}
	codes := map[Key]string{}
	for _, found := range p.Problems() {
		codes[found.Key] = found.Code()
	}
	if want := (map[Key]string{Channel: CodeValue, MaxMetadataAgeDays: CodeValue, "NoSuchValue": CodeUnknownName}); !reflect.DeepEqual(codes, want) {
		t.Errorf("problems %v, want %v", codes, want)
	}
}
