package main

import "strings"

// volumeOf splits the name of a file of this machine, C/Windows/galss.ini,
// into the volume and the name on it.
func volumeOf(name string) (volume, rest string) {
	drive, rest, _ := strings.Cut(name, "/")
	return drive + `:\`, rest
}
