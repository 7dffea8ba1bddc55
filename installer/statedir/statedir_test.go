package statedir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// fake is a machine on which the folder is found to be one thing after the
// other.
type fake struct {
	found    []standing
	create   error
	created  int
	repaired int
}

func (f *fake) look(string) (standing, error) {
	now := f.found[0]
	if len(f.found) > 1 {
		f.found = f.found[1:]
	}
	return now, nil
}

type fakeGuard struct{ *fake }

func (g fakeGuard) create(string) error { g.created++; return g.fake.create }
func (g fakeGuard) repair(string) error { g.repaired++; return nil }

func TestSecureDecides(t *testing.T) {
	for name, tt := range map[string]struct {
		machine fake
		folder  bool // something lies there
		want    Report
		code    string
	}{
		"made":                 {fake{found: []standing{missing}}, false, Report{Made: true}, ""},
		"sound":                {fake{found: []standing{sound}}, true, Report{}, ""},
		"repaired":             {fake{found: []standing{loose}}, true, Report{Repaired: true}, ""},
		"aside-and-made":       {fake{found: []standing{foreign, missing}}, true, Report{Made: true, Aside: ".untrusted-1"}, ""},
		"made-in-between":      {fake{found: []standing{missing, foreign, missing}, create: fs.ErrExist}, true, Report{Aside: ".untrusted-1"}, CodeForeign},
		"cannot-be-made":       {fake{found: []standing{missing}, create: fs.ErrPermission}, false, Report{}, CodeSecure},
		"cannot-be-put-aside":  {fake{found: []standing{foreign}}, false, Report{}, CodeForeign},
		"made-again-and-again": {fake{found: []standing{missing}, create: fs.ErrExist}, false, Report{}, CodeForeign},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(realDir(t), "Releve")
			if tt.folder {
				if err := os.Mkdir(path, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			got, err := secure(fakeGuard{&tt.machine}, path)
			if tt.want.Aside != "" {
				tt.want.Aside = path + tt.want.Aside
			}
			var e *Error
			if got != tt.want || errors.As(err, &e) != (tt.code != "") || e != nil && e.Code() != tt.code {
				t.Errorf("got %+v, %v, want %+v, %q", got, err, tt.want, tt.code)
			}
		})
	}
}

// realDir is a temporary folder that is reached through no link.
func realDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestNamesOfWhatIsPutAsideEnd(t *testing.T) {
	path := filepath.Join(realDir(t), "Releve")
	for range maxAside {
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := putAside(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if aside, err := putAside(path); err == nil {
		t.Errorf("the folder is called %q now", aside)
	}
}
