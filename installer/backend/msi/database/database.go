// Package database reads what a package of Windows Installer says about
// itself, on every system.
//
// What it promises: bytes from anywhere give an answer or an error, within
// limits of memory and of what is read; what it returns was in the tables of the
// package and is not yet believed: codes have the form of codes, versions are
// texts.
//
// A package is a compound file whose streams are the columns of tables, over
// one pool of strings. Only the tables that a backend needs are looked at.
package database

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/richardlehane/mscfb"
)

// Package is what a package says about itself.
type Package struct {
	ProductCode    string // {GUID} in capitals: this product, usually this version of it
	UpgradeCode    string // {GUID} in capitals, "" for none: all versions of the product
	PackageCode    string // {GUID} in capitals, "" for none: these very bytes
	ProductVersion string // as written; Windows Installer looks at three fields of it
	ProductName    string
	Manufacturer   string
	Platform       string // Intel, x64, Arm64, ...; "" when it does not say
	Whole          bool   // every file it installs is inside it
	Upgrades       []Upgrade
}

// Upgrade is a line of the Upgrade table: other products that the package
// looks for.
type Upgrade struct {
	Code       string // upgrade code, in capitals
	Min, Max   string // versions, "" for no limit
	OnlyDetect bool   // it does not remove them
	MinIn      bool   // Min itself counts
	MaxIn      bool   // Max itself counts
}

// Attributes of the Upgrade table. Source: Microsoft, "Upgrade Table".
const (
	onlyDetect   = 0x002
	minInclusive = 0x100
	maxInclusive = 0x200
)

// Limits of what is read.
const (
	maxRead   = 64 << 20 // bytes of the file in all
	leastRead = 512      // bytes that even the shortest read counts as
	maxStream = 16 << 20 // bytes of one stream
	maxRows   = 100_000
)

// ErrFormat is wrapped by errors about bytes that are no package.
var ErrFormat = errors.New("not a package of Windows Installer")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

// Read reads the package r, size bytes long.
func Read(r io.ReaderAt, size int64) (Package, error) {
	file, err := mscfb.New(&meter{from: io.NewSectionReader(r, 0, size), left: maxRead})
	if err != nil {
		return Package{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	t, err := open(file)
	if err != nil {
		return Package{}, err
	}
	properties, err := t.properties()
	if err != nil {
		return Package{}, err
	}
	p := Package{
		ProductCode:    strings.ToUpper(properties["ProductCode"]),
		UpgradeCode:    strings.ToUpper(properties["UpgradeCode"]),
		ProductVersion: properties["ProductVersion"],
		ProductName:    properties["ProductName"],
		Manufacturer:   properties["Manufacturer"],
	}
	if !IsCode(p.ProductCode) {
		return Package{}, malformed("its product code is %q", p.ProductCode)
	}
	if p.UpgradeCode != "" && !IsCode(p.UpgradeCode) {
		return Package{}, malformed("its upgrade code is %q", p.UpgradeCode)
	}
	if p.ProductVersion == "" {
		return Package{}, malformed("it has no version")
	}
	if p.Upgrades, err = t.upgrades(); err != nil {
		return Package{}, err
	}
	if p.Whole, err = t.whole(); err != nil {
		return Package{}, err
	}
	p.Platform, p.PackageCode, err = t.summary()
	return p, err
}

// IsCode reports whether s is a code of Windows Installer: a GUID in braces,
// in capitals.
func IsCode(s string) bool {
	if len(s) != 38 || s[0] != '{' || s[37] != '}' {
		return false
	}
	for i, c := range []byte(s[1:37]) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := '0' <= c && c <= '9' || 'A' <= c && c <= 'F'
		if dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}

// meter gives out so many bytes and no more: a file can send its reader in
// circles.
type meter struct {
	from io.ReaderAt
	left int64
}

var errMuch = errors.New("more is read than any package needs")

func (m *meter) ReadAt(p []byte, off int64) (int, error) {
	if m.left -= max(int64(len(p)), leastRead); m.left < 0 {
		return 0, errMuch
	}
	return m.from.ReadAt(p, off)
}

// properties reads the Property table.
func (t *tables) properties() (map[string]string, error) {
	rows, err := t.rows("Property")
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(rows))
	for _, row := range rows {
		out[row["Property"].text] = row["Value"].text
	}
	return out, nil
}

// upgrades reads the Upgrade table, which need not be there.
func (t *tables) upgrades() ([]Upgrade, error) {
	rows, err := t.rows("Upgrade")
	if errors.Is(err, errNoTable) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []Upgrade
	for _, row := range rows {
		a := row["Attributes"].number
		out = append(out, Upgrade{
			Code: strings.ToUpper(row["UpgradeCode"].text),
			Min:  row["VersionMin"].text, Max: row["VersionMax"].text,
			OnlyDetect: a&onlyDetect != 0, MinIn: a&minInclusive != 0, MaxIn: a&maxInclusive != 0,
		})
	}
	return out, nil
}

// whole reports whether every cabinet is a stream of the package. Files beside
// the package are named by media without a cabinet, or by one without "#".
func (t *tables) whole() (bool, error) {
	rows, err := t.rows("Media")
	if errors.Is(err, errNoTable) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	for _, row := range rows {
		cabinet := row["Cabinet"].text
		if cabinet == "" && row["LastSequence"].number == 0 {
			continue // a medium that holds no file
		}
		name, inside := strings.CutPrefix(cabinet, "#")
		if !inside || t.streams[name] == nil {
			return false, nil
		}
	}
	return true, nil
}

// Removes reports whether installing the package removes a product of an
// upgrade code in a version: only three fields of it count.
func (p Package) Removes(upgradeCode, version string) bool {
	return slices.ContainsFunc(p.Upgrades, func(u Upgrade) bool {
		if u.OnlyDetect || u.Code != strings.ToUpper(upgradeCode) {
			return false
		}
		low, okLow := Compare(version, u.Min)
		high, okHigh := Compare(version, u.Max)
		return (u.Min == "" || okLow && (low > 0 || u.MinIn && low == 0)) &&
			(u.Max == "" || okHigh && (high < 0 || u.MaxIn && high == 0))
	})
}
