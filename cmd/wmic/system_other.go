//go:build !windows

package main

import (
	"os"
	"strings"
)

// commandLine puts the arguments together again: no system but Windows keeps
// the line itself.
func commandLine() string { return strings.Join(os.Args[1:], " ") }

// sink is where an answer goes.
type sink struct{ file *os.File }

func standard(f *os.File) sink { return sink{f} }

// write writes lines as into a file of Windows, for who tries it elsewhere.
func (s sink) write(lines []string) {
	_, _ = s.file.Write(encode(lines, toFile, nil))
}
