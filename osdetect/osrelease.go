package osdetect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/micromdm/plist"
)

const maxSmallFile = 64 << 10 // bytes of a file of the system's that names its version

// readSmall reads a file up to the limit; what is beyond it is not read.
func readSmall(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxSmallFile))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	return data, nil
}

// parseOSRelease returns the assignments of an os-release file
// (freedesktop.org, os-release(5)). Lines that are none are passed over, as
// the format asks.
func parseOSRelease(data []byte) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(string(data)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		found[name] = unquote(value)
	}
	return found
}

// unquote takes the quotes and the backslashes of a shell word away.
func unquote(word string) string {
	if len(word) >= 2 && (word[0] == '"' || word[0] == '\'') && word[len(word)-1] == word[0] {
		quote := word[0]
		word = word[1 : len(word)-1]
		if quote == '\'' {
			return word
		}
	}
	var out strings.Builder
	for i := 0; i < len(word); i++ {
		if word[i] == '\\' && i+1 < len(word) {
			i++
		}
		out.WriteByte(word[i])
	}
	return out.String()
}

// systemVersion is what SystemVersion.plist says.
type systemVersion struct {
	Product string `plist:"ProductVersion"`
	Build   string `plist:"ProductBuildVersion"`
}

// parseSystemVersion reads SystemVersion.plist of macOS.
func parseSystemVersion(data []byte) (systemVersion, error) {
	var v systemVersion
	if err := plist.NewXMLDecoder(bytes.NewReader(data)).Decode(&v); err != nil {
		return systemVersion{}, fmt.Errorf("reading SystemVersion.plist: %w", err)
	}
	return v, nil
}
