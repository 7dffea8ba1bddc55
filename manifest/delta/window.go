package delta

import (
	"errors"
	"fmt"
	"io"
)

const (
	pageSize = 1 << 14
	pages    = 1 << 7
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

// read fills p from the file at from on, which lies inside it.
func (w *window) read(p []byte, from int64) error {
	for len(p) > 0 {
		held := &w.held[from/pageSize%pages]
		if at := from - from%pageSize; held.at != at+1 {
			if err := w.load(held, at); err != nil {
				return err
			}
		}
		n := copy(p, held.data[from%pageSize:])
		p, from = p[n:], from+int64(n)
	}
	return nil
}

// load fills a page with what the file has at at.
func (w *window) load(held *page, at int64) error {
	if held.data == nil {
		held.data = make([]byte, pageSize)
	}
	held.at, held.data = 0, held.data[:min(pageSize, w.size-at)]
	if n, err := w.file.ReadAt(held.data, at); n < len(held.data) {
		if err == nil || errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: it ends at %d, %d bytes were said", ErrBase, at+int64(n), w.size)
		}
		return fmt.Errorf("reading the old file at %d: %w", at, err)
	}
	held.at = at + 1
	return nil
}
