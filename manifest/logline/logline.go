// Package logline writes what an error with a code says in the log, in English:
// what it is about, what is known of it, and its cause.
//
// What it promises: a value from outside stays on the line and inside its
// quotes, and what is not known is left out. People read the sentence of the
// code instead.
package logline

import (
	"fmt"
	"strings"
)

// Of writes about, then of each pair of a name and a value those that have a
// value, then the cause if there is one: about, name "value": cause.
func Of(about string, cause error, pairs ...string) string {
	var b strings.Builder
	b.WriteString(about)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fmt.Fprintf(&b, ", %s %q", pairs[i], pairs[i+1])
		}
	}
	if cause != nil {
		fmt.Fprintf(&b, ": %v", cause)
	}
	return b.String()
}
