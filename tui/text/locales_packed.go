//go:build packed

package text

import (
	"archive/zip"
	"embed"
	"io/fs"
	"strings"
)

// packed is made by packaging/gen/pack.
//
//go:embed locales.zip
var packed string

// locales are the texts, a file for each area and language; none in a damaged
// program, which then speaks in codes.
func locales() fs.FS {
	files, err := zip.NewReader(strings.NewReader(packed), int64(len(packed)))
	if err != nil {
		return embed.FS{}
	}
	return files
}
