//go:build !nodemo

package text

import "embed"

// more are the texts of the publisher's tool and of the demonstration, which a
// release of the client has not.
//
//go:embed locales/more/*.json
var more embed.FS
