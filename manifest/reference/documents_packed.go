//go:build packed

package reference

import (
	"archive/zip"
	_ "embed"
	"io/fs"
	"strings"
)

// packed is made by packaging/gen/pack.
//
//go:embed documents.zip
var packed string

// documents are the documents of the catalogue under their names.
func documents() (fs.FS, error) {
	return zip.NewReader(strings.NewReader(packed), int64(len(packed)))
}
