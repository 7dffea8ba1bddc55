package process

import (
	"context"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ended is SZOMB of sys/proc.h: it only waits for its parent to ask how.
const ended = 5

// list asks the kernel through sysctl.
func list(ctx context.Context) ([]Process, error) {
	found, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil, err
	}
	if len(found) > maxProcesses {
		return nil, tooMany(len(found))
	}
	out := make([]Process, 0, len(found))
	for _, k := range found {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if k.Proc.P_stat == ended {
			continue
		}
		p := Process{
			PID: uint32(k.Proc.P_pid), Parent: uint32(k.Eproc.Ppid),
			Name: unix.ByteSliceToString(k.Proc.P_comm[:]),
		}
		if s := k.Proc.P_starttime; s.Sec != 0 {
			p.Started = time.Unix(s.Unix())
		}
		// Refused for the processes of others, unless root asks.
		if data, err := unix.SysctlRaw("kern.procargs2", int(k.Proc.P_pid)); err == nil {
			path, args := parseArguments(data[:min(len(data), maxCommand)])
			p.Path, p.CommandLine = path, strings.Join(args, " ")
			p.Name = wholeName(p.Name, append([]string{path}, args...))
		}
		out = append(out, p)
	}
	return out, nil
}
