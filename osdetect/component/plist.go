//go:build !windows

package component

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/micromdm/plist"
)

// receipts is where macOS keeps what it remembers of installed packages.
const receipts = "/var/db/receipts"

// maxPlist is the largest property list that is read, in bytes.
const maxPlist = 1 << 20

// receipt reads the version of a package from its receipt below root.
func receipt(root, id string) (string, error) {
	if id != filepath.Base(id) || strings.HasPrefix(id, ".") {
		return "", fmt.Errorf("package identifier %q: %w", id, fs.ErrInvalid)
	}
	return property(root, receipts+"/"+id+".plist", "PackageVersion")
}

// property reads one text of a property list below root, "" when the list is
// there and has no such text.
func property(root, path, key string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("property list %q: %w", path, fs.ErrInvalid)
	}
	data, err := readPlist(filepath.Join(root, path))
	if err != nil {
		return "", fmt.Errorf("property list %q: %w", path, err)
	}
	var values map[string]any
	if err := unmarshal(data, &values); err != nil {
		return "", fmt.Errorf("property list %q: %w", path, err)
	}
	text, _ := values[key].(string)
	return text, nil
}

// readPlist reads a file that is not too large.
func readPlist(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, maxPlist+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if len(data) > maxPlist {
		return nil, fmt.Errorf("more than %d bytes", maxPlist)
	}
	return data, nil
}

// unmarshal reads a property list, in whichever form. The library gives up by
// a panic on some damaged ones.
func unmarshal(data []byte, into any) (err error) {
	if objects(data) > uint64(len(data)) {
		return errors.New("damaged: more objects than bytes")
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("damaged: %v", r)
		}
	}()
	return plist.Unmarshal(data, into)
}

// objects returns how many objects the end of a binary property list claims, 0
// for one in another form. The library makes room for as many, and to run out
// of memory is no panic. The layout is that of Apple's CFBinaryPList.c.
func objects(data []byte) uint64 {
	const trailer, count = 32, 8
	if !bytes.HasPrefix(data, []byte("bplist")) || len(data) < trailer {
		return 0
	}
	return binary.BigEndian.Uint64(data[len(data)-trailer+count:])
}
