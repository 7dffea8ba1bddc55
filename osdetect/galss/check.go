package galss

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/releve-sante/releve/osdetect/quote"
)

// Check returns what is wrong with the file, in the order in which GALSS
// would meet it, which begins with the last channel, at most some forty
// problems. None means that GALSS can read
// it; it does not mean that the readers it names are there.
func (f File) Check() []*Problem {
	c := checker{file: f}
	if f.unicode() {
		c.add(CodeEncoding, 32769, "", "", "Unicode", "ANSI (Windows-1252)")
		return c.found
	}
	c.config()
	c.twice()
	return c.found
}

// unicode reports whether the file begins like one in UTF-16 or UTF-8 with a
// mark, whose first section nobody would find.
func (f File) unicode() bool {
	if len(f.lines) == 0 {
		return false
	}
	first := f.lines[0].text
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if strings.HasPrefix(first, mark) {
			return true
		}
	}
	return strings.Contains(first, "\x00")
}

type checker struct {
	file  File
	found []*Problem
}

// full reports whether the list is as long as it gets.
func (c *checker) full() bool { return len(c.found) > maxProblems }

func (c *checker) add(code string, number int, section, key, found, expected string) {
	switch {
	case len(c.found) < maxProblems:
		c.found = append(c.found, &Problem{code: code, Number: number, Section: quote.Text(section), Key: quote.Text(key),
			Found: quote.Text(found), Expected: expected})
	case len(c.found) == maxProblems:
		c.found = append(c.found, &Problem{code: CodeMoreProblems, Expected: strconv.Itoa(maxProblems)})
	}
}

// want returns the value of a key and adds a problem unless it is right.
func (c *checker) want(section, key string, right func(string) bool, missing, wrong string, number int, expected string) string {
	value, ok := c.file.Value(section, key)
	switch {
	case !ok || value == "":
		c.add(missing, number, section, key, "", expected)
	case !right(value):
		c.add(wrong, number, section, key, value, expected)
	}
	return value
}

func anything(string) bool { return true }

func between(least, most int) func(string) bool {
	return func(text string) bool {
		_, ok := number(text, least, most)
		return ok
	}
}

// config checks the number of channels, and then each of them.
func (c *checker) config() {
	text, ok := c.file.Value("CONFIG", "NbCanaux")
	if !c.file.has("CONFIG") {
		c.add(CodeNoConfig, 32781, "CONFIG", "", "", "[CONFIG]")
		return
	}
	if !ok || text == "" {
		c.add(CodeNoConfig, 32781, "CONFIG", "NbCanaux", "", "1–255")
		return
	}
	count, ok := c.file.count()
	if !ok {
		c.add(CodeCount, 32771, "CONFIG", "NbCanaux", text, "1–255")
		return
	}
	c.protocol(pssProtocol)
	for n := count; n >= 1 && !c.full(); n-- {
		c.channel(channel(n))
	}
}

// protocol checks a [PROTOCOLEn] that is used; protocol 0, PSS, always is.
func (c *checker) protocol(n string) {
	name := "PROTOCOLE" + n
	if !c.file.has(name) {
		c.add(CodeNoLibrary, 32774, name, "", "", "["+name+"]")
		return
	}
	c.want(name, "NomLib", anything, CodeNoLibrary, CodeNoLibrary, 32774, "PSSINW64.DLL, PCSCW64.DLL…")
	if n == pssProtocol {
		three := func(text string) bool { return numbers(text, 3) }
		c.want(name, "Config", three, CodeTimings, CodeTimings, 32778, "1000,1,15000")
	}
}

// channel checks one [CANALn] with its addresses.
func (c *checker) channel(name string) {
	if !c.file.has(name) {
		c.add(CodeNoChannel, 32772, name, "", "", "["+name+"]")
		return
	}
	protocol := c.want(name, "Protocole", anything, CodeNoChannel, CodeNoChannel, 32772, "0, 1")
	if protocol != "" && protocol != pssProtocol {
		c.other(name, protocol)
	}
	kind := c.want(name, "TCanal", anything, CodeIncomplete, CodeIncomplete, 32775, "1, 3")
	if kind != "" && kind != serial && kind != pcsc {
		c.add(CodeWrongChannel, 32780, name, "TCanal", kind, "1, 3")
	}
	c.want(name, "Index", between(0, maxAddress), CodeIncomplete, CodeIncomplete, 32775, "0–255")
	line, reader := func(text string) bool { return numbers(text, 5) }, func(text string) bool { return !numbers(text, 3) }
	switch kind {
	case serial:
		c.want(name, "Caracteristiques", line, CodeWrongChannel, CodeWrongChannel, 32780, characteristicsOf)
	case pcsc:
		c.want(name, "Caracteristiques", reader, CodeWrongChannel, CodeWrongChannel, 32780, "PC/SC")
	}
	c.addresses(name)
}

// other checks the protocol that a channel names, when it is not PSS.
func (c *checker) other(channel, n string) {
	if _, ok := number(n, 0, maxAddress); !ok || !c.file.has("PROTOCOLE"+n) {
		c.add(CodeNoProtocol, 32773, channel, "Protocole", n, "[PROTOCOLE"+quote.Text(n)+"]")
		return
	}
	for _, p := range c.found {
		if p.Section == "PROTOCOLE"+n {
			return // said for another channel
		}
	}
	c.protocol(n)
}

// addresses checks the PAD and LAD of a channel.
func (c *checker) addresses(name string) {
	byte255 := between(0, maxAddress)
	pads := c.want(name, "NbPAD", between(1, maxAddress), CodeWrongPAD, CodeWrongPAD, 32783, "1–255")
	count, _ := number(pads, 1, maxAddress)
	for n := 1; n <= count && !c.full(); n++ {
		pad := name + ".PAD" + strconv.Itoa(n)
		c.want(pad, "PAD", byte255, CodeWrongPAD, CodeWrongPAD, 32783, "0–255")
		lads := c.want(pad, "NbLAD", between(1, maxAddress), CodeWrongLAD, CodeWrongLAD, 32784, "1–255")
		inner, _ := number(lads, 1, maxAddress)
		for k := 1; k <= inner && !c.full(); k++ {
			lad := pad + ".LAD" + strconv.Itoa(k)
			c.want(lad, "LAD", byte255, CodeWrongLAD, CodeWrongLAD, 32784, "0–255")
			c.want(lad, "NomLAD", shortName, CodeWrongName, CodeWrongName, 32785, "CPS, Vitale, Log_SV")
			c.aliases(lad)
		}
	}
}

// aliases checks the other names of a LAD, which may have none.
func (c *checker) aliases(lad string) {
	text, _ := c.file.Value(lad, "NbAlias")
	count, _ := number(text, 0, maxAddress)
	for n := 1; n <= count && !c.full(); n++ {
		c.want(lad, "NomAlias"+strconv.Itoa(n), shortName, CodeWrongName, CodeWrongName, 32785, "TRANSPA1, TRANSPA2")
	}
}

func shortName(text string) bool { return utf8.RuneCountInString(text) <= maxName }

// twice reports sections and keys of which only the first counts.
func (c *checker) twice() {
	for n, s := range c.file.sections {
		if c.full() {
			return
		}
		if c.file.first[fold(s.name)] != n {
			c.add(CodeTwiceInFile, 0, decode(s.name), "", "", "")
			continue
		}
		for _, key := range s.again {
			c.add(CodeTwiceInFile, 0, decode(s.name), decode(key), "", "")
		}
	}
}
