package manifest

import (
	"fmt"
	"strings"

	goversion "github.com/hashicorp/go-version"
)

// Bounds of a version.
const (
	longestVersion = 64 // bytes
	maxNumbers     = 6
	maxDigits      = 18 // of one number, leading zeros apart; fits int64
)

// A Version is a publisher's version text that can be compared. The zero
// Version is 0.
//
// What is compared is the normalised version: the numbers, separated by
// points or by commas, of which missing ones are 0 ("3.43" equals "3.43.0")
// and whose leading zeros do not count ("3.42.03" equals "3.42.3"). A word
// before the numbers ("fsv-", "v") and words after them ("_x64", "-Signe",
// "+build") do not count either, but for the words alpha, beta, dev, pre,
// preview, rc and snapshot: with one of these, perhaps numbered ("-rc1",
// "-beta.2"), the version comes before the one without it, as hashicorp's
// go-version has it. Any other text is refused rather than guessed at, a
// number alone after the hyphen too: it is a revision to some and a
// pre-release to others.
type Version struct {
	text    string
	numbers [maxNumbers]uint64
	written int                // how many numbers the text has
	pre     *goversion.Version // of a pre-release: the normalised version
}

// ParseVersion reads a version as publishers print them. The error is a
// *TextError with CodeVersion.
func ParseVersion(s string) (Version, error) {
	v, at, expected := readVersion(s)
	if expected != "" {
		return Version{}, &TextError{Reason: CodeVersion, Text: visible(s), Column: at + 1, Expected: expected}
	}
	return v, nil
}

// String returns the text the publisher wrote.
func (v Version) String() string { return v.text }

// SameVersion reports whether two texts name one version: 3.45.1, as Windows
// Installer writes it, is 3.45.01. Texts that are no versions are compared as
// they are.
func SameVersion(a, b string) bool {
	if a == b {
		return true
	}
	va, errA := ParseVersion(a)
	vb, errB := ParseVersion(b)
	return errA == nil && errB == nil && va.Compare(vb) == 0
}

// Compare returns -1, 0 or 1 when v comes before o, is equal to it, or comes
// after it. Versions can be equal though their texts differ.
func (v Version) Compare(o Version) int {
	for i, n := range v.numbers {
		switch m := o.numbers[i]; {
		case n < m:
			return -1
		case n > m:
			return 1
		}
	}
	switch {
	case v.pre == nil && o.pre == nil:
		return 0
	case o.pre == nil:
		return -1
	case v.pre == nil:
		return 1
	}
	return v.pre.Compare(o.pre)
}

// normal is the normalised version, in the form that go-version reads.
func (v Version) normal(suffix string) string {
	var b strings.Builder
	for i, n := range v.numbers {
		if i > 0 {
			b.WriteByte('.')
		}
		fmt.Fprint(&b, n)
	}
	if suffix != "" {
		b.WriteString("-" + suffix)
	}
	return b.String()
}

// readVersion returns the version in s, or where reading stopped and what
// could have stood there.
func readVersion(s string) (v Version, at int, expected string) {
	if len(s) == 0 || len(s) > longestVersion {
		return v, 0, fmt.Sprintf("1..%d characters", longestVersion)
	}
	v.text = s
	i := skipName(s)
	separator := byte(0)
	for {
		n, digits, end := readNumber(s, i)
		switch {
		case digits == 0:
			return v, i, "digit"
		case digits > maxDigits:
			return v, i, fmt.Sprintf("<= %d digits", maxDigits)
		case v.written == maxNumbers:
			return v, i, fmt.Sprintf("<= %d numbers", maxNumbers)
		}
		v.numbers[v.written] = n
		v.written++
		i = end
		if i == len(s) {
			return v, i, ""
		}
		c := s[i]
		if c != '.' && c != ',' || separator != 0 && c != separator {
			break
		}
		separator = c
		i++
		for separator == ',' && i < len(s) && s[i] == ' ' {
			i++ // version resources say "5, 2, 6, 0"
		}
	}
	pre, at, expected := readSuffix(s, i)
	if expected != "" || pre == "" {
		return v, at, expected
	}
	parsed, err := goversion.NewVersion(v.normal(pre))
	if err != nil {
		return v, i, "-rc1 | -beta.2"
	}
	v.pre = parsed
	return v, at, ""
}

// skipName returns where the numbers begin: after "v", or after a word and
// its hyphen.
func skipName(s string) int {
	i := 0
	for i < len(s) && isLetter(s[i]) {
		i++
	}
	switch {
	case i == 0, i == len(s):
		return 0
	case s[i] == '-':
		return i + 1
	case i == 1 && (s[0] == 'v' || s[0] == 'V'):
		return 1
	}
	return 0
}

// readNumber reads the digits from position i on; leading zeros are not
// counted, so a number of zeros alone has one digit.
func readNumber(s string, i int) (n uint64, digits, end int) {
	start := i
	for i < len(s) && isDigit(s[i]) {
		if n != 0 || s[i] != '0' {
			digits++
		}
		n = n*10 + uint64(s[i]-'0')
		i++
	}
	if i > start && digits == 0 {
		digits = 1
	}
	return n, digits, i
}

// readSuffix reads the words after the numbers and returns the pre-release
// among them, as go-version orders it.
func readSuffix(s string, i int) (pre string, at int, expected string) {
	for i < len(s) {
		switch s[i] {
		case '+': // build metadata says nothing about the order
			if i++; i == len(s) {
				return "", i, "letter | digit"
			}
			for ; i < len(s); i++ {
				if !isLetter(s[i]) && !isDigit(s[i]) && s[i] != '.' && s[i] != '-' && s[i] != '_' {
					return "", i, "letter | digit"
				}
			}
			return pre, i, ""
		case '-', '_':
			i++
		default:
			return "", i, ". | , | - | _ | +"
		}
		start := i
		for i < len(s) && isLetter(s[i]) {
			i++
		}
		word := s[start:i]
		if word == "" {
			return "", i, "letter"
		}
		if isPreRelease(word) && pre == "" {
			var numbers string
			numbers, i = preReleaseNumbers(s, i)
			pre = strings.ToLower(word) + numbers
			continue
		}
		for i < len(s) && (isLetter(s[i]) || isDigit(s[i])) {
			i++
		}
	}
	return pre, i, ""
}

// preReleaseNumbers reads the numbers of a pre-release: "1", ".2", "-3" and
// "1.2" become ".1", ".2", ".3" and ".1.2".
func preReleaseNumbers(s string, i int) (numbers string, end int) {
	for i < len(s) {
		from := i
		if c := s[i]; c == '.' || numbers == "" && (c == '-' || c == '_') {
			from++
		}
		n, digits, next := readNumber(s, from)
		if digits == 0 || digits > maxDigits {
			break
		}
		numbers += fmt.Sprintf(".%d", n)
		i = next
	}
	return numbers, i
}

func isPreRelease(word string) bool {
	switch strings.ToLower(word) {
	case "alpha", "beta", "dev", "pre", "preview", "rc", "snapshot":
		return true
	}
	return false
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// MacOSVersion returns the real version behind the names that macOS gives
// itself in front of programs built for older systems: 10.16 stands for
// macOS 11 or any later one, of which the lowest is returned, and 16.x for
// 26.x. Anything else is returned as it is, with alias false.
func MacOSVersion(s string) (version string, alias bool) {
	switch {
	case s == "10.16" || strings.HasPrefix(s, "10.16."):
		return "11.0", true
	case s == "16" || strings.HasPrefix(s, "16."):
		return "26" + strings.TrimPrefix(s, "16"), true
	}
	return s, false
}
