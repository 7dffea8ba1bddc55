package database

import (
	"cmp"
	"strconv"
	"strings"
)

// The largest number of each field that counts. Source: Microsoft,
// "ProductVersion Property".
var maxFields = [3]uint64{255, 255, 65535}

// Compare orders two versions as Windows Installer does: by three fields, so
// that 5.2.6.1 equals 5.2.6. It is not ok when one of them is no version.
func Compare(a, b string) (order int, ok bool) {
	va, okA := fields(a)
	vb, okB := fields(b)
	if !okA || !okB {
		return 0, false
	}
	for i := range va {
		if order := cmp.Compare(va[i], vb[i]); order != 0 {
			return order, true
		}
	}
	return 0, true
}

// fields are the first three numbers of a version; those that are missing are
// zero.
func fields(version string) (out [3]uint64, ok bool) {
	if version == "" {
		return out, false
	}
	for i, part := range strings.Split(version, ".") {
		if i == len(out) {
			return out, true
		}
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || n > maxFields[i] {
			return out, false
		}
		out[i] = n
	}
	return out, true
}
