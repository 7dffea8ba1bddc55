//go:build !windows

package main

import (
	"os"
	"strings"
)

// line is what follows the program: elsewhere there is no line, only words.
func line() string { return strings.Join(os.Args[1:], " ") }
