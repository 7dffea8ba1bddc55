//go:build !windows

package reader

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/micromdm/plist"

	"github.com/releve-sante/releve/osdetect/quote"
)

// report judges the report of macOS.
func (r *Readers) report(in report) {
	r.Service = Unreachable
	if in.Error != "" {
		r.problem(CodeReport, map[string]string{"Why": quote.Text(in.Error)})
		return
	}
	lines, err := readerLines(in.XML)
	if err != nil {
		r.problem(CodeReport, map[string]string{"Why": quote.Text(err.Error())})
		return
	}
	r.Service = Running
	for _, line := range lines {
		if len(r.Slots) == mostSlots {
			r.problem(CodeTooMany, map[string]string{"Limit": strconv.Itoa(mostSlots)})
			break
		}
		name, word := slotLine(line)
		if odd(name) {
			r.problem(CodeOddName, map[string]string{"Name": quote.Text(name)})
		}
		s := newSlot(name, word)
		s.Use = UnknownUse
		r.Slots = append(r.Slots, s)
	}
	r.none()
}

// readerLines returns the lines about readers, in the order of their numbers.
// The dictionary of each part of the report has its name in _name and its lines
// under "#01", "#02" and so on.
func readerLines(xml []byte) ([]string, error) {
	var document []struct {
		Items []map[string]any `plist:"_items"`
	}
	if err := plist.Unmarshal(xml, &document); err != nil {
		return nil, fmt.Errorf("reading the report about smart cards: %w", err)
	}
	for _, d := range document {
		for _, part := range d.Items {
			if part["_name"] == "READERS" {
				return numbered(part), nil
			}
		}
	}
	return nil, errors.New("reading the report about smart cards: it has no part about readers")
}

// numbered returns the lines of a part; "#100" comes after "#99".
func numbered(part map[string]any) []string {
	keys := slices.DeleteFunc(slices.Collect(maps.Keys(part)), func(key string) bool { return !strings.HasPrefix(key, "#") })
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	var lines []string
	for _, key := range keys {
		if line, ok := part[key].(string); ok {
			lines = append(lines, line)
		}
	}
	return lines
}

// slotLine reads "NAME (no card present)", "NAME (ATR:{length = 17, bytes =
// 0x3bac…})" of macOS 10.15 and later, or "NAME (ATR:<3bac0040 2a…>)" of those
// before. What stands in the last parentheses is the system's; a name can have
// some of its own. macOS shortens a long ATR: the card is then present and
// cannot be told.
func slotLine(line string) (name string, w slotWord) {
	begin := strings.LastIndex(line, " (")
	if begin < 0 || !strings.HasSuffix(line, ")") {
		return line, slotWord{Result: resultReaderUnavailable}
	}
	name, said := line[:begin], line[begin+2:len(line)-1]
	said, isATR := strings.CutPrefix(said, "ATR:")
	if !isATR {
		if said == "no card present" {
			return name, slotWord{Event: stateEmpty}
		}
		return name, slotWord{Event: stateUnavailable} // no form that is known
	}
	digits := said
	if _, after, found := strings.Cut(said, "0x"); found {
		digits = strings.TrimSuffix(after, "}")
	}
	digits = strings.Trim(strings.ReplaceAll(digits, " ", ""), "<>")
	atr, err := hex.DecodeString(digits)
	if err != nil {
		return name, slotWord{Event: statePresent}
	}
	return name, slotWord{Event: statePresent, ATR: atr}
}
