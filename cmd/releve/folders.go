package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/osdetect"
)

// openTarget opens the folder of components. Facts alone are another machine,
// of which this one has no folder.
func (s *session) openTarget(looking bool) (*durable.Root, error) {
	if s.replayed() {
		return s.emptyFolder()
	}
	target, err := folder(s.a.flags.target, defaultTarget(s.a.place), CodeNeedTarget)
	if err != nil {
		return nil, err
	}
	d, err := openFolder(target)
	if err != nil && looking && s.a.flags.target == "" {
		return s.instead(err)
	}
	return d, err
}

// replayed says that the machine is the one that facts were read from, with
// the components that they tell.
func (s *session) replayed() bool { return s.a.flags.facts != "" && s.a.flags.target == "" }

// instead gives a command that only looks an empty folder in the place of one
// of the system that it may not open: what is to be seen without the rights of
// an administrator is shown without them, and what earlier runs left is not.
func (s *session) instead(err error) (*durable.Root, error) {
	var c *cliError
	if !errors.As(err, &c) || c.code != CodeNeedRights {
		return nil, err
	}
	return s.emptyFolder()
}

// emptyFolder makes a folder that goes with the session.
func (s *session) emptyFolder() (*durable.Root, error) {
	dir, err := os.MkdirTemp("", "releve-look-") //nolint:forbidigo // it stays empty: nothing that somebody else puts there is run
	if err != nil {
		return nil, err
	}
	s.empty = append(s.empty, dir)
	return openFolder(dir)
}

// folder chooses between a flag and the system's own place.
func folder(flag, standard, code string) (string, error) {
	if flag == "" {
		flag = standard
	}
	if flag == "" {
		return "", &cliError{code: code}
	}
	return filepath.Abs(flag)
}

func openFolder(path string) (*durable.Root, error) {
	d, err := durable.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil, &cliError{code: CodeNeedRights, args: map[string]string{"Path": path}, cause: err}
	}
	if err != nil {
		return nil, unusable(path, err)
	}
	return d, nil
}

// installedIn are the components that facts tell. Who could change them stands
// in no fact; on the machine itself nearly always somebody can, so that every
// backend is taken to.
func installedIn(facts osdetect.Facts, all []backend.Subject) map[string]plan.Installed {
	out := make(map[string]plan.Installed, len(all))
	for _, c := range all {
		in := plan.Installed{}
		if version, _ := facts["component."+c.Name+".version"].(string); version != "" {
			in = plan.Installed{Version: version, Backend: "bundle", Others: []string{"exe", "msi"}}
		}
		out[c.Name] = in
	}
	return out
}
