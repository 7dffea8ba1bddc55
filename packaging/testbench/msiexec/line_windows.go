package main

import (
	"strings"

	"golang.org/x/sys/windows"
)

// line is what follows the program on the command line.
func line() string {
	all := windows.UTF16PtrToString(windows.GetCommandLine())
	if rest, ok := strings.CutPrefix(all, `"`); ok {
		_, all, _ = strings.Cut(rest, `"`)
	} else {
		_, all, _ = strings.Cut(all, " ")
	}
	return strings.TrimSpace(all)
}
