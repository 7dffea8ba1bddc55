//go:build !packed

package reference

import (
	"embed"
	"io/fs"
)

//go:embed advisories.json channels components
var catalogue embed.FS

// documents are the documents of the catalogue under their names.
func documents() (fs.FS, error) { return catalogue, nil }
