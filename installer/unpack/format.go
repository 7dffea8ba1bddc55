package unpack

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

const (
	// maxWindow is the memory that a zstd stream may ask for. Only "--long"
	// asks for more.
	maxWindow = 32 << 20

	// maxPadding is what may follow the end of a tar: tape blocks are padded.
	maxPadding = 1 << 20

	// The index of a zip is read as a whole before the first entry, so its
	// size bounds memory. A record has 46 bytes, a name and some extras.
	indexPerEntry = 1 << 10
	indexFixed    = 128 << 10
	maxIndex      = 4 << 20
)

func tarPlain(t *tree, src Source, _ int64) error {
	return t.tar(bufio.NewReaderSize(src, bufferSize))
}

func tarGzip(t *tree, src Source, _ int64) error {
	z, err := gzip.NewReader(bufio.NewReaderSize(src, bufferSize))
	if err != nil {
		return t.damaged("", err)
	}
	return errors.Join(t.tar(z), z.Close())
}

func tarZstd(t *tree, src Source, _ int64) error {
	// One goroutine and one window: what memory costs is known beforehand.
	z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return t.damaged("", err)
	}
	defer z.Close()
	return t.tar(z)
}

// tar adds the entries of a tar stream.
func (t *tree) tar(stream io.Reader) error {
	for r := tar.NewReader(stream); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return t.drain(stream)
		}
		if err != nil {
			return t.damaged("", err)
		}
		it := item{
			name:    h.Name,
			dir:     h.Typeflag == tar.TypeDir,
			regular: h.Typeflag == tar.TypeReg && !sparse(h),
			execute: h.Mode&0o111 != 0,
			size:    h.Size,
		}
		if err := t.add(it, r); err != nil {
			return err
		}
	}
}

// sparse tells whether a header describes a file with holes: a few bytes that
// unpack to any size.
func sparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// drain reads what follows the end of the tar, so that the checksum of the
// compressed stream is looked at.
func (t *tree) drain(stream io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(stream, maxPadding+1))
	if err != nil {
		return t.damaged("", err)
	}
	if n > maxPadding {
		return t.damaged("", errors.New("data after the end"))
	}
	return nil
}

func zipped(t *tree, src Source, size int64) error {
	index := &bounded{src: src, left: min(indexFixed+t.limits.Entries*indexPerEntry, maxIndex)}
	r, err := zip.NewReader(index, size)
	if errors.Is(err, errIndex) {
		return &Error{Reason: CodeTooMany, Archive: t.archive, Limit: t.limits.Entries, Cause: err}
	}
	if err != nil {
		return t.damaged("", err)
	}
	index.left = -1
	for _, f := range r.File {
		mode := f.Mode()
		it := item{
			name:    f.Name,
			dir:     mode.IsDir(),
			regular: mode.IsRegular() && f.Flags&encrypted == 0,
			execute: mode&0o111 != 0,
			size:    int64(min(f.UncompressedSize64, 1<<62)),
		}
		if err := t.addZipped(it, f); err != nil {
			return err
		}
	}
	return nil
}

// encrypted is the bit of a zip header that says that content is.
const encrypted = 1

func (t *tree) addZipped(it item, f *zip.File) error {
	if it.dir || !it.regular {
		return t.add(it, nil)
	}
	content, err := f.Open()
	if err != nil {
		return t.damaged(f.Name, err)
	}
	return errors.Join(t.add(it, content), content.Close())
}

var errIndex = errors.New("the index is too long")

// bounded hands out left bytes and then fails; negative is without bound.
type bounded struct {
	src  io.ReaderAt
	left int64
}

// ReadAt implements io.ReaderAt.
func (b *bounded) ReadAt(p []byte, offset int64) (int, error) {
	if b.left < 0 {
		return b.src.ReadAt(p, offset)
	}
	n, err := b.src.ReadAt(p, offset)
	if b.left -= int64(n); b.left < 0 {
		b.left = 0
		return 0, errIndex
	}
	return n, err
}
