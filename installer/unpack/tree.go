package unpack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/releve-sante/releve/installer/durable"
)

const bufferSize = 256 << 10 // bytes between two looks at the context

// tree writes entries and keeps the promises of the package: every format
// goes through add.
type tree struct {
	ctx      context.Context // of the one call of Archive
	dst      durable.Dir
	into     string
	archive  string
	limits   Limits
	progress func(int64)

	seen   map[string]*Entry // by twinKey of the path
	bytes  int64
	buffer []byte
}

// item is an entry as an archive describes it.
type item struct {
	name    string
	dir     bool
	regular bool
	execute bool
	size    int64 // as declared; the content is not trusted to keep it
}

// add writes one entry with its parents.
func (t *tree) add(it item, content io.Reader) error {
	if err := t.ctx.Err(); err != nil {
		return fmt.Errorf("unpack %q: %w", t.archive, err)
	}
	if !it.dir && !it.regular {
		return &Error{Reason: CodeBadType, Archive: t.archive, Name: it.name}
	}
	name, ok := cleanName(it.name)
	if !ok || name == "." && !it.dir {
		return &Error{Reason: CodeBadName, Archive: t.archive, Name: it.name}
	}
	if !it.dir && (strings.HasSuffix(it.name, "/") || it.size < 0) {
		return &Error{Reason: CodeBadName, Archive: t.archive, Name: it.name}
	}
	if name == "." {
		return nil
	}
	if it.dir {
		return t.mkdir(name)
	}
	if it.size > t.limits.Bytes-t.bytes {
		return t.tooLarge(it.name)
	}
	if err := t.mkdir(path.Dir(name)); err != nil {
		return err
	}
	return t.write(name, it.execute, content)
}

// claim registers an entry, and finds twins and the end of the allowance. It
// returns nil for a directory that is already there.
func (t *tree) claim(name string, mode fs.FileMode) (*Entry, error) {
	key := twinKey(name)
	if other := t.seen[key]; other != nil {
		if other.Path == name && mode.IsDir() && other.Mode.IsDir() {
			return nil, nil
		}
		return nil, &Error{Reason: CodeTwinName, Archive: t.archive, Name: name, Other: other.Path}
	}
	if int64(len(t.seen)) >= t.limits.Entries {
		return nil, &Error{Reason: CodeTooMany, Archive: t.archive, Name: name, Limit: t.limits.Entries}
	}
	e := &Entry{Path: name, Mode: mode}
	t.seen[key] = e
	return e, nil
}

// mkdir makes the directory name with its parents, each one new.
func (t *tree) mkdir(name string) error {
	if name == "." {
		return nil
	}
	if e := t.seen[twinKey(name)]; e != nil && e.Path == name && e.Mode.IsDir() {
		return nil
	}
	if err := t.mkdir(path.Dir(name)); err != nil {
		return err
	}
	if e, err := t.claim(name, fs.ModeDir|0o755); e == nil || err != nil {
		return err
	}
	if err := t.dst.Mkdir(path.Join(t.into, name), 0o755); err != nil {
		return fmt.Errorf("unpack %q: %w", t.archive, err)
	}
	return nil
}

// write makes the file name, which must not exist.
func (t *tree) write(name string, execute bool, content io.Reader) error {
	mode := fs.FileMode(0o644)
	if execute {
		mode = 0o755
	}
	e, err := t.claim(name, mode)
	if err != nil {
		return err
	}
	f, err := t.dst.OpenFile(path.Join(t.into, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("unpack %q: %w", t.archive, err)
	}
	return errors.Join(t.copy(f, e, content), f.Close())
}

// copy writes content to f and to the hash, and stops at the byte beyond the
// limit.
func (t *tree) copy(f io.Writer, e *Entry, content io.Reader) error {
	hash := sha256.New()
	for {
		n, err := fill(content, t.buffer)
		if int64(n) > t.limits.Bytes-t.bytes {
			return t.tooLarge(e.Path)
		}
		if n > 0 {
			hash.Write(t.buffer[:n])
			if _, err := f.Write(t.buffer[:n]); err != nil {
				return fmt.Errorf("unpack %q: %w", t.archive, err)
			}
			e.Size += int64(n)
			t.bytes += int64(n)
			t.progress(t.bytes)
		}
		switch {
		case t.ctx.Err() != nil:
			return fmt.Errorf("unpack %q: %w", t.archive, t.ctx.Err())
		case errors.Is(err, io.EOF):
			e.SHA256 = hex.EncodeToString(hash.Sum(nil))
			return nil
		case err != nil:
			return t.damaged(e.Path, err)
		}
	}
}

// fill reads until buffer is full or content ends or fails. Unlike
// io.ReadFull it keeps an early end apart from a content that is cut.
func fill(content io.Reader, buffer []byte) (n int, err error) {
	for n < len(buffer) && err == nil {
		var k int
		k, err = content.Read(buffer[n:])
		n += k
	}
	return n, err
}

func (t *tree) tooLarge(name string) error {
	return &Error{Reason: CodeTooLarge, Archive: t.archive, Name: name, Limit: t.limits.Bytes}
}

func (t *tree) damaged(name string, cause error) error {
	return &Error{Reason: CodeDamaged, Archive: t.archive, Name: name, Cause: cause}
}

// sorted returns the entries by path.
func (t *tree) sorted() []Entry {
	all := make([]Entry, 0, len(t.seen))
	for _, e := range t.seen {
		all = append(all, *e)
	}
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return all
}
