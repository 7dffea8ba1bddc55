package installer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/program"
)

const (
	probeSeconds = 10       // time limit of a probe that names none
	maxSeconds   = 120      // and of one that names more
	maxProbed    = 16 << 20 // bytes of a file that a probe looks into
	maxOutput    = 4 << 10  // bytes of a program's output that are kept for the log
)

// probe asks the new version whether it works. What cannot be asked counts as
// a no: a probe that is passed over would prove nothing.
func (r *run) probe(ctx context.Context, s *step) error {
	if p, ok := s.backend.(backend.Prober); ok {
		if err := p.Probe(ctx, s.job, s.undo); err != nil {
			return because(CodeNotWorking, err, "Component", s.Component, "Version", s.To)
		}
	}
	if s.Release == nil || s.To == "" {
		return nil
	}
	for _, p := range s.Release.Probes {
		var err error
		switch p.Kind {
		case manifest.ProbeFile:
			err = probeFile(s, p)
		case manifest.ProbeCommand:
			err = probeCommand(ctx, s, p)
		default:
			err = fmt.Errorf("unknown kind of probe %q", p.Kind)
		}
		if err != nil {
			return failed(CodeProbe, err, "Component", s.Component, "Version", s.To, "Path", p.Path,
				"BecauseFR", p.Because.FR, "BecauseEN", p.Because.EN)
		}
	}
	return nil
}

// probeFile looks for a text in an installed file.
func probeFile(s *step, p manifest.Probe) error {
	reader, ok := s.backend.(backend.Reader)
	if !ok {
		return fmt.Errorf("backend %q cannot read %q: %w", s.Backend, p.Path, errors.ErrUnsupported)
	}
	data, err := reader.ReadInstalled(s.Component, p.Path, maxProbed)
	if err != nil {
		return fmt.Errorf("probing file %q: %w", p.Path, err)
	}
	if !bytes.Contains(data, []byte(p.Contains)) {
		return fmt.Errorf("file %q does not contain %q", p.Path, p.Contains)
	}
	return nil
}

// probeCommand runs a program of the component: by its absolute path, in its
// directory, with a fixed environment, without a shell, for a limited time.
func probeCommand(ctx context.Context, s *step, p manifest.Probe) error {
	path, dir, err := locate(s, p)
	if err != nil {
		return err
	}
	seconds := p.Seconds
	if seconds <= 0 {
		seconds = probeSeconds
	}
	limit := time.Duration(min(seconds, maxSeconds)) * time.Second
	res, err := program.Run(ctx, program.Command{Path: path, Args: p.Args, Dir: dir, Limit: limit})
	if err == nil && res.Code != 0 {
		err = fmt.Errorf("exit status %d", res.Code)
	}
	if err != nil {
		said := program.Text(res.Output[:min(len(res.Output), maxOutput)], program.OEM)
		return fmt.Errorf("probing with %q: %w: %q", p.Path, err, said)
	}
	return nil
}

// locate returns the operating system paths of a probe's program and of its
// component. The program is a regular file inside the component, also after
// links are followed.
func locate(s *step, p manifest.Probe) (file, dir string, err error) {
	locator, ok := s.backend.(backend.Locator)
	if !ok {
		return "", "", fmt.Errorf("backend %q cannot locate %q: %w", s.Backend, p.Path, errors.ErrUnsupported)
	}
	if !fs.ValidPath(p.Path) {
		return "", "", fmt.Errorf("path %q: %w", p.Path, fs.ErrInvalid)
	}
	dir, err = locator.Locate(s.Component)
	if err != nil {
		return "", "", fmt.Errorf("locating component %q: %w", s.Component, err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", "", err
	}
	inside, err := os.OpenRoot(dir)
	if err != nil {
		return "", "", fmt.Errorf("locating program %q: %w", p.Path, err)
	}
	defer func() { err = errors.Join(err, inside.Close()) }()
	info, err := inside.Stat(filepath.FromSlash(p.Path))
	if err != nil {
		return "", "", fmt.Errorf("locating program %q: %w", p.Path, err)
	}
	if !info.Mode().IsRegular() {
		return "", "", fmt.Errorf("program %q is not a regular file", p.Path)
	}
	return filepath.Join(dir, filepath.FromSlash(p.Path)), dir, nil
}
