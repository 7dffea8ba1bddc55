package database

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/richardlehane/mscfb"
)

// errNoTable says that a package lacks a table.
var errNoTable = errors.New("no such table")

// tables are the streams of a package by their readable names, tables with
// tablePrefix, and the pool of its strings.
type tables struct {
	streams map[string]*mscfb.File
	pool    []string // by number; 0 is no string
	wide    int      // bytes of a number of a string, 2 or 3
	columns map[string][]column
}

const (
	tablePrefix   = "!"
	summaryStream = "\x05SummaryInformation"
)

// column is one column of a table.
type column struct {
	name  string
	bytes int
	text  bool
}

// cell is what a row holds in a column.
type cell struct {
	text   string
	number int64 // 0 for null as well
}

// open reads the pool and the layout of the tables.
func open(file *mscfb.Reader) (*tables, error) {
	t := &tables{streams: map[string]*mscfb.File{}}
	for _, f := range file.File {
		if len(f.Path) > 0 || f.FileInfo().IsDir() {
			continue // of a storage inside: a transform
		}
		name := readable(f.Name)
		if f.Initial < ' ' {
			name = string(rune(f.Initial)) + name
		}
		t.streams[name] = f
	}
	if err := t.readPool(); err != nil {
		return nil, err
	}
	return t, t.readColumns()
}

// alphabet are the characters that two of which are packed into one of a
// stream's name.
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"

const (
	packedTwo = 0x3800 // two characters, six bits each, the first in the low ones
	packedOne = 0x4800
	packedEnd = 0x4840 // at the beginning of the stream of a table
)

// readable unpacks the name of a stream.
func readable(name string) string {
	var out strings.Builder
	for _, c := range name {
		switch {
		case c == packedEnd:
			out.WriteString(tablePrefix)
		case packedTwo <= c && c < packedOne:
			out.WriteByte(alphabet[(c-packedTwo)&0x3f])
			out.WriteByte(alphabet[(c-packedTwo)>>6&0x3f])
		case packedOne <= c && c < packedEnd:
			out.WriteByte(alphabet[c-packedOne])
		default:
			out.WriteRune(c)
		}
	}
	return out.String()
}

// stream reads a whole stream.
func (t *tables) stream(name string) ([]byte, error) {
	f := t.streams[name]
	if f == nil {
		return nil, fmt.Errorf("%w: %q", errNoTable, name)
	}
	if f.Size > maxStream {
		return nil, malformed("stream %q has %d bytes", name, f.Size)
	}
	if f.Size == 0 {
		return nil, nil
	}
	data := make([]byte, f.Size)
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("%w: stream %q: %w", ErrFormat, name, err)
	}
	return data, nil
}

// readPool reads the strings. Each has a line of length and count of uses; a
// length beyond 16 bits takes the next line too, the first one then having
// length 0 and the high half in the place of the count.
func (t *tables) readPool() error {
	lines, err := t.stream(tablePrefix + "_StringPool")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	data, err := t.stream(tablePrefix + "_StringData")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if len(lines) < 4 || len(lines)%4 != 0 {
		return malformed("its pool of strings has %d bytes", len(lines))
	}
	t.wide = 2
	if lines[3]&0x80 != 0 {
		t.wide = 3
	}
	t.pool = []string{""}
	for lines = lines[4:]; len(lines) > 0; lines = lines[4:] {
		size, uses := int(binary.LittleEndian.Uint16(lines)), int(binary.LittleEndian.Uint16(lines[2:]))
		if size == 0 && uses != 0 {
			if lines = lines[4:]; len(lines) == 0 {
				return malformed("its pool of strings ends within a string")
			}
			size = uses<<16 | int(binary.LittleEndian.Uint16(lines))
		}
		if size > len(data) {
			return malformed("its strings end before string %d", len(t.pool))
		}
		t.pool = append(t.pool, decode(data[:size]))
		data = data[size:]
	}
	return nil
}

// decode reads a string of the pool. What is not UTF-8 is taken for Latin-1,
// which the code page of French packages agrees with in all letters but œ and Ÿ.
func decode(data []byte) string {
	if utf8.Valid(data) {
		return string(data)
	}
	out := make([]rune, len(data))
	for i, c := range data {
		out[i] = rune(c)
	}
	return string(out)
}

// Types of columns. Their low byte is the size.
const (
	typeText   = 0x0800
	typeValid  = 0x0100
	typeBinary = typeText | typeValid
	typeNull   = 0x1000
)

// readColumns reads the layout of every table. That of _Columns itself is
// fixed: table, number, name, type.
func (t *tables) readColumns() error {
	t.columns = map[string][]column{"_Columns": {
		{"Table", t.wide, true}, {"Number", 2, false}, {"Name", t.wide, true}, {"Type", 2, false},
	}}
	rows, err := t.rows("_Columns")
	if err != nil {
		return err
	}
	for _, row := range rows {
		table, number, kind := row["Table"].text, row["Number"].number, row["Type"].number&0xffff
		if table == "_Columns" || number != int64(len(t.columns[table]))+1 {
			return malformed("column %d of table %q is out of its place", number, table)
		}
		c := column{name: row["Name"].text, bytes: 2}
		switch {
		case kind&^typeNull == typeBinary: // the data is a stream of its own
		case kind&typeText != 0:
			c.bytes, c.text = t.wide, true
		case kind&0xff > 2:
			c.bytes = 4
		}
		t.columns[table] = append(t.columns[table], c)
	}
	return nil
}

// rows reads a table, which lies column after column.
func (t *tables) rows(table string) ([]map[string]cell, error) {
	columns := t.columns[table]
	data, err := t.stream(tablePrefix + table)
	if err != nil {
		return nil, err
	}
	width := 0
	for _, c := range columns {
		width += c.bytes
	}
	if width == 0 || len(data)%width != 0 || len(data)/width > maxRows {
		return nil, malformed("table %q has %d bytes for rows of %d", table, len(data), width)
	}
	rows := make([]map[string]cell, len(data)/width)
	for _, c := range columns {
		for i := range rows {
			if rows[i] == nil {
				rows[i] = make(map[string]cell, len(columns))
			}
			if rows[i][c.name], err = t.cell(c, data[:c.bytes]); err != nil {
				return nil, err
			}
			data = data[c.bytes:]
		}
	}
	return rows, nil
}

// cell reads one value. Numbers are kept with their sign turned round, so that
// 0 can stand for null.
func (t *tables) cell(c column, data []byte) (cell, error) {
	var n uint32
	for i, b := range data {
		n |= uint32(b) << (8 * i)
	}
	switch {
	case c.text && int64(n) >= int64(len(t.pool)):
		return cell{}, malformed("there is no string %d", n)
	case c.text:
		return cell{text: t.pool[n]}, nil
	case n == 0:
		return cell{}, nil
	case c.bytes == 2:
		return cell{number: int64(int16(n ^ 0x8000))}, nil //nolint:gosec // two bytes
	}
	return cell{number: int64(int32(n ^ 0x8000_0000))}, nil //nolint:gosec // the sign is turned back
}
