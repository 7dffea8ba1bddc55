package trusttest

import (
	"bytes"
	"strings"

	"github.com/releve-sante/releve/manifest/trust"
)

// onShapes signs, with the right keys, what no tool of ours writes. Some of
// it makes go-tuf panic when it gets that far.
func onShapes() []Attack {
	all := []Attack{
		edited("no-snapshot-entry", "timestamp", trust.CodeMalformed, func(_ *Repo, s map[string]any) {
			delete(s["meta"].(object), "snapshot.json")
		}),
		edited("no-hashes", "timestamp", trust.CodeMalformed, func(_ *Repo, s map[string]any) {
			delete(s["meta"].(object)["snapshot.json"].(object), "hashes")
		}),
		edited("no-targets-entry", "snapshot", trust.CodeMalformed, func(_ *Repo, s map[string]any) {
			delete(s["meta"].(object), "targets.json")
		}),
		edited("odd-role", "snapshot", trust.CodeMalformed, func(_ *Repo, s map[string]any) {
			s["meta"].(object)["../x.json"] = s["meta"].(object)["ans.json"]
		}),
		edited("threshold-0", Targets, trust.CodeMalformed, func(_ *Repo, s map[string]any) {
			firstDelegation(s)["threshold"] = 0
		}),
		edited("threshold-above-keys", Targets, trust.CodeMalformed, func(_ *Repo, s map[string]any) {
			d := firstDelegation(s)
			d["threshold"], d["keyids"] = 2, []any{d["keyids"].([]any)[0], d["keyids"].([]any)[0]}
		}),
		edited("role-named-root", Targets, trust.CodeMalformed, func(_ *Repo, s map[string]any) {
			firstDelegation(s)["name"] = "root"
		}),
		edited("hash-prefixes", Targets, trust.CodeMalformed, func(_ *Repo, s map[string]any) {
			firstDelegation(s)["path_hash_prefixes"] = []any{"00"}
		}),
		edited("two-hashes", ANS, trust.CodeMalformed, func(_ *Repo, s map[string]any) {
			hashes := s["targets"].(object)[DocANS].(object)["hashes"].(object)
			hashes["sha512"] = strings.Repeat("0", 128)
		}),
		edited("path-leads-out", ANS, trust.CodeMalformed, func(_ *Repo, s map[string]any) {
			s["targets"].(object)["../etc/passwd"] = s["targets"].(object)[DocANS]
		}),
		edited("wrong-type", ANS, trust.CodeMalformed, func(_ *Repo, s map[string]any) { s["_type"] = "root" }),
	}
	for _, role := range []string{"timestamp", "snapshot", Targets, ANS} {
		field := "targets"
		if role == "timestamp" || role == "snapshot" {
			field = "meta"
		}
		all = append(all,
			edited("null", role, trust.CodeMalformed, func(_ *Repo, s map[string]any) { s[field] = nil }),
			edited("null-entry", role, trust.CodeMalformed, func(_ *Repo, s map[string]any) {
				s[field].(object)["a.json"] = nil
			}),
			text("duplicate-name", role, func(data []byte) []byte {
				return bytes.Replace(data, []byte(`"version"`), []byte(`"Version":1,"version"`), 1)
			}),
			text("deep", role, func(data []byte) []byte {
				deep := `"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `,"_type"`
				return bytes.Replace(data, []byte(`"_type"`), []byte(deep), 1)
			}),
			text("trailing", role, func(data []byte) []byte { return append(data, "{}"...) }),
		)
	}
	return all
}

func firstDelegation(targets object) object {
	return targets["delegations"].(object)["roles"].([]any)[0].(object)
}

// text makes an attack of a change to the bytes of a role, which those above
// list as right.
func text(name, role string, change func([]byte) []byte) Attack {
	return Attack{name + "-" + role, trust.CodeMalformed, role == ANS, func(r *Repo) {
		r.replace(role, change(bytes.Clone(r.files[r.FileOf(role)])))
	}}
}

// onRoots serves a next root that must not be followed.
func onRoots() []Attack {
	next := func(r *Repo, version int, keys ...string) []byte {
		root := clone(r.signed["root"])
		root["version"] = version
		return r.seal(root, keys...)
	}
	return []Attack{
		{"root-by-one-of-three", trust.CodeBadSignature, false, func(r *Repo) {
			r.Forge("metadata/2.root.json", next(r, 2, "root-1"))
		}},
		{"root-by-a-stranger", trust.CodeBadSignature, false, func(r *Repo) {
			r.Forge("metadata/2.root.json", next(r, 2, "stranger", ANS))
		}},
		{"root-with-wrong-version", trust.CodeRolledBack, false, func(r *Repo) {
			r.Forge("metadata/2.root.json", next(r, 3, "root-1", "root-2"))
		}},
		{"root-again", trust.CodeRolledBack, false, func(r *Repo) { r.Forge("metadata/2.root.json", r.Root()) }},
		{"html-root", trust.CodeNotJSON, false, func(r *Repo) { r.Serve("metadata/2.root.json", HTML) }},
		{"endless-root", trust.CodeOversized, false, func(r *Repo) {
			r.Forge("metadata/2.root.json", r.Root())
			r.Serve("metadata/2.root.json", Endless)
		}},
		{"root-refused", trust.CodeStatus, false, func(r *Repo) {
			r.Serve("metadata/2.root.json", Fail(&trust.Error{Reason: trust.CodeStatus, Found: "500"}))
		}},
		{"root-without-snapshot-role", trust.CodeMalformed, false, func(r *Repo) {
			root := clone(r.signed["root"])
			root["version"] = 2
			delete(root["roles"].(object), "snapshot")
			r.Forge("metadata/2.root.json", r.seal(root, "root-1", "root-2"))
		}},
		{"html-everywhere", trust.CodeNotJSON, false, func(r *Repo) { r.Serve("*", HTML) }},
	}
}

// onDelegations lets one publisher speak for another.
func onDelegations() []Attack {
	return []Attack{
		{"answers-for-another", "", true, func(r *Repo) {
			r.PutAs(GIE, DocANS, []byte(`{"of":"an attacker"}`))
			r.Publish()
			delete(r.signed[GIE]["targets"].(object), DocANS)
		}},
		{"same-role-twice", trust.CodeMalformed, false, func(r *Repo) {
			// The first delegation that covers the document names the role of
			// another publisher, with a key that is not its own.
			saved := clone(r.signed[Targets])
			roles := r.signed[Targets]["delegations"].(object)["roles"].([]any)
			for _, d := range roles {
				if d.(object)["name"] == ANS {
					d.(object)["name"] = GIE
				}
			}
			r.Publish()
			saved["version"] = r.signed[Targets]["version"]
			r.signed[Targets] = saved
		}},
	}
}
