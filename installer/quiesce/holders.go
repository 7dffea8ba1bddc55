package quiesce

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
)

// CodeHeld is told of a program that goes on using the files.
const CodeHeld = "quiesce-held"

// Limits of the question who holds a file.
const (
	mostFiles   = 256 // that are asked about
	mostHolders = 10  // that are told
	holderLimit = 10 * time.Second
)

// Holder is a process that uses a file.
type Holder struct {
	PID  uint32
	Name string // as the system shows it to people
}

// Holders tells who still uses the files of a component, once what the
// manifest names is stopped. Nobody is ended for it: Windows then replaces
// the file at the next restart, or says that it cannot. The error is for the
// log.
func (q *Quiescer) Holders(ctx context.Context, c backend.Subject, programs []manifest.Program, tell backend.Tell) error {
	files := q.files(c.Evidence, programs)
	if len(files) == 0 {
		return nil
	}
	type answer struct {
		holders []Holder
		err     error
	}
	asked := make(chan answer, 1) // the system may take its time, and is then left alone
	go func() {
		holders, err := q.o.System.Holders(files)
		asked <- answer{holders, err}
	}()
	ctx, cancel := context.WithTimeout(ctx, holderLimit)
	defer cancel()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case a := <-asked:
		told := 0
		for _, h := range a.holders {
			if h.PID == uint32(os.Getpid()) || told == mostHolders {
				continue
			}
			told++
			tell(CodeHeld, map[string]string{"Name": h.Name, "PID": strconv.FormatUint(uint64(h.PID), 10)})
		}
		return a.err
	}
}

// files lists what of a component can be held open: the files that its
// evidence and its programs name, and the programs and libraries that lie
// beside them, but for the folders of the system.
func (q *Quiescer) files(evidence []manifest.Evidence, programs []manifest.Program) []string {
	var named []string
	for _, e := range evidence {
		if e.Kind == manifest.EvidenceFileVersion {
			named = append(named, e.Path)
		}
	}
	for _, p := range programs {
		if p.Start != "" {
			named = append(named, p.Start)
		}
	}
	var files []string
	for _, name := range named {
		path, shared := q.o.System.Resolve(name)
		if path == "" {
			continue
		}
		files = append(files, path)
		if !shared {
			files = append(files, beside(path)...)
		}
	}
	slices.Sort(files)
	files = slices.Compact(files)
	files = slices.DeleteFunc(files, func(f string) bool {
		info, err := os.Lstat(f)
		return err != nil || !info.Mode().IsRegular()
	})
	return files[:min(len(files), mostFiles)]
}

// beside lists programs and libraries in the folder of a file.
func beside(path string) []string {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil
	}
	names, _ := dir.Readdirnames(mostFiles) // as many as can be read
	_ = dir.Close()
	var out []string
	for _, name := range names {
		switch strings.ToLower(filepath.Ext(name)) {
		case ".exe", ".dll", ".ocx":
			out = append(out, filepath.Join(filepath.Dir(path), name))
		}
	}
	return out
}
