package trusttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
)

// Answer replaces the body of a file; data is what would have been served,
// nil when there is no such file.
type Answer func(ctx context.Context, data []byte) (io.Reader, error)

// Open implements trust.Remote.
func (r *Repo) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	data, ok := r.forged[name]
	if !ok {
		data, ok = r.files[name]
	}
	answer := r.serve[name]
	if answer == nil {
		answer = r.serve["*"]
	}
	if answer != nil {
		body, err := answer(ctx, data)
		if err != nil {
			return nil, 0, err
		}
		if body != nil {
			return io.NopCloser(body), 0, nil
		}
	}
	if !ok || data == nil {
		return nil, 0, fmt.Errorf("%q: %w", name, fs.ErrNotExist)
	}
	return io.NopCloser(bytes.NewReader(data[min(offset, int64(len(data))):])), offset, nil
}

// Serve lets answer decide what a file contains; name "*" is every file.
func (r *Repo) Serve(name string, answer Answer) { r.serve[name] = answer }

// Forge serves data under name instead of the right file; nil hides it.
func (r *Repo) Forge(name string, data []byte) { r.forged[name] = data }

// Endless is an Answer that never stops.
func Endless(_ context.Context, data []byte) (io.Reader, error) {
	return io.MultiReader(bytes.NewReader(data), repeat(' ')), nil
}

// Slow is an Answer of one byte every 10 ms.
func Slow(_ context.Context, data []byte) (io.Reader, error) {
	return slow{bytes.NewReader(data)}, nil
}

// Silent is an Answer that begins and then says nothing until ctx is done.
func Silent(ctx context.Context, data []byte) (io.Reader, error) {
	return io.MultiReader(bytes.NewReader(data[:len(data)/2]), silence{ctx.Done()}), nil
}

// Cut is an Answer whose connection breaks in the middle.
func Cut(_ context.Context, data []byte) (io.Reader, error) {
	return io.MultiReader(bytes.NewReader(data[:len(data)/2]), broken{}), nil
}

// Half is an Answer that ends in the middle as if it were whole.
func Half(_ context.Context, data []byte) (io.Reader, error) {
	return bytes.NewReader(data[:len(data)/2]), nil
}

// HTML is an Answer with the login page of a network.
func HTML(context.Context, []byte) (io.Reader, error) {
	return bytes.NewReader([]byte("<!DOCTYPE html><html><body>Bienvenue sur le Wi-Fi</body></html>")), nil
}

// Fail makes an Answer that fails with err before there is a body.
func Fail(err error) Answer {
	return func(context.Context, []byte) (io.Reader, error) { return nil, err }
}

type repeat byte

func (b repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}

type slow struct{ r io.Reader }

func (s slow) Read(p []byte) (int, error) {
	time.Sleep(10 * time.Millisecond)
	return s.r.Read(p[:1])
}

type silence struct{ done <-chan struct{} }

func (s silence) Read([]byte) (int, error) {
	<-s.done
	return 0, context.DeadlineExceeded
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Cache is a trust.Cache in memory. It counts what is stored, and can fail.
type Cache struct {
	Files  map[string][]byte
	Stores int
	// Blocked names cannot be read or stored until they are set aside, as when
	// a directory is in the way.
	Blocked map[string]bool
	// Fail, if not nil, is asked before each Store; an error is returned and
	// nothing stored, as when the disk is full or the power gone.
	Fail func(name string) error
}

// NewCache makes an empty cache.
func NewCache() *Cache { return &Cache{Files: map[string][]byte{}} }

// Load implements trust.Cache.
func (c *Cache) Load(name string) ([]byte, error) {
	if c.Blocked[name] {
		return nil, errBlocked
	}
	data, ok := c.Files[name]
	if !ok {
		return nil, fmt.Errorf("%q: %w", name, fs.ErrNotExist)
	}
	return slices.Clone(data), nil
}

// Store implements trust.Cache.
func (c *Cache) Store(name string, data []byte) error {
	if c.Fail != nil {
		if err := c.Fail(name); err != nil {
			return err
		}
	}
	if c.Blocked[name] {
		return errBlocked
	}
	c.Stores++
	c.Files[name] = slices.Clone(data)
	return nil
}

// SetAside implements trust.Cache.
func (c *Cache) SetAside(name string) error {
	delete(c.Blocked, name)
	c.Files[trust.DamagedPrefix+name] = c.Files[name]
	delete(c.Files, name)
	return nil
}

// Clone gives a cache with the same content that never fails.
func (c *Cache) Clone() *Cache { return &Cache{Files: maps.Clone(c.Files)} }

var errBlocked = errors.New("is a directory")
