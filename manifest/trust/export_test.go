package trust

import "net/http"

// CheckRedirect is the rule for redirects.
func CheckRedirect(next *http.Request, via []*http.Request) error { return checkRedirect(next, via) }

// Scan is the check of every file before it is parsed.
func Scan(data []byte) error { return scan(data) }
