package story

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/windows/registry"
)

// Parts of the machine that releve or a package may change.
var (
	snapshotFiles = []string{`C:\Windows\System32\wbem`, `C:\Program Files`, `C:\Program Files (x86)`}
	snapshotKeys  = []string{
		`SYSTEM\CurrentControlSet\Control\Session Manager\Environment`,
		`SOFTWARE\ASIP`, `SOFTWARE\Policies`, `SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall`,
		`SOFTWARE\Microsoft\Windows\CurrentVersion\Run`,
	}
)

// takeSnapshot remembers the machine: snapshot NAME.
func takeSnapshot(ts *testscript.TestScript, _ bool, args []string) {
	lines, err := machineState()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".snapshot"), []byte(strings.Join(lines, "\n")), 0o600))
}

// wantUnchanged compares the machine with what was remembered, and names what
// differs: unchanged NAME.
func wantUnchanged(ts *testscript.TestScript, neg bool, args []string) {
	lines, err := machineState()
	ts.Check(err)
	before := strings.Split(ts.ReadFile(args[0]+".snapshot"), "\n")
	if differ := differences(before, lines); (len(differ) == 0) == neg {
		ts.Fatalf("%d differences from %s:\n%s", len(differ), args[0], strings.Join(differ, "\n"))
	}
}

// differences lists the lines that are only in one of two.
func differences(before, now []string) (differ []string) {
	for _, line := range now {
		if !slices.Contains(before, line) {
			differ = append(differ, "now    "+line)
		}
	}
	for _, line := range before {
		if !slices.Contains(now, line) {
			differ = append(differ, "before "+line)
		}
	}
	return differ
}

// machineState has a line for every file and value, with the digest of what it
// holds. What the stand-in of GALSS writes beside itself is left out.
func machineState() ([]string, error) {
	settings, err := filepath.Glob(`C:\Windows\*.ini*`)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, root := range append(settings, snapshotFiles...) {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || d.IsDir() || d.Name() == "galss.log" {
				return err
			}
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			lines = append(lines, fmt.Sprintf("%s %d %s", runName.ReplaceAllString(name, anyRun), len(data), digest(data)))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for _, key := range snapshotKeys {
		for _, view := range []uint32{registry.WOW64_64KEY, registry.WOW64_32KEY} {
			if err := keyState(key, view, &lines); err != nil {
				return nil, fmt.Errorf("HKLM\\%s: %w", key, err)
			}
		}
	}
	return lines, nil
}

// runName is what releve calls a run, in the names of its folders; anyRun
// stands for it where two runs are compared.
var runName = regexp.MustCompile(`\d{8}t\d{6}-[a-z0-9]{8}`)

const anyRun = "RUN"

// digest is the digest of data, whatever run its names are of. Texts of the
// registry are UTF-16.
func digest(data []byte) string {
	if plain := bytes.ReplaceAll(data, []byte{0}, nil); runName.Match(plain) {
		data = runName.ReplaceAll(plain, []byte(anyRun))
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

// keyState adds a line for a key, each value in it and all below.
func keyState(path string, view uint32, lines *[]string) error {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.READ|view)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer key.Close()
	*lines = append(*lines, fmt.Sprintf(`HKLM\%s (%#x)`, path, view))
	values, err := key.ReadValueNames(-1)
	if err != nil {
		return err
	}
	slices.Sort(values)
	for _, name := range values {
		if name == "InstallSource" || name == "InstallDate" { // from where and when, not what
			continue
		}
		size, kind, err := key.GetValue(name, nil)
		if err != nil {
			return err
		}
		data := make([]byte, size)
		if _, _, err := key.GetValue(name, data); err != nil {
			return err
		}
		*lines = append(*lines, fmt.Sprintf(`HKLM\%s (%#x) %s type %d %d %s`, path, view, name, kind, size, digest(data)))
	}
	below, err := key.ReadSubKeyNames(-1)
	if err != nil {
		return err
	}
	slices.Sort(below)
	for _, name := range below {
		if err := keyState(path+`\`+name, view, lines); err != nil {
			return err
		}
	}
	return nil
}
