package msi

import (
	"maps"
	"slices"
	"strings"
)

// quiet is what every run has: no window, no restart whatever the package
// wants, and no word to the Restart Manager, through which a silent run ends
// every program that has one of its files open, billing in the middle of an
// invoice included. Files in use are then replaced at the next restart, which
// 3010 tells. Source: Microsoft, "Using Windows Installer with Restart
// Manager". msiexec reads its line by rules of its own: quotes may stand
// within a word, two of them within quotes are one, and a backslash is a
// backslash.
const quiet = "/qn REBOOT=ReallySuppress MSIRESTARTMANAGERCONTROL=Disable"

// installLine installs a package.
func installLine(file, log string, properties map[string]string) string {
	return "/i " + quoted(file) + ending(log) + written(properties)
}

// reinstallLine installs a package over its own product and has Windows
// Installer keep this package from now on. Every file is written, because the
// package may be an older one.
func reinstallLine(file, log string, properties map[string]string) string {
	return installLine(file, log, properties) + " REINSTALL=ALL REINSTALLMODE=vamus"
}

// recacheLine has Windows Installer take a package for the one it lost. It is
// what /fv does, which not every Windows Installer accepts with a package.
func recacheLine(file, log string) string {
	return installLine(file, log, nil) + " REINSTALL=ALL REINSTALLMODE=vomus"
}

// removeLine removes a product.
func removeLine(product, log string) string { return "/x " + product + ending(log) }

func ending(log string) string { return " " + quiet + " /l*v " + quoted(log) }

// written writes properties, in order of their names.
func written(properties map[string]string) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		out.WriteString(" " + name + "=" + quoted(properties[name]))
	}
	return out.String()
}

// quoted writes a value as msiexec reads it back.
func quoted(value string) string { return `"` + strings.ReplaceAll(value, `"`, `""`) + `"` }
