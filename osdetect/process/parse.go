package process

import (
	"bytes"
	"encoding/binary"
	"path"
	"strconv"
	"strings"
	"time"
)

// stat is what /proc/PID/stat says.
type stat struct {
	name    string
	parent  uint32
	started time.Duration // since the machine started
	ended   bool          // it only waits for its parent to ask how
}

const (
	ticks      = 100 // of the clock of /proc in a second, on every architecture Go knows
	commLength = 15  // bytes of a name that Linux keeps; macOS keeps one more
)

// parseStat reads a line of /proc/PID/stat. The name stands in parentheses and
// may hold some itself.
func parseStat(line []byte) (s stat, ok bool) {
	opens, closes := bytes.IndexByte(line, '('), bytes.LastIndexByte(line, ')')
	if opens < 0 || closes < opens {
		return stat{}, false
	}
	fields := strings.Fields(string(line[closes+1:]))
	const state, parent, started = 0, 1, 19 // places after the name
	if len(fields) <= started {
		return stat{}, false
	}
	ppid, err := strconv.ParseUint(fields[parent], 10, 32)
	if err != nil {
		return stat{}, false
	}
	since, err := strconv.ParseInt(fields[started], 10, 64)
	if err != nil || since < 0 || since > int64(time.Duration(1<<63-1)/(time.Second/ticks)) {
		return stat{}, false
	}
	return stat{
		name: string(line[opens+1 : closes]), parent: uint32(ppid),
		started: time.Duration(since) * (time.Second / ticks), ended: fields[state] == "Z",
	}, true
}

// wholeName completes a name that the system cut: by the file name of the
// first path that begins with it.
func wholeName(name string, paths []string) string {
	if len(name) < commLength {
		return name
	}
	for _, p := range paths {
		if base := path.Base(p); strings.HasPrefix(base, name) {
			return base
		}
	}
	return name
}

// parseArguments reads what macOS knows of the start of a process: the number
// of arguments, the path of the program, zero bytes, and the arguments. What
// follows is its environment, which is nobody's business.
func parseArguments(data []byte) (program string, args []string) {
	const head = 4
	if len(data) < head {
		return "", nil
	}
	count := int(binary.NativeEndian.Uint32(data))
	name, rest, ok := bytes.Cut(data[head:], []byte{0})
	if !ok {
		return "", nil
	}
	rest = bytes.TrimLeft(rest, "\x00")
	for len(args) < count {
		arg, next, ok := bytes.Cut(rest, []byte{0})
		if !ok {
			break
		}
		args, rest = append(args, string(arg)), next
	}
	return string(name), args
}
