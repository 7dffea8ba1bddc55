package main

import "path/filepath"

// defaultState is where releve keeps its state when nothing else is named.
func defaultState(env func(string) string) string { return under(env("ProgramData"), "Releve") }

// defaultTarget is where bundles are installed when nothing else is named.
func defaultTarget(env func(string) string) string {
	return under(env("ProgramFiles"), "Releve", "components")
}

func under(base string, rest ...string) string {
	if base == "" {
		return ""
	}
	return filepath.Join(append([]string{base}, rest...)...)
}
