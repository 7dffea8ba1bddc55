package hsm

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// location is where a key lies on a token. Empty fields do not matter.
type location struct {
	module string // absolute path of the module of the token's vendor
	token  string // label of the token
	slot   string // number of the slot
	id     string // identifier of the key, hexadecimal
}

// arguments gives the location as pkcs11-tool is told it.
func (l location) arguments() []string {
	args := []string{"--module", l.module}
	for _, a := range []struct{ flag, value string }{
		{"--token-label", l.token}, {"--slot", l.slot}, {"--id", l.id},
	} {
		if a.value != "" {
			args = append(args, a.flag, a.value)
		}
	}
	return args
}

// parseURI reads a URI of RFC 7512, section 2.3. What would narrow the choice
// of the token, and pkcs11-tool cannot look for, is refused rather than passed
// over: another token could be given the PIN. So is a PIN, which does not
// belong into a file that is not encrypted.
func parseURI(uri string) (location, error) {
	var l location
	rest, ok := strings.CutPrefix(uri, "pkcs11:")
	if !ok {
		return l, errors.New("no pkcs11: URI")
	}
	path, query, _ := strings.Cut(rest, "?")
	if err := l.attributes(path, ";"); err != nil {
		return l, err
	}
	if query != "" {
		if err := l.attributes(query, "&"); err != nil {
			return l, err
		}
	}
	switch {
	case !filepath.IsAbs(l.module):
		return l, errors.New("module-path is missing, or not an absolute path")
	case l.token == "" && l.slot == "":
		return l, errors.New("token or slot-id is missing")
	case l.id == "":
		return l, errors.New("id is missing: by its label alone pkcs11-tool does not find a key to sign with")
	}
	return l, nil
}

func (l *location) attributes(text, separator string) error {
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, separator) {
		name, encoded, ok := strings.Cut(part, "=")
		value, err := url.PathUnescape(encoded)
		if !ok || err != nil || value == "" || seen[name] {
			return fmt.Errorf("attribute %.40q is twice there, empty or not well encoded", name)
		}
		seen[name] = true
		if err := l.set(name, value); err != nil {
			return err
		}
	}
	return nil
}

func (l *location) set(name, value string) error {
	if name != "id" && strings.ContainsFunc(value, func(r rune) bool { return r < ' ' }) {
		return fmt.Errorf("attribute %q has a control character", name)
	}
	switch name {
	case "token":
		l.token = value
	case "object": // says the same as id, to people
	case "id":
		l.id = hex.EncodeToString([]byte(value))
	case "slot-id":
		if _, err := strconv.ParseUint(value, 10, 32); err != nil {
			return fmt.Errorf("slot-id %.20q is not a number", value)
		}
		l.slot = value
	case "module-path":
		l.module = value
	case "type":
		if value != "private" {
			return fmt.Errorf("type %.20q is not private", value)
		}
	case "pin-value", "pin-source":
		return errors.New("a PIN does not belong into the URI")
	default:
		return fmt.Errorf("attribute %.40q is not supported", name)
	}
	return nil
}
