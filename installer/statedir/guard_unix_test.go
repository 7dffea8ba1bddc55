//go:build unix

package statedir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestSecureTakesTheFolderOver(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(path string) error
		aside   bool
		code    string
	}{
		"nothing-there": {func(string) error { return nil }, false, ""},
		"sound":         {func(path string) error { return os.Mkdir(path, 0o700) }, false, ""},
		"open-to-all": {func(path string) error {
			return errors.Join(os.Mkdir(path, 0o700), os.Chmod(path, 0o777))
		}, false, ""},
		"open-with-a-link-in-it": {func(path string) error {
			return errors.Join(os.Mkdir(path, 0o755), os.Symlink("/etc", filepath.Join(path, "store")))
		}, true, ""},
		"open-with-a-pipe-in-it": {func(path string) error {
			return errors.Join(os.Mkdir(path, 0o755), syscall.Mkfifo(filepath.Join(path, "journal"), 0o600))
		}, true, ""},
		"a-file":      {func(path string) error { return os.WriteFile(path, nil, 0o600) }, true, ""},
		"a-link":      {func(path string) error { return os.Symlink("/etc", path) }, false, CodeLink},
		"a-dead-link": {func(path string) error { return os.Symlink("nowhere", path) }, false, CodeLink},
		"below-a-link": {func(path string) error {
			parent := filepath.Dir(path)
			return errors.Join(os.Rename(parent, parent+"-there"), os.Symlink(parent+"-there", parent))
		}, false, CodeLink},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(realDir(t), "support", "Releve")
			if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o755), tt.prepare(path)); err != nil {
				t.Fatal(err)
			}
			got, err := Secure(path)
			if tt.code != "" {
				var e *Error
				if !errors.As(err, &e) || e.Code() != tt.code {
					t.Fatalf("got %v, want %s", err, tt.code)
				}
				return
			}
			info, statErr := os.Lstat(path)
			if err != nil || statErr != nil || !info.IsDir() || info.Mode().Perm() != 0o700 {
				t.Fatalf("got %+v, %v, %v, %v", got, err, info, statErr)
			}
			if (got.Aside != "") != tt.aside {
				t.Errorf("got %+v, want put aside: %v", got, tt.aside)
			}
			if again, err := Secure(path); err != nil || again != (Report{}) {
				t.Errorf("the second time did something: %+v, %v", again, err)
			}
		})
	}
}

// TestSomebodyElsesIsPutAside makes the folder another account's. Only root
// can, so that an account without rights tests the judgement alone.
func TestSomebodyElsesIsPutAside(t *testing.T) {
	path := filepath.Join(realDir(t), "Releve")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "journal"), []byte("planted"), 0o600); err != nil {
		t.Fatal(err)
	}
	mine := owned{os.Geteuid() + 1}
	got, err := secure(mine, path)
	if err != nil || got.Aside == "" || !got.Made {
		t.Fatalf("got %+v, %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(path, "journal")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was planted is there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(got.Aside, "journal")); err != nil {
		t.Errorf("what was put aside is gone: %v", err)
	}
}
