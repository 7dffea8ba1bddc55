package component

import (
	"strings"

	"github.com/releve-sante/releve/osdetect"
)

// Facts returns the facts with what was found of a component: whether it is
// present, its version, and all versions when there are several. What is
// unknown is absent from the facts, also when they knew something before.
func Facts(f osdetect.Facts, name string, found Found) osdetect.Facts {
	path := "component." + name
	f = f.With(path+".present", nil).With(path+".version", nil).With(path+".versions", nil)
	switch found.Presence {
	case Absent:
		return f.With(path+".present", false)
	case Present:
		f = f.With(path+".present", true)
	default:
		return f
	}
	if found.Version != "" {
		f = f.With(path+".version", found.Version)
	}
	if all := found.Versions(); len(all) > 1 {
		f = f.With(path+".versions", strings.Join(all, ", "))
	}
	return f
}
