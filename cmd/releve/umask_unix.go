//go:build unix

package main

import "syscall"

// shareInstalled lets every account read what is installed: a root shell with
// a strict mask would otherwise install components that nobody can start.
// What is private (state, settings) is created with its own narrow mode.
func shareInstalled() { syscall.Umask(0o022) }
