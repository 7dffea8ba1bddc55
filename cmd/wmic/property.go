package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/releve-sante/releve/osdetect/process"
)

// property is one property of win32_process that can be told.
type property struct {
	name string // as the class spells it
	of   func(process.Process) string
}

// properties of win32_process. What the system keeps to itself is empty.
func properties() []property {
	name := func(p process.Process) string { return p.Name }
	pid := func(p process.Process) string { return number(p.PID) }
	return []property{
		{"Caption", name},
		{"CommandLine", func(p process.Process) string { return p.CommandLine }},
		{"CreationDate", func(p process.Process) string { return moment(p.Started) }},
		{"Description", name},
		{"ExecutablePath", func(p process.Process) string { return p.Path }},
		{"Handle", pid},
		{"Name", name},
		{"ParentProcessId", func(p process.Process) string { return number(p.Parent) }},
		{"ProcessId", pid},
		{"SessionId", func(p process.Process) string { return number(p.Session) }},
	}
}

func propertyNamed(name string) (property, bool) {
	for _, p := range properties() {
		if strings.EqualFold(p.name, name) {
			return p, true
		}
	}
	return property{}, false
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// moment writes a time as WMI does: local, with microseconds, and minutes from
// UTC in three digits.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	_, offset := t.Zone()
	sign, minutes := "+", offset/60
	if minutes < 0 {
		sign, minutes = "-", -minutes
	}
	zone := strconv.Itoa(1000 + minutes)[1:]
	return t.Format("20060102150405.000000") + sign + zone
}
