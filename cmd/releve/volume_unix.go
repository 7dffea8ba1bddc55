//go:build unix

package main

// volumeOf splits the name of a file of this machine, Library/galss.ini, into
// the volume and the name on it.
func volumeOf(name string) (volume, rest string) { return "/", name }
