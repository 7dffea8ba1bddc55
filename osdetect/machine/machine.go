// Package machine holds captured machines: facts documents to try things on.
//
// What it promises: every machine that Names lists loads, and its document is
// byte for byte what osdetect would write for the same facts.
//
// What it does not promise: that such a machine ever stood anywhere. The
// documents are made from what is published about such workstations, not read
// from one; docs/facts.md says so too.
package machine

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/releve-sante/releve/osdetect"
)

//go:embed *.json
var files embed.FS

// Names returns the names of the captured machines, sorted.
func Names() []string {
	found, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil // cannot happen: the pattern is well formed
	}
	names := make([]string, 0, len(found))
	for _, file := range found {
		names = append(names, strings.TrimSuffix(file, ".json"))
	}
	slices.Sort(names)
	return names
}

// CodeUnknown is the code of the error for a name that Names does not list.
const CodeUnknown = "cli-unknown-machine"

// UnknownError says that no captured machine has the name that was asked for.
type UnknownError struct{ Name string }

// Error returns the English sentence for the log.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("captured machine %q does not exist", e.Name)
}

// Code returns CodeUnknown.
func (e *UnknownError) Code() string { return CodeUnknown }

// Args returns what the sentences of the views fill in.
func (e *UnknownError) Args() map[string]string {
	return map[string]string{"Name": e.Name, "Names": strings.Join(Names(), ", ")}
}

// Load returns the facts of a captured machine. The error is *UnknownError
// when there is none of that name.
func Load(name string) (osdetect.Facts, error) {
	if !slices.Contains(Names(), name) {
		return nil, &UnknownError{Name: name}
	}
	data, err := files.ReadFile(name + ".json")
	if err != nil {
		return nil, fmt.Errorf("captured machine %q: %w", name, err)
	}
	f, err := osdetect.ParseFacts(data)
	if err != nil {
		return nil, fmt.Errorf("captured machine %q: %w", name, err)
	}
	return f, nil
}
