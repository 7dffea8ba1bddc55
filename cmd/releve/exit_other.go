//go:build !windows

package main

// A status has one byte here: 1618 and 3010 would arrive as 82 and 194.
const (
	exitBusy   = 6
	exitReboot = 0 // the result says that a restart is needed
)
