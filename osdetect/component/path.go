package component

import (
	"errors"
	"fmt"
	"strings"
)

var (
	errVariable = errors.New("variable that names no folder of the system")
	errPath     = errors.New(`path that is not of the form C:\… or %NAME%\…`)
)

// expand replaces a leading %NAME% by where it leads. The error says that a
// path does not name a file on a drive of this machine.
func expand(path string, folder func(variable string) (string, error)) (string, error) {
	if rest, ok := strings.CutPrefix(path, "%"); ok {
		name, rest, ok := strings.Cut(rest, "%")
		if !ok {
			return "", fmt.Errorf("%q: %w", path, errPath)
		}
		where, err := folder(name)
		if err != nil {
			return "", fmt.Errorf("%q: %w", path, err)
		}
		path = where + rest
	}
	drive, rest, ok := strings.Cut(path, `:\`)
	letter := len(drive) == 1 && strings.Contains("abcdefghijklmnopqrstuvwxyz", strings.ToLower(drive))
	if !ok || !letter || strings.ContainsAny(rest, `/:*?"<>|%`) || strings.Contains(`\`+rest+`\`, `\..\`) {
		return "", fmt.Errorf("%q: %w", path, errPath)
	}
	return path, nil
}

// dotted writes the version of a version resource, "" for one that was never
// set: most compilers write zeros. Zeros at the end that say nothing are left
// out, down to three numbers.
func dotted(high, low uint32) string {
	if high == 0 && low == 0 {
		return ""
	}
	text := fmt.Sprintf("%d.%d.%d", high>>16, high&0xffff, low>>16)
	if last := low & 0xffff; last != 0 {
		text += fmt.Sprintf(".%d", last)
	}
	return text
}
