// Package statedir makes sure that the state folder of the system belongs to
// the system: nobody but administrators may have written what releve, running
// as SYSTEM or root, reads from it and runs.
//
// What it promises, for the place the system has for it:
//   - a folder that is not there is made with its owner and its access list
//     in one step
//   - one of ours whose access list was loosened gets it back
//   - one that somebody else made, or in which somebody else left something,
//     is put aside under another name with all that is in it, and nothing of
//     it is read: a user can make a folder there first, but neither speak
//     through it nor keep releve from working
//   - one that is reached through a link is refused
//
// What it does not promise: anything about a folder that is named on the
// command line. Whoever may name one is an administrator, or changes nothing.
package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Codes of the errors. They are stable.
const (
	CodeLink    = "state-link"    // a link lies in the path
	CodeForeign = "state-foreign" // somebody else's, and it cannot be put aside
	CodeSecure  = "state-secure"  // owner and access list cannot be read or set
)

// Error says why a folder cannot hold the state.
type Error struct {
	code  string
	Path  string // what is wrong with the folder or lies on the way to it
	cause error
}

// Error returns the English text for the log.
func (e *Error) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("state folder %q: %s", e.Path, e.code)
	}
	return fmt.Sprintf("state folder %q: %s: %v", e.Path, e.code, e.cause)
}

// Code returns the stable code.
func (e *Error) Code() string { return e.code }

// Args fills the sentence.
func (e *Error) Args() map[string]string {
	args := map[string]string{"Path": e.Path}
	if e.cause != nil {
		args["Why"] = e.cause.Error()
	}
	return args
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Report says what was done.
type Report struct {
	Made     bool
	Repaired bool   // it was ours, with an access list that was not
	Aside    string // the name that somebody else's folder has now; "" for none
}

// standing is what a folder is found to be.
type standing int

const (
	missing standing = iota
	sound            // ours, and for nobody else
	loose            // ours, and open to others
	foreign          // somebody else's, or something in it is
)

// guard is what a system has to offer.
type guard interface {
	look(path string) (standing, error) // the folder is no link
	create(path string) error           // fs.ErrExist when something is there
	repair(path string) error
}

// tries bounds how often somebody may make the folder again while it is taken.
const tries = 4

// Secure makes the folder, or takes it over, as the package promises. The
// caller is an administrator. Errors are *Error.
func Secure(path string) (Report, error) { return secure(newGuard(), path) }

func secure(g guard, path string) (Report, error) {
	var done Report
	for range tries {
		if err := noLink(path); err != nil {
			return done, err
		}
		found, err := g.look(path)
		if err != nil {
			return done, &Error{CodeSecure, path, err}
		}
		switch found {
		case sound:
			return done, nil
		case loose:
			if err := g.repair(path); err != nil {
				return done, &Error{CodeSecure, path, err}
			}
			done.Repaired = true
			return done, nil
		case foreign:
			aside, err := putAside(path)
			if err != nil {
				return done, &Error{CodeForeign, path, err}
			}
			done.Aside = aside
		case missing:
			err := g.create(path)
			if err == nil {
				done.Made = true
				return done, nil
			}
			if !errors.Is(err, fs.ErrExist) {
				return done, &Error{CodeSecure, path, err}
			}
		}
	}
	return done, &Error{CodeForeign, path, errors.New("it is made again and again")}
}

// maxAside bounds how many folders are put aside: who makes more of them
// fills the disk.
const maxAside = 100

// putAside gives the folder the first name that is free.
func putAside(path string) (string, error) {
	for i := 1; i <= maxAside; i++ {
		aside := fmt.Sprintf("%s.untrusted-%d", path, i)
		if _, err := os.Lstat(aside); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		return aside, os.Rename(path, aside)
	}
	return "", fmt.Errorf("%d folders were put aside already; remove them", maxAside)
}

// noLink refuses a link at path or at any folder on the way to it.
func noLink(path string) error {
	for at := filepath.Clean(path); ; at = filepath.Dir(at) {
		link, err := IsLink(at)
		if err != nil {
			return &Error{CodeSecure, at, err}
		}
		if link {
			return &Error{CodeLink, at, nil}
		}
		if filepath.Dir(at) == at {
			return nil
		}
	}
}

// IsLink reports whether path itself is a link, a junction or a mount point
// rather than a folder. What is not there is none.
func IsLink(path string) (bool, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return info.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0, nil
}

// maxEntries bounds what is looked through for somebody else's files. A state
// folder has some thousands of files at most.
const maxEntries = 200_000

// stranger returns the first entry below dir that ours denies, "" for none.
func stranger(dir string, ours func(path string, info fs.FileInfo) (bool, error)) (string, error) {
	found, seen := "", 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if seen++; seen > maxEntries {
			found = path
			return fs.SkipAll
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		ok, err := ours(path, info)
		if err == nil && !ok {
			found = path
			return fs.SkipAll
		}
		return err
	})
	return found, err
}
