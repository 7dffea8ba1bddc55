package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/releve-sante/releve/installer/durable"
)

const (
	schema     = 1
	infoName   = "bundle.json"
	filesName  = "files.json"
	jobName    = "job.json"
	treeName   = "tree"
	maxInfo    = 64 << 10 // bytes of bundle.json and job.json
	maxRecords = 64 << 20 // bytes of files.json: some 400,000 files
)

// errDamaged says that a record of a version does not fit what it describes.
var errDamaged = errors.New("damaged")

// info is bundle.json: small, so that looking at a component costs the same
// for one file and for thousands.
type info struct {
	Schema    int    `json:"schema"`
	ID        string `json:"id"`
	Component string `json:"component"`
	Version   string `json:"version"`
	Files     string `json:"files"` // SHA-256 of files.json
	Count     int    `json:"count"`
	Bytes     int64  `json:"bytes"`

	digest string // of bundle.json itself, hence of everything below it
}

// fileList is files.json.
type fileList struct {
	Schema int          `json:"schema"`
	Files  []fileRecord `json:"files"` // sorted by path
}

// fileRecord is one file of the tree.
type fileRecord struct {
	Path   string      `json:"path"`
	Size   int64       `json:"size"`
	SHA256 string      `json:"sha256"`
	Mode   fs.FileMode `json:"mode"`
}

// jobRecord is job.json: which component a staging directory is for, so that
// Sweep finds what came of it.
type jobRecord struct {
	Schema    int    `json:"schema"`
	Component string `json:"component"`
}

// readInfo reads bundle.json of a version. A missing file wraps
// fs.ErrNotExist, one that makes no sense errDamaged.
func (b *Backend) readInfo(component, id string) (info, error) {
	name := path.Join(versionDir(component, id), infoName)
	data, err := durable.ReadFile(b.dir, name, maxInfo)
	if err != nil {
		return info{}, fmt.Errorf("reading %q: %w", name, err)
	}
	in := info{digest: sum(data)}
	if err := json.Unmarshal(data, &in); err != nil {
		return info{}, fmt.Errorf("reading %q: %w: %w", name, errDamaged, err)
	}
	if in.Schema != schema || in.ID != id || in.Component != component || in.Version == "" {
		return info{}, fmt.Errorf("reading %q: %w: it is for another version", name, errDamaged)
	}
	return in, nil
}

// checkFiles makes sure that files.json is the one that in names.
func (b *Backend) checkFiles(component, id string, in info) error {
	_, err := b.readFiles(component, id, in)
	return err
}

// readFiles returns the bytes of files.json if they are what in names.
func (b *Backend) readFiles(component, id string, in info) ([]byte, error) {
	name := path.Join(versionDir(component, id), filesName)
	data, err := durable.ReadFile(b.dir, name, maxRecords)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	if sum(data) != in.Files {
		return nil, fmt.Errorf("reading %q: %w: its digest differs", name, errDamaged)
	}
	return data, nil
}

// list returns the files of a version as they were installed.
func (b *Backend) list(component, id string) ([]fileRecord, error) {
	in, err := b.readInfo(component, id)
	if err != nil {
		return nil, err
	}
	data, err := b.readFiles(component, id, in)
	if err != nil {
		return nil, err
	}
	var l fileList
	if err := json.Unmarshal(data, &l); err != nil {
		return nil, fmt.Errorf("files of %q: %w: %w", id, errDamaged, err)
	}
	return l.Files, nil
}

// writeRecord writes a new file of the staging directory. The barrier after
// staging makes it durable.
func (b *Backend) writeRecord(name string, v any) (digest string, err error) {
	data, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encoding %q: %w", name, err)
	}
	f, err := b.dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", fmt.Errorf("writing %q: %w", name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return "", fmt.Errorf("writing %q: %w", name, err)
	}
	return sum(data), nil
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// hashFile returns size and SHA-256 of a file. More than limit bytes are not
// read: the file is longer than what was installed then, so it is changed.
func (b *Backend) hashFile(name string, limit int64) (size int64, digest string, err error) {
	f, err := b.dir.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return 0, "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	size, err = io.Copy(h, io.LimitReader(f, limit+1))
	if err != nil {
		return 0, "", fmt.Errorf("hashing %q: %w", name, err)
	}
	return size, hex.EncodeToString(h.Sum(nil)), nil
}
