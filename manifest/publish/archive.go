package publish

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/releve-sante/releve/manifest"
)

// Bounds of what an archive may unpack to. No component comes near them.
const (
	maxUnpacked = 64 << 30 // bytes
	maxEntries  = 1_000_000
	maxWindow   = 32 << 20 // bytes of memory a zstd stream may ask for
	maxPadding  = 1 << 20  // bytes after the end of a tar; clients read no more
)

func isArchive(name string) bool {
	return slices.ContainsFunc([]string{".tar.gz", ".tgz", ".tar.zst", ".zip"}, func(ending string) bool {
		return strings.HasSuffix(name, ending)
	})
}

// contents is what an archive unpacks to.
type contents struct {
	bytes, entries int64
	plain          *manifest.Plain // of a compressed tar
}

// measure counts what an archive unpacks to: bytes, and files and directories
// including those it only implies; and it names the tar inside a compressed
// one. It reads all of it, so that a damaged one is refused before it is
// signed, and refuses what clients do: links, devices, and names that lead
// outside.
func measure(ctx context.Context, name string, payload io.ReaderAt, size int64) (contents, error) {
	c := counter{names: map[string]bool{}}
	stream := bounded{ctx.Err, io.NewSectionReader(payload, 0, size)}
	var err error
	switch {
	case strings.HasSuffix(name, ".zip"):
		err = c.zip(payload, size)
	case isTar(name):
		err = decompress(name, stream, c.tar)
	default:
		err = errors.New("want .tar.gz, .tar.zst or .zip")
	}
	return contents{bytes: c.bytes, entries: int64(len(c.names)), plain: c.plain}, err
}

// isTar reports whether name is that of a compressed tar.
func isTar(name string) bool { return isArchive(name) && !strings.HasSuffix(name, ".zip") }

// decompress hands read the tar inside a compressed one, whose format the
// ending of name tells.
func decompress(name string, r io.Reader, read func(io.Reader) error) error {
	if strings.HasSuffix(name, ".tar.zst") {
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return err
		}
		defer z.Close()
		return read(z)
	}
	z, err := gzip.NewReader(bufio.NewReader(r))
	if err != nil {
		return err
	}
	return errors.Join(read(z), z.Close())
}

// counter adds up an archive.
type counter struct {
	bytes int64
	names map[string]bool // files, and directories named or implied
	plain *manifest.Plain
}

// tar reads r to its very end, which is what a digest of it covers.
func (c *counter) tar(r io.Reader) error {
	sum, length := sha256.New(), int64(0)
	r = io.TeeReader(r, tally{sum, &length})
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir {
			return fmt.Errorf("%q is neither a file nor a directory", h.Name)
		}
		if err := c.add(h.Name, h.Typeflag == tar.TypeDir, t); err != nil {
			return err
		}
	}
	n, err := io.Copy(io.Discard, io.LimitReader(r, maxPadding+1))
	if err != nil {
		return err
	}
	if n > maxPadding {
		return fmt.Errorf("more than %d bytes after its end", maxPadding)
	}
	c.plain = &manifest.Plain{Length: length, SHA256: hexOf(sum.Sum(nil))}
	return nil
}

// tally hashes and counts what is written to it.
type tally struct {
	hash.Hash
	n *int64
}

func (t tally) Write(p []byte) (int, error) {
	*t.n += int64(len(p))
	return t.Hash.Write(p)
}

func (c *counter) zip(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	for _, f := range z.File {
		if mode := f.Mode(); !mode.IsRegular() && !mode.IsDir() {
			return fmt.Errorf("%q is neither a file nor a directory", f.Name)
		}
		content, err := f.Open()
		if err != nil {
			return fmt.Errorf("%q: %w", f.Name, err)
		}
		if err := errors.Join(c.add(f.Name, f.Mode().IsDir(), content), content.Close()); err != nil {
			return err
		}
	}
	return nil
}

// add counts one entry and reads its content to the end.
func (c *counter) add(name string, dir bool, content io.Reader) error {
	clean := strings.TrimSuffix(strings.TrimPrefix(name, "./"), "/")
	if dir && (clean == "" || clean == ".") {
		return nil // the directory itself
	}
	if clean != path.Clean(clean) || clean == ".." || strings.HasPrefix(clean, "../") ||
		path.IsAbs(clean) || strings.ContainsAny(clean, `\:`) {
		return fmt.Errorf("%q is not a relative path of plain names", name)
	}
	if c.names[clean] && !dir {
		return fmt.Errorf("%q is in the archive twice", name)
	}
	for part := clean; part != "."; part = path.Dir(part) {
		c.names[part] = true
	}
	if len(c.names) > maxEntries {
		return fmt.Errorf("more than %d entries", maxEntries)
	}
	n, err := io.Copy(io.Discard, io.LimitReader(content, maxUnpacked-c.bytes+1))
	if err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	if c.bytes += n; c.bytes > maxUnpacked {
		return fmt.Errorf("more than %d bytes", int64(maxUnpacked))
	}
	return nil
}
