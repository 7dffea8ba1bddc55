package trusttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"github.com/releve-sante/releve/manifest/trust"
)

// Attack is one way to lie to a client. Do is called on a repository that has
// just published a new good version, before the client sees it.
type Attack struct {
	Name string
	Code string // the refusal; "" when the client must not be impressed
	Late bool   // seen when a document is read, after a good refresh
	Do   func(r *Repo)
}

// Attacks lists them all. Each works on its own on a fresh Repo.
func Attacks() []Attack {
	return slices.Concat(
		onBytes(), onSignatures(), onVersions(), onDates(), onShapes(), onRoots(), onDelegations(),
	)
}

// onBytes needs no key: the mirror damages or replaces files.
func onBytes() []Attack {
	var all []Attack
	for _, role := range []string{"timestamp", "snapshot", Targets, ANS} {
		late := role == ANS
		add := func(name, code string, do func(r *Repo)) {
			all = append(all, Attack{Name: name + "-" + role, Code: code, Late: late, Do: do})
		}
		serve := func(a Answer) func(*Repo) {
			return func(r *Repo) { r.Serve(r.FileOf(role), a) }
		}
		add("truncated", trust.CodeTruncated, serve(Half))
		add("empty", trust.CodeTruncated, func(r *Repo) { r.Forge(r.FileOf(role), []byte{}) })
		add("html", trust.CodeNotJSON, serve(HTML))
		add("endless", trust.CodeOversized, serve(Endless))
		add("slow", trust.CodeStalled, serve(Slow))
		add("silent", trust.CodeStalled, serve(Silent))
		add("cut", trust.CodeCut, serve(Cut))
		add("unreachable", trust.CodeUnreachable, serve(Fail(errors.New("no route to host"))))
		hidden := trust.CodeMissingRole
		if role == "timestamp" {
			hidden = trust.CodeNotFound
		}
		add("hidden", hidden, func(r *Repo) { r.Forge(r.FileOf(role), nil) })
		changed := trust.CodeMismatch
		if role == "timestamp" {
			changed = trust.CodeBadSignature
		}
		add("changed", changed, func(r *Repo) {
			data := bytes.Replace(r.files[r.FileOf(role)], []byte("2026"), []byte("2036"), 1)
			data = bytes.Replace(data, []byte("2027"), []byte("2037"), 1)
			r.Forge(r.FileOf(role), data)
		})
	}
	return append(all,
		Attack{"swapped-document", trust.CodeMismatch, true, func(r *Repo) {
			name := r.TargetFile(DocANS)
			r.Forge(name, bytes.ToUpper(r.files[name]))
		}},
		Attack{"longer-document", trust.CodeOversized, true, func(r *Repo) {
			name := r.TargetFile(DocANS)
			r.Forge(name, append(bytes.Clone(r.files[name]), ' '))
		}},
		Attack{"hidden-document", trust.CodeNotFound, true, func(r *Repo) { r.Forge(r.TargetFile(DocANS), nil) }},
		Attack{"html-document", trust.CodeNotJSON, true, func(r *Repo) { r.Serve(r.TargetFile(DocANS), HTML) }},
	)
}

// onSignatures lets a stranger sign.
func onSignatures() []Attack {
	var all []Attack
	for _, role := range []string{"timestamp", "snapshot", Targets, ANS} {
		all = append(all,
			Attack{"wrong-key-" + role, trust.CodeBadSignature, role == ANS, func(r *Repo) { r.resign(role, "stranger") }},
			Attack{"unsigned-" + role, trust.CodeBadSignature, role == ANS, func(r *Repo) { r.resign(role) }},
			Attack{"signed-by-another-" + role, trust.CodeBadSignature, role == ANS, func(r *Repo) { r.resign(role, GIE) }},
		)
	}
	return all
}

// resign signs a role with other keys and lists the result above it, with the
// right keys of those above.
func (r *Repo) resign(role string, keys ...string) {
	r.replace(role, r.seal(r.signed[role], keys...))
}

// replace puts data in the place of the current file of role and lists it in
// the files above, signed with their own keys.
func (r *Repo) replace(role string, data []byte) {
	r.files[r.FileOf(role)] = data
	switch role {
	case "timestamp", "root":
	case "snapshot":
		r.signed["timestamp"]["meta"].(object)["snapshot.json"] = listed(r.signed[role]["version"], data)
		r.replace("timestamp", r.seal(r.signed["timestamp"], "timestamp"))
	default:
		r.signed["snapshot"]["meta"].(object)[role+".json"] = listed(r.signed[role]["version"], data)
		r.replace("snapshot", r.seal(r.signed["snapshot"], "snapshot"))
	}
}

// Pad makes the current file of a role size bytes long, with spaces at its
// end, and lists it like that in the files above.
func (r *Repo) Pad(role string, size int) {
	data := r.files[r.FileOf(role)]
	r.replace(role, append(bytes.Clone(data), bytes.Repeat([]byte(" "), size-len(data))...))
}

// edited makes an attack of a change to the signed part of a role, signed
// with its own key: a mistake, or a stolen key.
func edited(name, role, code string, change func(r *Repo, signed map[string]any)) Attack {
	return Attack{name + "-" + role, code, role == ANS, func(r *Repo) {
		saved := clone(r.signed[role])
		change(r, r.signed[role])
		r.replace(role, r.seal(r.signed[role], role))
		version := r.signed[role]["version"]
		r.signed[role] = saved
		if v, ok := version.(int); ok && v > saved["version"].(int) {
			saved["version"] = v
		}
	}}
}

func clone(o object) object {
	data, err := json.Marshal(o)
	if err != nil {
		return o
	}
	var out object
	if json.Unmarshal(data, &out) != nil {
		return o
	}
	out["version"] = o["version"] // an int, not a float64
	return out
}

// onVersions goes back in time.
func onVersions() []Attack {
	all := []Attack{
		{"older-timestamp", trust.CodeRolledBack, false, func(r *Repo) {
			old := clone(r.signed["timestamp"])
			old["version"] = r.Version("timestamp") - 2
			r.Forge("metadata/timestamp.json", r.seal(old, "timestamp"))
		}},
		{"equal-timestamp", "", false, func(r *Repo) {
			// The same version with other content: the client keeps its own.
			other := clone(r.signed["timestamp"])
			other["version"] = r.Version("timestamp") - 1
			r.Forge("metadata/timestamp.json", r.seal(other, "timestamp"))
		}},
	}
	for _, role := range []string{"snapshot", Targets, ANS} {
		all = append(all, Attack{"older-" + role, trust.CodeRolledBack, false, func(r *Repo) {
			r.signed[role]["version"] = r.Version(role) - 2
			if role == "snapshot" {
				r.replace(role, r.seal(r.signed[role], role))
			} else {
				r.Seal()
			}
			r.signed[role]["version"] = r.Version(role) + 2
		}})
	}
	return append(all, edited("forgets-ans", "snapshot", trust.CodeRolledBack, func(_ *Repo, s map[string]any) {
		delete(s["meta"].(object), "ans.json")
	}))
}

// onDates publishes what is past its date.
func onDates() []Attack {
	var all []Attack
	for _, role := range []string{"timestamp", "snapshot", Targets, ANS} {
		all = append(all, edited("expired", role, trust.CodeExpired, func(r *Repo, s map[string]any) {
			s["expires"] = r.date(-1)
		}))
	}
	return append(all, Attack{"expired-root", trust.CodeExpired, false, func(r *Repo) {
		r.signed["root"]["expires"] = r.date(-1)
		r.PublishRoot()
		r.signed["root"]["expires"] = r.date(365)
	}})
}
