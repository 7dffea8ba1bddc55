// Package databasetest makes small packages of Windows Installer for tests:
// a compound file with the tables that are asked for, and whatever streams a
// test puts beside them.
package databasetest

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"github.com/releve-sante/releve/installer/backend/msi/database"
)

// Source is what a package is made from.
type Source struct {
	Properties map[string]string // the Property table
	Cabinets   []string          // one medium each, as in the Media table: "#inside.cab", "beside.cab"
	Upgrades   []database.Upgrade
	Streams    map[string]string // by name, as cabinets are
	Template   string            // platform;languages, "" for no summary information
	Revision   string            // package code
	Wide       bool              // numbers of strings take three bytes
}

// columnTypes are the tables that are written, with the types of their columns.
var columnTypes = []struct{ table, name, kind string }{
	{"Property", "Property", "text"}, {"Property", "Value", "text"},
	{"Media", "DiskId", "short"}, {"Media", "LastSequence", "long"}, {"Media", "DiskPrompt", "text"}, {"Media", "Cabinet", "text"},
	{"Upgrade", "UpgradeCode", "text"}, {"Upgrade", "VersionMin", "text"}, {"Upgrade", "VersionMax", "text"},
	{"Upgrade", "Language", "text"}, {"Upgrade", "Attributes", "long"}, {"Upgrade", "Remove", "text"}, {"Upgrade", "ActionProperty", "text"},
	{"Binary", "Name", "text"}, {"Binary", "Data", "binary"},
}

var kinds = map[string]int{"text": 0x1dff, "short": 0x1502, "long": 0x1104, "binary": 0x1900}

// Build makes the package.
func Build(s Source) []byte {
	b := &builder{wide: s.Wide, numbers: map[string]int{}, cells: map[string][][]any{}}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		b.add("Property", name, s.Properties[name])
	}
	for i, cabinet := range s.Cabinets {
		b.add("Media", i+1, i+1, "", cabinet)
	}
	for _, u := range s.Upgrades {
		attributes := 0
		for bit, set := range map[int]bool{2: u.OnlyDetect, 0x100: u.MinIn, 0x200: u.MaxIn} {
			if set {
				attributes |= bit
			}
		}
		b.add("Upgrade", u.Code, u.Min, u.Max, "", attributes, "", "FOUND")
	}
	streams := b.streams()
	for name, content := range s.Streams {
		streams[packed(name)] = []byte(content)
	}
	if s.Template != "" {
		streams["\x05SummaryInformation"] = summary(s.Template, s.Revision)
	}
	return compound(streams)
}

// builder collects rows and strings.
type builder struct {
	wide    bool
	texts   []string
	numbers map[string]int
	cells   map[string][][]any // table to rows
}

func (b *builder) add(table string, row ...any) { b.cells[table] = append(b.cells[table], row) }

// number is that of a string, 0 for the empty one.
func (b *builder) number(text string) int {
	if text == "" {
		return 0
	}
	if b.numbers[text] == 0 {
		b.texts = append(b.texts, text)
		b.numbers[text] = len(b.texts)
	}
	return b.numbers[text]
}

// streams writes the tables that have rows, column after column.
func (b *builder) streams() map[string][]byte {
	place := map[string]int{}
	kind := map[string][]string{}
	for _, c := range columnTypes {
		place[c.table]++
		kind[c.table] = append(kind[c.table], c.kind)
		b.add("_Columns", c.table, place[c.table], c.name, kinds[c.kind])
	}
	kind["_Columns"] = []string{"text", "short", "text", "short"}
	out := map[string][]byte{}
	for table, rows := range b.cells {
		var data []byte
		for i, kind := range kind[table] {
			for _, row := range rows {
				data = append(data, b.value(kind, row[i])...)
			}
		}
		out[packed("!"+table)] = data
	}
	pool, data := []byte{0xe4, 4, 0, 0}, []byte(nil) // code page 1252
	if b.wide {
		pool[3] = 0x80
	}
	for _, text := range b.texts {
		if len(text) > 0xffff {
			pool = binary.LittleEndian.AppendUint32(pool, uint32(len(text))&0xffff0000) //nolint:gosec // of a test
		}
		pool = binary.LittleEndian.AppendUint32(pool, 1<<16|uint32(len(text))&0xffff) //nolint:gosec // of a test
		data = append(data, text...)
	}
	out[packed("!_StringPool")], out[packed("!_StringData")] = pool, data
	return out
}

func (b *builder) value(kind string, value any) []byte {
	switch v := value.(type) {
	case string:
		out := binary.LittleEndian.AppendUint32(nil, uint32(b.number(v))) //nolint:gosec // few strings
		if b.wide {
			return out[:3]
		}
		return out[:2]
	case int:
		if kind == "short" {
			return binary.LittleEndian.AppendUint16(nil, uint16(v)^0x8000) //nolint:gosec // small numbers
		}
		return binary.LittleEndian.AppendUint32(nil, uint32(v)^0x80000000) //nolint:gosec // small numbers
	}
	panic("a value is a string or an int") //nolint:forbidigo // only tests come here
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"

// packed writes the name of a stream as packages do, two characters in one.
func packed(name string) string {
	var out []rune
	rest, table := strings.CutPrefix(name, "!")
	if table {
		out = append(out, 0x4840)
	}
	for len(rest) > 0 {
		one := strings.IndexByte(alphabet, rest[0])
		two := -1
		if len(rest) > 1 {
			two = strings.IndexByte(alphabet, rest[1])
		}
		switch {
		case one < 0:
			out = append(out, rune(rest[0]))
		case two < 0:
			out = append(out, rune(0x4800+one))
		default:
			out = append(out, rune(0x3800+one+two<<6))
			rest = rest[1:]
		}
		rest = rest[1:]
	}
	return string(out)
}

// summary writes a property set with template and revision.
func summary(template, revision string) []byte {
	put := binary.LittleEndian.AppendUint32
	out := append([]byte{0xfe, 0xff, 0, 0}, make([]byte, 20)...)
	out = put(out, 1)
	out = append(out, make([]byte, 16)...)
	out = put(out, 48)
	text := func(s string) []byte {
		s += "\x00"
		return append(put(put(nil, 30), uint32(len(s))), s...) //nolint:gosec // of a test
	}
	first, second := text(template), text(revision)
	section := put(put(nil, 0), 2)
	section = put(put(section, 7), 24)
	section = put(put(section, 9), 24+uint32(len(first))) //nolint:gosec // of a test
	return slices.Concat(out, section, first, second)
}
