package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/andybalholm/brotli"

	"github.com/releve-sante/releve/manifest/delta"
)

const (
	// worthComparing is up to what size, in bytes, a patch is compared with
	// the file itself. A patch of a larger file is never much larger.
	worthComparing = 1 << 20

	// thorough is up to how many bytes a program is compressed at its best,
	// which takes a second for each MiB.
	thorough = 64 << 20
)

// Stats counts the files of an archive by how a delta makes them.
type Stats struct {
	Kept, Patched, New int
}

// Make writes to w a delta that makes next, a tar, from the files of old. A
// file that is neither in old nor like one in it stands in the delta whole.
// Old and delta are held in memory, and of next one file at a time, with what
// delta.Make needs. An error wraps what next, w or ctx gave, or is a
// *TooLargeError.
func Make(ctx context.Context, w io.Writer, old *Tree, next io.Reader) (Stats, error) {
	m := maker{ctx: ctx, old: old, next: &recorder{r: next}}
	if err := m.read(); err != nil {
		return Stats{}, err
	}
	m.op(opEnd)
	program, err := compressed(m.program.Bytes(), quality(m.program.Len()))
	if err != nil {
		return Stats{}, err
	}
	start := append([]byte(magic), version)
	start = binary.AppendUvarint(start, uint64(len(program)))
	for _, part := range [][]byte{start, program, m.patches.Bytes()} {
		if _, err := w.Write(part); err != nil {
			return Stats{}, fmt.Errorf("writing the delta: %w", err)
		}
	}
	return m.stats, nil
}

// recorder keeps what is read through it while it is on.
type recorder struct {
	r    io.Reader
	on   bool
	kept bytes.Buffer
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if r.on {
		r.kept.Write(p[:n])
	}
	return n, err
}

// maker is a delta in the making.
type maker struct {
	ctx     context.Context // of the one call of Make
	old     *Tree
	next    *recorder
	program bytes.Buffer
	patches bytes.Buffer
	padded  int64 // zeros that the instruction before writes after its content
	header  *header
	stats   Stats
}

// read goes through the tar. Whatever archive/tar reads before it returns an
// entry is padding and headers, whatever it reads then is content.
func (m *maker) read() error {
	for in := tar.NewReader(m.next); ; {
		m.next.on = true
		m.next.kept.Reset()
		h, err := in.Next()
		last := errors.Is(err, io.EOF)
		if last {
			_, err = io.Copy(io.Discard, m.next) // what follows the end
		}
		if err != nil {
			return err
		}
		m.next.on = false
		if err := m.between(m.next.kept.Bytes()); err != nil || last {
			return err
		}
		if h.Size == 0 || h.Typeflag != tar.TypeReg {
			continue
		}
		if h.Size > math.MaxInt32 {
			return &TooLargeError{Name: h.Name}
		}
		data, err := content(m.ctx, in, h.Size)
		if err != nil {
			return fmt.Errorf("%q: %w", h.Name, err)
		}
		if err := m.file(installed(h.Name), data); err != nil {
			return fmt.Errorf("%q: %w", h.Name, err)
		}
	}
}

// between writes what stands between two contents: the padding of the one
// before, unless an instruction writes it, and header blocks.
func (m *maker) between(data []byte) error {
	if pad := data[:min(m.padded, int64(len(data)))]; len(bytes.Trim(pad, "\x00")) > 0 || int64(len(pad)) < m.padded {
		return errors.New("it is not padded with zeros: pack it again")
	}
	data = data[m.padded:]
	m.padded, m.header = 0, nil
	// Blocks begin where the padding of the content before ends.
	odd := len(data) % blockSize
	m.literal(data[:odd])
	for data = data[odd:]; len(data) > 0; data = data[blockSize:] {
		h := header(data[:blockSize])
		if !h.canonical() {
			m.literal(h[:])
			m.header = nil
			continue
		}
		m.op(opHeader)
		m.program.Write(h[:sumAt])
		m.program.Write(h[sumEnd:])
		m.header = &h
	}
	return nil
}

// file writes how the content of an entry is made.
func (m *maker) file(name string, data []byte) error {
	size, ok := int64(0), false
	if m.header != nil {
		size, ok = m.header.size()
	}
	if !ok || size != int64(len(data)) { // no instruction could tell its size
		m.stats.New++
		m.literal(data)
		return nil
	}
	if same := m.old.same(name, data); same != "" {
		m.stats.Kept++
		m.instruct(opKeep, opKeepOther, same)
		m.padded = padding(size)
		return nil
	}
	like := m.old.like(name)
	if like == "" {
		m.stats.New++
		m.literal(data)
		return nil
	}
	return m.patch(like, data)
}

// patch writes how data is made from the file of old called like, unless the
// patch is larger than data is.
func (m *maker) patch(like string, data []byte) error {
	var patch bytes.Buffer
	if err := delta.Make(m.ctx, &patch, m.old.files[like], data, delta.Options{}); err != nil {
		return err
	}
	if len(data) <= worthComparing {
		whole, err := compressed(data, quality(len(data)))
		if err != nil {
			return err
		}
		if patch.Len() >= len(whole) {
			m.stats.New++
			m.literal(data)
			return nil
		}
	}
	m.stats.Patched++
	m.instruct(opPatch, opPatchOther, like)
	m.number(patch.Len())
	m.patches.Write(patch.Bytes())
	m.padded = padding(int64(len(data)))
	return nil
}

func (m *maker) op(op byte) { m.program.WriteByte(op) }

func (m *maker) number(n int) {
	m.program.Write(binary.AppendUvarint(nil, uint64(n)))
}

// literal writes bytes as they are.
func (m *maker) literal(data []byte) {
	if len(data) == 0 {
		return
	}
	m.op(opLiteral)
	m.number(len(data))
	m.program.Write(data)
}

// instruct writes an instruction about a file of old, in the short form where
// the header names it already.
func (m *maker) instruct(short, long byte, path string) {
	if m.header.path() == path {
		m.op(short)
		return
	}
	m.op(long)
	m.number(len(path))
	m.program.WriteString(path)
}

// quality chooses how well to compress.
func quality(size int) int {
	if size > thorough {
		return 9
	}
	return brotli.BestCompression
}

// compressed compresses data.
func compressed(data []byte, quality int) ([]byte, error) {
	var out bytes.Buffer
	w := brotli.NewWriterOptions(&out, brotli.WriterOptions{Quality: quality, LGWin: windowBits})
	_, err := w.Write(data)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	return out.Bytes(), nil
}
