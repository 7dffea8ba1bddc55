package archive

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/andybalholm/brotli"

	"github.com/releve-sante/releve/manifest/delta"
)

const bufferSize = 128 << 10 // bytes between two looks at the context

// Apply makes a tar from the files of base and a delta of size bytes, and
// writes it to w.
//
// length is that of the tar, from a source that is trusted: no more is ever
// written. What was written before an error is of no use. The files of base
// have to be regular ones and to implement io.ReaderAt; each is open for as
// long as it is read, one at a time.
//
// Errors wrap delta.ErrDamaged (the delta makes no sense), delta.ErrBase (a
// file of the base is missing, or is not the one that the delta was made for),
// delta.ErrUnknown (a form of a later day), or what w, the delta or ctx gave.
func Apply(ctx context.Context, w io.Writer, base fs.FS, r io.ReaderAt, size, length int64) error {
	a := applier{ctx: ctx, w: w, left: length, base: base, delta: r, buffer: make([]byte, bufferSize)}
	if err := a.open(size); err != nil {
		return err
	}
	return a.run()
}

// run carries out the program to its end.
func (a *applier) run() error {
	for {
		op, err := a.program.ReadByte()
		if err != nil {
			return a.short(err)
		}
		if op == opEnd {
			return a.end()
		}
		if err := a.execute(op); err != nil {
			return err
		}
	}
}

// applier is a tar in the making.
type applier struct {
	ctx     context.Context // of the one call of Apply
	w       io.Writer
	left    int64 // of the tar
	base    fs.FS
	delta   io.ReaderAt
	program *bufio.Reader
	patch   int64 // where the next patch begins
	size    int64 // of the delta
	header  *header
	buffer  []byte
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{delta.ErrDamaged}, args...)...)
}

// short explains why the program could not be read.
func (a *applier) short(err error) error {
	var read *readError
	switch {
	case errors.As(err, &read):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return damaged("its program ends too early")
	}
	return damaged("its program cannot be read: %w", err)
}

// open reads what stands before the program.
func (a *applier) open(size int64) error {
	start := bufio.NewReader(marked{io.NewSectionReader(a.delta, 0, min(size, 64))})
	var form [len(magic) + 1]byte
	if _, err := io.ReadFull(start, form[:]); err != nil {
		return a.short(err)
	}
	if string(form[:len(magic)]) != magic {
		return damaged("it begins with %q, not with %q", form[:len(magic)], magic)
	}
	if form[len(magic)] != version {
		return fmt.Errorf("%w: version %d", delta.ErrUnknown, form[len(magic)])
	}
	n, err := binary.ReadUvarint(start)
	if err != nil {
		return a.short(err)
	}
	at := int64(len(form) + len(binary.AppendUvarint(nil, n)))
	if n == 0 || n > uint64(max(size-at, 0)) {
		return damaged("its program has %d bytes, all of it %d", n, size)
	}
	a.patch, a.size = at+int64(n), size
	input := bufio.NewReaderSize(marked{io.NewSectionReader(a.delta, at, int64(n))}, 32<<10)
	first, err := input.Peek(1)
	if err != nil {
		return a.short(err)
	}
	if bits := delta.WindowBits(first[0]); bits > windowBits {
		return damaged("its program wants a window of 2^%d bytes, at most 2^%d is given", bits, windowBits)
	}
	a.program = bufio.NewReaderSize(brotli.NewReader(input), 32<<10)
	return nil
}

// execute carries out one instruction.
func (a *applier) execute(op byte) error {
	if err := a.ctx.Err(); err != nil {
		return fmt.Errorf("making the tar: %w", err)
	}
	switch op {
	case opLiteral:
		n, err := a.number()
		if err != nil {
			return err
		}
		if n < 1 || n > a.left {
			return damaged("%d literal bytes, where %d are missing", n, a.left)
		}
		return a.copy(a.program, n, func(err error) error { return a.short(err) })
	case opHeader:
		return a.readHeader()
	case opKeep, opKeepOther, opPatch, opPatchOther:
		return a.content(op)
	}
	return damaged("there is no instruction %d", op)
}

// number reads one number, which fits.
func (a *applier) number() (int64, error) {
	n, err := binary.ReadUvarint(a.program)
	if err != nil {
		return 0, a.short(err)
	}
	if n > 1<<62 {
		return 0, damaged("a number of %d", n)
	}
	return int64(n), nil
}

// write writes bytes of the tar that fit into it.
func (a *applier) write(p []byte) error {
	if int64(len(p)) > a.left {
		return damaged("%d bytes, where %d are missing", len(p), a.left)
	}
	a.left -= int64(len(p))
	if _, err := a.w.Write(p); err != nil {
		return fmt.Errorf("writing the tar: %w", err)
	}
	return nil
}

// copy writes n bytes of r, which fit. explain is asked about its errors.
func (a *applier) copy(r io.Reader, n int64, explain func(error) error) error {
	for n > 0 {
		if err := a.ctx.Err(); err != nil {
			return fmt.Errorf("making the tar: %w", err)
		}
		part := a.buffer[:min(n, int64(len(a.buffer)))]
		if _, err := io.ReadFull(r, part); err != nil {
			return explain(err)
		}
		if err := a.write(part); err != nil {
			return err
		}
		n -= int64(len(part))
	}
	return nil
}

// readHeader writes a header block with its checksum.
func (a *applier) readHeader() error {
	h := new(header)
	for _, part := range [][]byte{h[:sumAt], h[sumEnd:]} {
		if _, err := io.ReadFull(a.program, part); err != nil {
			return a.short(err)
		}
	}
	copy(h[sumAt:sumEnd], h.checksum())
	a.header = h
	return a.write(h[:])
}

// content writes the content that belongs to the header just written.
func (a *applier) content(op byte) error {
	if a.header == nil {
		return damaged("content without a header")
	}
	path, err := a.path(op)
	if err != nil {
		return err
	}
	size, ok := a.header.size()
	a.header = nil
	if !ok || size < 1 || size > a.left {
		return damaged("%q of %d bytes, where %d are missing", path, size, a.left)
	}
	if op == opKeep || op == opKeepOther {
		err = a.keep(path, size)
	} else {
		err = a.change(path, size)
	}
	if err != nil {
		return err
	}
	clear(a.buffer[:blockSize])
	return a.write(a.buffer[:padding(size)])
}

// path reads which file of the base an instruction is about.
func (a *applier) path(op byte) (string, error) {
	path := a.header.path()
	if op == opKeepOther || op == opPatchOther {
		n, err := a.number()
		if err != nil {
			return "", err
		}
		if n < 1 || n > maxPath {
			return "", damaged("a path of %d bytes", n)
		}
		name := make([]byte, n)
		if _, err := io.ReadFull(a.program, name); err != nil {
			return "", a.short(err)
		}
		path = installed(string(name))
	}
	if path == "" {
		return "", damaged("a path that leads nowhere")
	}
	return path, nil
}

// keep writes a file of the base as it is.
func (a *applier) keep(path string, size int64) error {
	f, found, err := openBase(a.base, path)
	if err != nil {
		return err
	}
	if found != size {
		err = fmt.Errorf("%w: %q has %d bytes, not %d", delta.ErrBase, path, found, size)
	} else {
		err = a.copy(f, size, func(err error) error { return fmt.Errorf("reading %q: %w", path, err) })
	}
	return errors.Join(err, f.Close())
}

// change writes a file of the base as the next patch changes it.
func (a *applier) change(path string, size int64) error {
	n, err := a.number()
	if err != nil {
		return err
	}
	if n > a.size-a.patch {
		return damaged("a patch of %d bytes, where %d are there", n, a.size-a.patch)
	}
	f, found, err := openBase(a.base, path)
	if err != nil {
		return err
	}
	patch := io.NewSectionReader(a.delta, a.patch, n)
	a.patch += n
	err = delta.Apply(a.ctx, writer(a.write), f, found, patch, n, size)
	if err != nil {
		err = fmt.Errorf("patching %q: %w", path, err)
	}
	return errors.Join(err, f.Close())
}

// writer is a function that writes.
type writer func(p []byte) error

func (w writer) Write(p []byte) (int, error) {
	if err := w(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// end makes sure that all was used and all was made.
func (a *applier) end() error {
	switch _, err := a.program.ReadByte(); {
	case err == nil:
		return damaged("its program goes on after its end")
	case !errors.Is(err, io.EOF):
		return a.short(err)
	case a.patch != a.size:
		return damaged("%d bytes of it are of no use", a.size-a.patch)
	case a.left != 0:
		return damaged("it ends %d bytes before the tar does", a.left)
	}
	return nil
}
