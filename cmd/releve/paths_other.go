//go:build !windows && !darwin

package main

// defaultState names nothing: elsewhere releve serves demonstrations and
// tests, and what it may write is said on the command line.
func defaultState(func(string) string) string { return "" }

// defaultTarget names nothing, for the same reason.
func defaultTarget(func(string) string) string { return "" }

// systemFolder knows no folder: those of this system have fixed names.
func systemFolder(string) string { return "" }
