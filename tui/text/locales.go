//go:build !packed

package text

import (
	"embed"
	"io/fs"
)

//go:embed locales/*.json
var embedded embed.FS

// locales are the texts, a file for each area and language.
func locales() fs.FS { return embedded }
