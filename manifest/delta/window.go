package delta

import (
	"errors"
	"fmt"
	"io"
)

const (
	pageSize = 1 << 12
	pages    = 1 << 9
)

// window reads a file at random and keeps the pages that were read last, each
// in the one place that its number gives it.
type window struct {
	file io.ReaderAt
	size int64
	held [pages]page
}

type page struct {
	at   int64 // in the file, plus one; 0 for none
	data []byte
}

// read fills p from the file at from on, which lies inside it. What is long is
// read past the pages: it is seldom wanted again.
func (w *window) read(p []byte, from int64) error {
	if len(p) >= 4*pageSize {
		return w.fill(p, from)
	}
	for len(p) > 0 {
		held := &w.held[from/pageSize%pages]
		if at := from - from%pageSize; held.at != at+1 {
			if held.data == nil {
				held.data = make([]byte, pageSize)
			}
			held.at, held.data = 0, held.data[:min(pageSize, w.size-at)]
			if err := w.fill(held.data, at); err != nil {
				return err
			}
			held.at = at + 1
		}
		n := copy(p, held.data[from%pageSize:])
		p, from = p[n:], from+int64(n)
	}
	return nil
}

// fill reads p from the file.
func (w *window) fill(p []byte, at int64) error {
	n, err := w.file.ReadAt(p, at)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it ends at %d, %d bytes were said", ErrBase, at+int64(n), w.size)
	}
	return fmt.Errorf("reading the old file at %d: %w", at, err)
}
