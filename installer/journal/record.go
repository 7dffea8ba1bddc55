package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"time"
)

// Limits of a journal. A run of three components writes about twenty lines
// of a few KiB; the limits only keep damage from becoming a memory problem.
const (
	MaxLine = 1 << 20  // bytes of one line, its end included
	MaxFile = 64 << 20 // bytes of one file
)

// Kind says what a record means.
type Kind string

// The kinds of records, in the order in which a run writes them.
const (
	Begin  Kind = "begin"  // a run starts; Data holds what it will do
	Intend Kind = "intend" // the step is about to change the machine; Data holds what undoing needs
	Did    Kind = "did"    // the step is complete
	Undid  Kind = "undid"  // the step is undone
	End    Kind = "end"    // nothing is left to do but to tidy up
)

// Record is one line of the journal.
type Record struct {
	Kind Kind            `json:"kind"`
	Run  string          `json:"run"`
	Step int             `json:"step"` // counted from 0; 0 for Begin and End
	Time time.Time       `json:"time"`
	Data json.RawMessage `json:"data,omitempty"`
}

// encode returns the line of r.
func (r Record) encode() ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	line := fmt.Appendf(nil, "%08x %s\n", crc32.ChecksumIEEE(body), body)
	if len(line) > MaxLine {
		return nil, fmt.Errorf("a line of %d bytes, and at most %d are allowed", len(line), MaxLine)
	}
	return line, nil
}

// check refuses what no run writes.
func (r Record) check() error {
	switch r.Kind {
	case Begin, Intend, Did, Undid, End:
	default:
		return fmt.Errorf("unknown kind %q", r.Kind)
	}
	if r.Run == "" || r.Step < 0 {
		return fmt.Errorf("run %q, step %d", r.Run, r.Step)
	}
	return nil
}

// decode reads a line without its end.
func decode(line []byte) (Record, error) {
	sum, body, found := bytes.Cut(line, []byte(" "))
	if !found || len(sum) != 8 {
		return Record{}, errors.New("no checksum")
	}
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if err != nil {
		return Record{}, errors.New("no checksum")
	}
	if got := crc32.ChecksumIEEE(body); got != uint32(want) {
		return Record{}, fmt.Errorf("checksum %08x, and the line says %08x", got, want)
	}
	var r Record
	if err := json.Unmarshal(body, &r); err != nil {
		return Record{}, err
	}
	return r, r.check()
}

// Replay returns the records in data and how many bytes of it are good; the
// caller cuts the file there before it appends. A bad last line is a torn
// write. A bad line before others is a *CorruptError, with the records before
// it; so is a file above MaxFile.
func Replay(data []byte) (records []Record, good int, err error) {
	if len(data) > MaxFile {
		return nil, 0, &CorruptError{Line: 1, Cause: fmt.Errorf("the file is larger than %d bytes", MaxFile)}
	}
	for n := 1; good < len(data); n++ {
		line, rest, whole := bytes.Cut(data[good:], []byte("\n"))
		r, err := Record{}, errors.New("the line has no end")
		if whole {
			r, err = decode(line)
		}
		if err != nil && len(rest) == 0 {
			break
		}
		if err == nil && len(line) >= MaxLine {
			err = fmt.Errorf("the line is longer than %d bytes", MaxLine)
		}
		if err != nil {
			return records, good, &CorruptError{Line: n, Cause: err}
		}
		records = append(records, r)
		good += len(line) + 1
	}
	return records, good, nil
}

// CodeCorrupt is the code of a CorruptError.
const CodeCorrupt = "journal-corrupt"

// CorruptError says that a journal is damaged elsewhere than at its end, as
// no interrupted write damages it.
type CorruptError struct {
	File  string // where the damaged file is kept, relative to the state directory; "" from Replay
	Line  int    // the first bad one, counted from 1
	Cause error
}

// Error implements error.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("journal: line %d of %q: %v", e.Line, e.File, e.Cause)
}

// Unwrap returns what is wrong with the line.
func (e *CorruptError) Unwrap() error { return e.Cause }

// Code returns CodeCorrupt.
func (e *CorruptError) Code() string { return CodeCorrupt }

// Args returns the places of the sentence: File and Line.
func (e *CorruptError) Args() map[string]string {
	return map[string]string{"File": e.File, "Line": strconv.Itoa(e.Line)}
}
