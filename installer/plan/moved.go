package plan

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/releve-sante/releve/manifest"
)

// Moved compares a plan that was made earlier with the plan made from the
// same request now. It returns nil when they are the same, and otherwise says
// what is different: first in the signed documents, then on the machine. When
// neither explains the difference, the old plan was altered.
//
// Free disk space alone moves nothing: it counts only through the refusal it
// leads to.
func Moved(old, present Plan) *MovedError {
	if old.Channel != present.Channel {
		return &MovedError{CodeManifestMoved, "channel", old.Channel, present.Channel}
	}
	if old.Manifest != present.Manifest {
		return movedManifest(old, present)
	}
	if m := movedMachine(old, present); m != nil {
		return m
	}
	return altered(old, present)
}

// movedManifest names the first component whose step is no longer the same,
// or the documents as a whole.
func movedManifest(old, present Plan) *MovedError {
	now := map[string]Step{}
	for _, s := range present.Steps {
		now[s.Component] = s
	}
	for _, s := range old.Steps {
		if other := now[s.Component]; other.To != s.To {
			return &MovedError{CodeManifestMoved, s.Component, s.To, other.To}
		}
	}
	return &MovedError{CodeManifestMoved, "manifest", old.Manifest, present.Manifest}
}

func movedMachine(old, present Plan) *MovedError {
	for _, name := range union(old.Installed, present.Installed) {
		if was, is := old.Installed[name], present.Installed[name]; was != is {
			return &MovedError{CodeMachineMoved, name, was, is}
		}
	}
	for _, path := range union(old.Machine, present.Machine) {
		was, is := old.Machine[path], present.Machine[path]
		if path == freeBytes && tooSmall(old) == tooSmall(present) {
			continue
		}
		if was != is {
			return &MovedError{CodeMachineMoved, path, show(was), show(is)}
		}
	}
	return nil
}

// tooSmall says whether the plan was refused for want of space.
func tooSmall(p Plan) bool {
	return slices.ContainsFunc(p.Refusals, func(r Refusal) bool { return r.Code == CodeDiskTooSmall })
}

// union returns the keys of both maps, sorted.
func union[V any](a, b map[string]V) []string {
	out := append(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b))...)
	slices.Sort(out)
	return slices.Compact(out)
}

// show writes a fact; "" is unknown.
func show(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// altered compares what is left.
func altered(old, present Plan) *MovedError {
	parts := []struct {
		name     string
		old, now any
	}{
		{"schema", old.Schema, present.Schema},
		{"request", old.Request, present.Request},
		{"steps", old.Steps, present.Steps},
		{"reverse", old.Reverse, present.Reverse},
		{"refusals", exceptDisk(old.Refusals), exceptDisk(present.Refusals)},
		{"warnings", old.Warnings, present.Warnings},
		{"download", old.Download, present.Download},
		{"disk", old.Disk, present.Disk},
	}
	for _, part := range parts {
		was, err := manifest.Encode(part.old)
		is, err2 := manifest.Encode(part.now)
		if err != nil || err2 != nil || !bytes.Equal(was, is) {
			return &MovedError{CodeAltered, part.name, "", ""}
		}
	}
	return nil
}

// exceptDisk leaves out the refusal that holds the bytes free at the time.
func exceptDisk(refusals []Refusal) []Refusal {
	return slices.DeleteFunc(slices.Clone(refusals), func(r Refusal) bool { return r.Code == CodeDiskTooSmall })
}
