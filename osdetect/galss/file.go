// Package galss understands galss.ini, the file that tells GALSS which readers
// there are and how they are reached.
//
// What it promises:
//   - a file that was read is written again byte for byte, whatever is in it
//   - a change touches the lines it names; comments, order, spacing, line ends
//     and bytes that are no text stay as they were
//   - how the readers are reached is told by the type of their channels
//     (TCanal), never by the name of a library or a section
//   - a file that is wrong is a list of problems, each with the number that
//     GALSS itself shows for it, its place, what is there and what belongs there
//   - the move to PC/SC is made from the forms that are known to be safe and
//     from readers that were seen; anything else is a reason why not
//
// It opens no file, asks no reader and knows no system but by name: bytes come
// in and bytes go out.
//
// A section or key that stands twice counts where it stands first, in either
// case of letters, as the functions of Windows for such files have it.
package galss

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Limit is the largest galss.ini that is read, in bytes. A real one has some
// hundred lines.
const Limit = 1 << 20

// Where galss.ini lies.
const (
	WindowsPath = `C:\Windows\galss.ini`
	MacPath     = "/Library/Preferences/galss.ini"
)

// Path returns where galss.ini lies on a family of systems, as the fact
// os.family names it; "" where there is no GALSS.
func Path(family string) string {
	switch family {
	case "windows":
		return WindowsPath
	case "macos":
		return MacPath
	}
	return ""
}

// Server is where a GALSS server of Windows is found.
type Server struct {
	Path string
	Bits int // 32 or 64
}

// Servers lists where the servers of Windows are installed. The folder of the
// server for 32 bits is inferred from the other one; the last place is that of
// very old versions.
func Servers() []Server {
	return []Server{
		{`C:\Program Files\santesocial\galss\galsvw64.exe`, 64},
		{`C:\Program Files (x86)\santesocial\galss\galsvw32.exe`, 32},
		{`C:\Windows\galsvw32.exe`, 32},
	}
}

// File is a galss.ini. Its zero value is an empty one. A File is never
// changed; an edit returns another.
type File struct {
	lines    []line
	sections []section
	first    map[string]int // lower-case name to the first section of that name
}

// line is one line: end is "\r\n", "\n", "\r", or "" for the last one.
type line struct{ text, end string }

// section is a header with what follows, up to the next header.
type section struct {
	name    string // its bytes, without the spaces around them
	from    int    // its header
	to      int    // the line after its last
	entries []entry
	key     map[string]int // lower-case key to the first entry of that name
	again   []string       // keys that stand more than once
}

// entry is a line "key=value".
type entry struct {
	key  string // its bytes
	at   int    // its line
	from int    // where the value begins in the line
	to   int    // where it ends
}

// Parse reads a galss.ini. Any bytes are one; only what is longer than Limit
// is refused, with a *Problem.
func Parse(data []byte) (File, error) {
	if len(data) > Limit {
		return File{}, &Problem{code: CodeTooLarge, Number: 32769,
			Found: fmt.Sprint(len(data)), Expected: fmt.Sprint(Limit)}
	}
	return index(split(string(data))), nil
}

// split cuts at every kind of line end, also when a file mixes them.
func split(text string) []line {
	var lines []line
	for text != "" {
		at := strings.IndexAny(text, "\r\n")
		if at < 0 {
			return append(lines, line{text: text})
		}
		end := text[at : at+1]
		if strings.HasPrefix(text[at:], "\r\n") {
			end = "\r\n"
		}
		lines = append(lines, line{text: text[:at], end: end})
		text = text[at+len(end):]
	}
	return lines
}

// index finds sections and keys.
func index(lines []line) File {
	f := File{lines: lines, first: map[string]int{}}
	for at, l := range lines {
		if name, ok := header(l.text); ok {
			f.sections = append(f.sections, section{name: name, from: at, to: at + 1, key: map[string]int{}})
			if _, twice := f.first[fold(name)]; !twice {
				f.first[fold(name)] = len(f.sections) - 1
			}
			continue
		}
		if len(f.sections) == 0 {
			continue // before the first header nothing counts
		}
		s := &f.sections[len(f.sections)-1]
		s.to = at + 1
		if e, ok := assignment(l.text); ok {
			e.at = at
			s.add(e)
		}
	}
	return f
}

func (s *section) add(e entry) {
	s.entries = append(s.entries, e)
	name := fold(e.key)
	if _, twice := s.key[name]; twice {
		s.again = append(s.again, e.key)
		return
	}
	s.key[name] = len(s.entries) - 1
}

const blank = " \t\v\f"

// header returns the name in a line "[name]".
func header(text string) (name string, ok bool) {
	text = strings.Trim(text, blank)
	end := strings.LastIndexByte(text, ']')
	if !strings.HasPrefix(text, "[") || end < 0 {
		return "", false
	}
	return strings.Trim(text[1:end], blank), true
}

// assignment finds key and value in a line "key=value".
func assignment(text string) (entry, bool) {
	if strings.HasPrefix(strings.TrimLeft(text, blank), ";") {
		return entry{}, false
	}
	at := strings.IndexByte(text, '=')
	if at < 0 {
		return entry{}, false
	}
	key := strings.Trim(text[:at], blank)
	from := at + 1 + len(text[at+1:]) - len(strings.TrimLeft(text[at+1:], blank))
	to := max(from, len(strings.TrimRight(text, blank)))
	return entry{key: key, from: from, to: to}, key != ""
}

// Bytes returns the file as it is written to the disk.
func (f File) Bytes() []byte {
	var b bytes.Buffer
	for _, l := range f.lines {
		b.WriteString(l.text)
		b.WriteString(l.end)
	}
	return b.Bytes()
}

// Sections returns the names of the sections in their order, repetitions
// included.
func (f File) Sections() []string {
	names := make([]string, 0, len(f.sections))
	for _, s := range f.sections {
		names = append(names, decode(s.name))
	}
	return names
}

// Value returns what a key holds, without the spaces and the pair of quotes
// around it.
func (f File) Value(sectionName, key string) (value string, ok bool) {
	s, ok := f.section(sectionName)
	if !ok {
		return "", false
	}
	n, ok := s.key[strings.ToLower(key)]
	if !ok {
		return "", false
	}
	e := s.entries[n]
	return decode(unquote(f.lines[e.at].text[e.from:e.to])), true
}

func unquote(s string) string {
	if n := len(s); n > 1 && (s[0] == '"' || s[0] == '\'') && s[n-1] == s[0] {
		return s[1 : n-1]
	}
	return s
}

// fold is a name of the file as it is looked for: of either case.
func fold(raw string) string { return strings.ToLower(decode(raw)) }

// section returns the first section of a name.
func (f File) section(name string) (*section, bool) {
	n, ok := f.first[strings.ToLower(name)]
	if !ok {
		return nil, false
	}
	return &f.sections[n], true
}

// has reports whether there is a section of that name.
func (f File) has(name string) bool {
	_, ok := f.section(name)
	return ok
}

// lineEnd is the line end that most lines have; standard where there is none.
func (f File) lineEnd(standard string) string {
	count := map[string]int{}
	for _, l := range f.lines {
		count[l.end]++
	}
	best := standard
	for _, end := range []string{"\r\n", "\n", "\r"} {
		if count[end] > count[best] {
			best = end
		}
	}
	return best
}

// Set returns the file in which a key of a section holds value, a text without
// spaces around it. Only the value changes where the key is there; otherwise
// a line is added to the section, which is made at the end when it is missing.
// The error is ErrText when the file cannot hold the value.
func (f File) Set(sectionName, key, value string) (File, error) {
	raw, err := encode(value)
	if err != nil {
		return File{}, fmt.Errorf("setting %q of [%s]: %w", key, sectionName, err)
	}
	s, ok := f.section(sectionName)
	if !ok {
		return f.insert(len(f.lines), []string{"[" + sectionName + "]", key + "=" + raw}), nil
	}
	if n, ok := s.key[strings.ToLower(key)]; ok {
		e, lines := s.entries[n], slices.Clone(f.lines)
		old := lines[e.at].text
		lines[e.at].text = old[:e.from] + raw + old[e.to:]
		return index(lines), nil
	}
	return f.insert(s.last(f.lines)+1, []string{key + "=" + raw}), nil
}

// last is the last line of a section that says something.
func (s *section) last(lines []line) int {
	for at := s.to - 1; at > s.from; at-- {
		if _, ok := assignment(lines[at].text); ok {
			return at
		}
	}
	return s.from
}

// insert puts lines before line at, with the line end of the line before.
func (f File) insert(at int, texts []string) File {
	end := f.lineEnd("\r\n")
	lines := slices.Clone(f.lines)
	if at > 0 {
		if lines[at-1].end == "" {
			lines[at-1].end = end
		}
		end = lines[at-1].end
	}
	added := make([]line, 0, len(texts))
	for _, text := range texts {
		added = append(added, line{text, end})
	}
	return index(slices.Insert(lines, at, added...))
}

// dropChannels removes the sections of all channels with their keys, and says
// at which line the first of them began; at the end where there is none.
// Comments and empty lines in them stay: somebody wrote them for people.
func (f File) dropChannels() (left File, at int) {
	gone, first := make([]bool, len(f.lines)), -1
	for _, s := range f.sections {
		if !channelName.MatchString(s.name) {
			continue
		}
		if first < 0 {
			first = s.from
		}
		for n := s.from; n < s.to; n++ {
			text := strings.Trim(f.lines[n].text, blank)
			gone[n] = n == s.from || text != "" && text[0] != ';'
		}
	}
	var lines []line
	for n, l := range f.lines {
		if !gone[n] {
			lines = append(lines, l)
		}
	}
	if first < 0 {
		first = len(lines)
	}
	return index(lines), first
}
