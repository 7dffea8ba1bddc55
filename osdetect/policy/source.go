package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/micromdm/plist"
)

// MaxBytes is the largest policy that is read, in bytes.
const MaxBytes = 256 << 10

// Source is one place with values, as they stand there.
type Source struct {
	Name    string // for people: a path or a registry key
	machine bool
	values  map[string]any // string, int64 and []string are of use
	err     error          // nothing could be read
}

// names lists the values in a stable order.
func (s *Source) names() []string { return slices.Sorted(maps.Keys(s.values)) }

// File reads a policy document in JSON: one object of at most MaxBytes whose
// members have the names of the values. The error is a *FileError.
func File(name string, data []byte) (*Source, error) {
	values, err := parseJSON(data)
	if err != nil {
		return nil, &FileError{Name: name, cause: err}
	}
	return &Source{Name: name, values: values}, nil
}

// MachineFile reads a policy document like File and lets it stand for the
// policy of the machine; what cannot be read is a Problem of the policy. It
// is the policy of a system that has no other, and of tests.
func MachineFile(name string) *Source { return machineFile(name, parseJSON) }

func machineFile(name string, parse func([]byte) (map[string]any, error)) *Source {
	s := &Source{Name: name, machine: true}
	data, err := readSmall(name)
	if errors.Is(err, fs.ErrNotExist) {
		return s
	}
	if err == nil {
		s.values, err = parse(data)
	}
	s.err = err
	return s
}

// readSmall reads a file of at most MaxBytes.
func readSmall(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, MaxBytes+1))
	return data, errors.Join(err, file.Close())
}

// parseJSON reads one object. A name that stands there twice is refused: the
// two readers of such a document would each believe another value.
func parseJSON(data []byte) (map[string]any, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("more than %d bytes", MaxBytes)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return nil, errors.Join(errors.New("not a JSON object"), err)
	}
	values := map[string]any{}
	for dec.More() {
		tok, err := dec.Token()
		name, isText := tok.(string)
		if err != nil || !isText {
			return nil, errors.Join(errors.New("not a JSON object"), err)
		}
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("%q stands there twice", name)
		}
		var value any
		if err := dec.Decode(&value); err != nil {
			return nil, fmt.Errorf("reading %q: %w", name, err)
		}
		values[name] = simple(value)
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object")
	}
	return values, nil
}

// parsePlist reads a property list, of either form, whose top is a
// dictionary.
func parsePlist(data []byte) (map[string]any, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("more than %d bytes", MaxBytes)
	}
	var raw map[string]any
	if err := plist.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("not a property list: %w", err)
	}
	values := make(map[string]any, len(raw))
	for name, value := range raw {
		values[name] = simple(value)
	}
	return values, nil
}

// simple turns a decoded value into one of the three kinds that are of use,
// and leaves any other as it is, to be refused and shown.
func simple(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
	case uint64:
		if v <= 1<<62 {
			return int64(v)
		}
	case []any:
		texts := make([]string, 0, len(v))
		for _, entry := range v {
			s, isText := entry.(string)
			if !isText {
				return value
			}
			texts = append(texts, s)
		}
		return texts
	}
	return value
}
