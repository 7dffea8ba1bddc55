// Package journal is the memory of an interrupted run: one file, one line for
// each record, one checksum on each line, one sync for each Append.
//
// What it promises:
//   - a record that Append accepted is there after any power cut;
//   - what Open returns is a prefix of what was appended, and is durable, so
//     that acting on it is safe although the power may fail again;
//   - a torn last line is cut off; damage elsewhere is reported and the file
//     kept aside, and the next Open starts empty, so that no machine is
//     blocked for ever;
//   - one process at a time: package lock sees to that.
//
// What it does not promise: that damage to the last line, from the end of the
// one before it, is told from an interrupted write.
//
// The file is journal/current in the state directory, and a person can read
// it. Archive moves it to history/<name>.journal.
package journal

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/releve-sante/releve/installer/durable"
)

const (
	dir     = "journal"
	current = dir + "/current"
	history = "history"
	ending  = ".journal"
)

// Journal appends to the current file, which the first Append creates.
type Journal struct {
	d      durable.Dir
	f      durable.File // nil until there is a file
	size   int64        // bytes of good lines
	broken error        // why nothing more can be appended, or nil
}

// Open reads the journal in d and makes durable what it returns, and the
// entries of d itself. A *CorruptError comes with the records before the bad
// line, and without a Journal.
func Open(d durable.Dir) (*Journal, []Record, error) {
	if err := durable.EnsureDir(d, dir); err != nil {
		return nil, nil, fmt.Errorf("open the journal: %w", err)
	}
	data, err := durable.ReadFile(d, current, MaxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return &Journal{d: d}, nil, nil
	}
	records, good, bad := Replay(data)
	var large *durable.TooLargeError
	if errors.As(err, &large) {
		err, bad = nil, &CorruptError{Line: 1, Cause: large}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the journal: %w", err)
	}
	var corrupt *CorruptError
	if errors.As(bad, &corrupt) {
		corrupt.File, err = setAside(d)
		return nil, records, errors.Join(corrupt, err)
	}
	j := &Journal{d: d, size: int64(good)}
	if err := j.secure(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("secure the journal: %w", err), j.Close())
	}
	return j, records, nil
}

// secure cuts off what is not good and makes the rest durable: the process
// that wrote it may have been killed before its sync.
func (j *Journal) secure() (err error) {
	if j.f, err = j.d.OpenFile(current, os.O_RDWR|os.O_APPEND, 0); err != nil {
		return err
	}
	if err := j.cut(); err != nil {
		return err
	}
	return j.d.SyncDir(dir)
}

// cut ends the file after its good lines, durably.
func (j *Journal) cut() error {
	if err := j.f.Truncate(j.size); err != nil {
		return err
	}
	return j.f.Sync()
}

// setAside moves the current file out of the way and returns its new name.
func setAside(d durable.Dir) (name string, err error) {
	for n := 1; ; n++ {
		name = fmt.Sprintf("%s/corrupt-%d", dir, n)
		if _, err = d.Lstat(name); err != nil {
			break
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return current, fmt.Errorf("set the journal aside: %w", err)
	}
	if err := d.Rename(current, name); err != nil {
		return current, fmt.Errorf("set the journal aside: %w", err)
	}
	return name, d.SyncDir(dir)
}

// Append returns nil only after r is on the disk: one sync, and one more of
// the directory for the first record of a file. After an error the record is
// not in the journal, and another may be appended unless the disk refused
// even that.
func (j *Journal) Append(r Record) error {
	line, err := r.encode()
	if err != nil {
		return fmt.Errorf("journal record of kind %q: %w", r.Kind, err)
	}
	if j.broken != nil {
		return fmt.Errorf("journal record of kind %q: the journal failed before: %w", r.Kind, j.broken)
	}
	if j.size+int64(len(line)) > MaxFile {
		return fmt.Errorf("journal record of kind %q: the journal would exceed %d bytes", r.Kind, MaxFile)
	}
	if err := j.create(); err != nil {
		return fmt.Errorf("create the journal: %w", err)
	}
	_, err = j.f.Write(line)
	if err == nil {
		err = j.f.Sync()
	}
	if err != nil {
		// Never half a line before the next one. A sync that failed is not
		// tried again either: the bytes it was for are given up.
		j.broken = j.cut()
		return fmt.Errorf("journal record of kind %q: %w", r.Kind, err)
	}
	j.size += int64(len(line))
	return nil
}

// create makes the file, if there is none, and its entry durable.
func (j *Journal) create() error {
	if j.f != nil {
		return nil
	}
	f, err := j.d.OpenFile(current, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := j.d.SyncDir(dir); err != nil {
		return errors.Join(err, f.Close(), j.d.Remove(current))
	}
	j.f = f
	return nil
}

// Archive moves the current file to history/<name>.journal, durably. The next
// Append begins a new file. Without a current file it does nothing. After an
// error the journal has to be opened again.
func (j *Journal) Archive(name string) error {
	target := history + "/" + name + ending
	if durable.CheckName(name) != nil || durable.CheckName(target) != nil || strings.Contains(name, "/") {
		return fmt.Errorf("archive the journal as %q: %w", name, fs.ErrInvalid)
	}
	if j.f == nil {
		return nil
	}
	err := durable.EnsureDir(j.d, history)
	err = errors.Join(err, j.Close()) // Windows does not rename an open file
	if err == nil {
		err = j.d.Rename(current, target)
	}
	for _, name := range []string{history, dir} {
		if err == nil {
			err = j.d.SyncDir(name)
		}
	}
	if err != nil {
		return fmt.Errorf("archive the journal as %q: %w", target, err)
	}
	j.size, j.broken = 0, nil
	return nil
}

// Close gives the file back. Nothing more can be appended; what was appended
// is on the disk already.
func (j *Journal) Close() error {
	f := j.f
	j.f, j.broken = nil, fs.ErrClosed
	if f == nil {
		return nil
	}
	return f.Close()
}

// Run is one journal of the past.
type Run struct {
	Name    string // as given to Archive
	Records []Record
	Damage  error // what kept the file from being read to its end, or nil
}

// History returns the limit runs that were written last, newest first by the
// time of their first record. No more files than that are read. A damaged one
// is part of the answer, with what could be read of it; it never hides the
// others.
func History(d durable.Dir, limit int) ([]Run, error) {
	entries, err := d.ReadDir(history)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	var files []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && strings.HasSuffix(e.Name(), ending) {
			files = append(files, info)
		}
	}
	slices.SortStableFunc(files, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	var runs []Run
	for _, f := range files[:min(len(files), max(limit, 0))] {
		data, err := durable.ReadFile(d, history+"/"+f.Name(), MaxFile)
		records, _, bad := Replay(data)
		runs = append(runs, Run{Name: strings.TrimSuffix(f.Name(), ending), Records: records, Damage: errors.Join(err, bad)})
	}
	slices.SortStableFunc(runs, newestFirst)
	return runs, nil
}

func newestFirst(a, b Run) int {
	switch {
	case len(a.Records) == 0 || len(b.Records) == 0:
		return cmp.Compare(len(b.Records), len(a.Records))
	case !a.Records[0].Time.Equal(b.Records[0].Time):
		return b.Records[0].Time.Compare(a.Records[0].Time)
	}
	return cmp.Compare(b.Name, a.Name)
}
