package main

// defaultState is where releve keeps its state when nothing else is named.
func defaultState(func(string) string) string { return "/Library/Application Support/Releve" }

// defaultTarget is where bundles are installed when nothing else is named.
func defaultTarget(func(string) string) string {
	return "/Library/Application Support/Releve Components"
}

// systemFolder knows no folder: those of this system have fixed names.
func systemFolder(string) string { return "" }
