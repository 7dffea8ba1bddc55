package tui

import (
	"errors"
	"io"
)

// terminal is an input that is a file, which the screen needs to know in
// order to read single keys from it.
type terminal interface {
	io.ReadWriteCloser
	Fd() uintptr
	Name() string
}

// input wraps in so that gone is called when it ends: a screen that waits for
// a key must not wait for ever once nobody can press one. Any other error ends
// the screen by itself.
func input(in io.Reader, gone func()) io.Reader {
	if in == nil {
		gone()
		return nil
	}
	if f, ok := in.(terminal); ok {
		return &watchedTerminal{terminal: f, gone: gone}
	}
	return &watchedReader{in: in, gone: gone}
}

type watchedReader struct {
	in   io.Reader
	gone func()
}

// Read passes on, and notices the end.
func (r *watchedReader) Read(b []byte) (int, error) {
	n, err := r.in.Read(b)
	if errors.Is(err, io.EOF) {
		r.gone()
	}
	return n, err // as it is: callers compare with io.EOF
}

type watchedTerminal struct {
	terminal
	gone func()
}

// Read passes on, and notices the end.
func (t *watchedTerminal) Read(b []byte) (int, error) {
	n, err := t.terminal.Read(b)
	if errors.Is(err, io.EOF) {
		t.gone()
	}
	return n, err // as it is: callers compare with io.EOF
}
