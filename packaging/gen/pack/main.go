// Command pack writes the texts and the reference catalogue as archives, for a
// release of the client, which is built with the tag packed: as files they
// would be a thirtieth of it. It runs at the root of the checkout and promises
// the same bytes for the same files and the same Go.
package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

func main() {
	err := errors.Join(
		pack("tui/text/locales.zip", "tui/text", "locales/*.json"),
		pack("manifest/reference/documents.zip", "manifest/reference", "*.json", "channels/*.json", "components/*/*.json"),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

// pack writes the files below dir that match one of the patterns into an
// archive, with their names from there.
func pack(archive, dir string, patterns ...string) error {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(to, flate.BestCompression)
	})
	for _, pattern := range patterns {
		names, err := fs.Glob(os.DirFS(dir), pattern)
		if err != nil {
			return fmt.Errorf("packing %q: %w", archive, err)
		}
		if len(names) == 0 {
			return fmt.Errorf("packing %q: no file is called %q", archive, path.Join(dir, pattern))
		}
		for _, name := range names {
			if err := add(w, dir, name); err != nil {
				return fmt.Errorf("packing %q: %w", archive, err)
			}
		}
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("packing %q: %w", archive, err)
	}
	return os.WriteFile(archive, out.Bytes(), 0o644)
}

func add(w *zip.Writer, dir, name string) error {
	data, err := os.ReadFile(path.Join(dir, name))
	if err != nil {
		return err
	}
	f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return err
}
