package mirror

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/store"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/trust"
)

// partial is the ending of the folder beside a bundle that is being made.
const partial = ".part"

// CreateBundle writes a repository into the file name of d. Nothing has that
// name before all of it is on the disk. From a local source packages are read
// where they are; from another one each is first received into a folder
// beside the file, so that a run that was interrupted is taken up by the next.
func CreateBundle(ctx context.Context, c Config, d durable.Dir, name string, local bool) (Report, error) {
	if info, err := d.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return Report{}, &Error{Reason: CodeInTheWay, Name: name}
	}
	work := shelf{d, name + partial}
	if err := durable.EnsureDir(d, name+partial); err != nil {
		return Report{}, err
	}
	report, err := createBundle(ctx, c, work, local)
	if err == nil {
		err = errors.Join(d.Rename(work.at(bundleName), name), d.SyncDir("."))
	} else if local {
		return Report{}, errors.Join(err, d.RemoveAll(name+partial))
	}
	if err != nil {
		return Report{}, errors.Join(err, except(work.Remove(bundleName), fs.ErrNotExist))
	}
	return report, errors.Join(d.RemoveAll(name+partial), d.SyncDir("."))
}

const bundleName = "bundle.zip"

func createBundle(ctx context.Context, c Config, work shelf, local bool) (Report, error) {
	held := trust.NewMemory()
	b := &bundling{config: c}
	if !local {
		held = cache{work}
		config := c.Download
		config.Dir, config.Remote = work, c.Remote
		b.packages = store.New(config)
	}
	s, err := c.read(ctx, held)
	if err != nil {
		return Report{}, err
	}
	if s.info.Schema == 0 {
		s.info.Schema = 1
	}
	s.report.Info, s.report.NewFiles, s.report.NewBytes = s.info, s.report.Files, s.report.Bytes
	if c.Begin != nil {
		c.Begin(s.report)
	}
	f, err := work.OpenFile(bundleName, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return Report{}, err
	}
	buffer := bufio.NewWriterSize(f, bufferSize)
	b.zip = zip.NewWriter(buffer)
	err = b.fill(ctx, s)
	if err == nil {
		err = errors.Join(b.zip.Close(), buffer.Flush(), f.Sync())
	}
	return s.report, errors.Join(err, f.Close())
}

const bufferSize = 256 << 10

// bundling is a bundle that is being written.
type bundling struct {
	config   Config
	packages *store.Store // nil: read from the remote at once
	zip      *zip.Writer
}

// fill writes what a bundle says about itself, then metadata, then targets.
// Entries have no date, so that equal content has equal bytes.
func (b *bundling) fill(ctx context.Context, s *source) error {
	info, err := encodeInfo(s.info)
	if err != nil {
		return err
	}
	if err := b.write(trust.BundleInfoName, info); err != nil {
		return err
	}
	for _, f := range s.inventory.Metadata {
		if err := b.write(f.Name, f.Data); err != nil {
			return err
		}
	}
	for _, t := range s.chosen {
		if b.config.Progress != nil {
			b.config.Progress(t)
		}
		if err := b.target(ctx, s.client, t); err != nil {
			return err
		}
	}
	return nil
}

func (b *bundling) write(name string, data []byte) error {
	w, err := b.entry(name)
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return nil
}

func (b *bundling) entry(name string) (io.Writer, error) {
	w, err := b.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err != nil {
		return nil, fmt.Errorf("writing %q: %w", name, err)
	}
	return w, nil
}

func (b *bundling) target(ctx context.Context, client *trust.Client, t trust.Target) error {
	if isDocument(t.Path) {
		blob, err := client.Authenticated(ctx, t.Path)
		if err != nil {
			return err
		}
		return b.write(t.File, blob.Data)
	}
	w, err := b.entry(t.File)
	if err != nil {
		return err
	}
	if b.packages == nil {
		return copyTarget(ctx, b.config.Remote, t, w)
	}
	a := manifest.Artifact{Path: t.Path, Length: t.Length, SHA256: t.SHA256}
	if err := b.packages.Fetch(ctx, a, store.Watch{}); err != nil {
		return err
	}
	held, err := b.packages.Package(a)
	if err != nil {
		return err
	}
	f, err := held.Open() // hashed again
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(plain{w}, f, make([]byte, bufferSize))
	return errors.Join(err, f.Close())
}

// plain keeps io.CopyBuffer to its buffer.
type plain struct{ io.Writer }

// copyTarget reads a target from a remote into w, and compares it with what
// was signed.
func copyTarget(ctx context.Context, remote trust.Remote, t trust.Target, w io.Writer) error {
	body, start, err := remote.Open(ctx, t.File, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return &Error{Reason: CodeIncomplete, Name: t.File, Cause: err}
	}
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.CopyBuffer(io.MultiWriter(plain{w}, sum), io.LimitReader(interruptible{ctx.Err, body}, t.Length+1), make([]byte, bufferSize))
	if err := errors.Join(err, body.Close()); err != nil {
		return fmt.Errorf("reading %q: %w", t.File, err)
	}
	if start != 0 || n != t.Length || !same(sum, t.SHA256) {
		return &Error{
			Reason: CodeChanged, Name: t.File,
			Expected: fmt.Sprintf("%d bytes, sha256 %s", t.Length, t.SHA256),
			Found:    fmt.Sprintf("%d bytes, sha256 %s", n, hex.EncodeToString(sum.Sum(nil))),
		}
	}
	return nil
}

func same(sum hash.Hash, want string) bool {
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum.Sum(nil))), []byte(want)) == 1
}

// interruptible ends a long read once done gives an error.
type interruptible struct {
	done func() error
	r    io.Reader
}

func (i interruptible) Read(p []byte) (int, error) {
	if err := i.done(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}

// Verify reads a copy, or a repository, whole: everything that it says it
// holds, by the rules of the workstation, and every package to its end.
func Verify(ctx context.Context, c Config) (Report, error) {
	info := readInfo(ctx, c.Remote)
	c.Select = selection(info)
	s, err := c.read(ctx, trust.NewMemory())
	if err != nil {
		return Report{}, err
	}
	s.report.Info = info
	for _, t := range s.chosen {
		if c.Progress != nil {
			c.Progress(t)
		}
		if err := copyTarget(ctx, c.Remote, t, io.Discard); err != nil {
			return Report{}, err
		}
	}
	return s.report, nil
}

// FirstRoot reads the first root.json that a copy holds, for those who have
// no other. It is then not known who made the copy.
func FirstRoot(ctx context.Context, remote trust.Remote) ([]byte, error) {
	const name = "metadata/1.root.json"
	body, _, err := remote.Open(ctx, name, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Reason: CodeIncomplete, Name: path.Base(name), Cause: err}
	}
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	_, err = io.Copy(&data, io.LimitReader(body, rootLimit))
	return data.Bytes(), errors.Join(err, body.Close())
}
