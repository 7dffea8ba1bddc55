package main

// shareInstalled does nothing: installed files inherit the access list of
// their folder.
func shareInstalled() {}
