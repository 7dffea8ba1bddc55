//go:build nodemo

package text

import "embed"

// more are the texts that a release of the client leaves out: none here.
var more embed.FS
