package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// list reads /proc.
func list(ctx context.Context) ([]Process, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	names, err := dir.Readdirnames(maxProcesses + maxOthers)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, dir.Close())
	}
	if err := dir.Close(); err != nil {
		return nil, err
	}
	booted := booted()
	var out []Process
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pid, err := strconv.ParseUint(name, 10, 32)
		if err != nil {
			continue
		}
		if len(out) == maxProcesses {
			return nil, tooMany(len(out) + 1)
		}
		if p, there := readProcess(uint32(pid), booted); there {
			out = append(out, p)
		}
	}
	return out, nil
}

// maxOthers is how many entries of /proc are no process.
const maxOthers = 1 << 10

// readProcess reads one process; there is none when it has ended.
func readProcess(pid uint32, booted time.Time) (Process, bool) {
	dir := fmt.Sprintf("/proc/%d", pid)
	s, ok := parseStat(readSome(filepath.Join(dir, "stat")))
	if !ok || s.ended {
		return Process{}, false
	}
	p := Process{PID: pid, Parent: s.parent, Name: s.name}
	if path, err := os.Readlink(filepath.Join(dir, "exe")); err == nil {
		p.Path = strings.TrimSuffix(path, " (deleted)")
	}
	args := splitArguments(readSome(filepath.Join(dir, "cmdline")))
	p.CommandLine = strings.Join(args, " ")
	p.Name = wholeName(s.name, append([]string{p.Path}, args...))
	if !booted.IsZero() {
		p.Started = booted.Add(s.started)
	}
	return p, true
}

// splitArguments splits arguments that each end in a zero byte.
func splitArguments(data []byte) []string {
	if data = bytes.TrimRight(data, "\x00"); len(data) == 0 {
		return nil
	}
	return strings.Split(string(data), "\x00")
}

// booted returns when the machine started.
func booted() time.Time {
	for line := range strings.Lines(string(readSome("/proc/stat"))) {
		if seconds, ok := strings.CutPrefix(line, "btime "); ok {
			if n, err := strconv.ParseInt(strings.TrimSpace(seconds), 10, 64); err == nil {
				return time.Unix(n, 0)
			}
		}
	}
	return time.Time{}
}

// readSome reads the beginning of a file, nothing when it cannot be read.
func readSome(name string) []byte {
	file, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maxCommand))
	if err != nil {
		return nil
	}
	return data
}
