package trusttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Mutant is one file of a repository with one of its JSON nodes replaced or
// deleted.
type Mutant struct {
	Name       string // role, path of the node and its replacement
	Resigned   bool   // signed again by the role's own key, and listed as right above
	Signatures bool   // of the list of signatures, where losing one may not matter
	apply      func(r *Repo)
}

// Apply serves the mutant instead of the right file.
func (m Mutant) Apply(r *Repo) { m.apply(r) }

// Mutants gives every mutant of the current file of a role: each node in turn
// becomes null, "", 0, -1, [], {}, true, "x" and 1e308, and is deleted; once
// as a mirror could do it, and once as the holder of the role's key could.
func (r *Repo) Mutants(role string) []Mutant {
	r.t.Helper()
	var whole any
	r.must(json.Unmarshal(r.files[r.FileOf(role)], &whole))
	var all []Mutant
	walk(whole, nil, func(path []any, node any) {
		for _, value := range replacements() {
			if same, err := json.Marshal(node); err == nil && string(same) == value {
				continue
			}
			for _, resigned := range []bool{false, true} {
				if resigned && (path[0] != "signed" || value == "1e308") {
					continue // outside the signed part, or nothing that has a canonical form
				}
				all = append(all, Mutant{
					Name:     fmt.Sprintf("%s %v %s resigned=%t", role, path, value, resigned),
					Resigned: resigned, Signatures: path[0] == "signatures",
					apply: func(r *Repo) { r.mutate(role, path, value, resigned) },
				})
			}
		}
	})
	return all
}

// replacements lists what takes the place of a node; "" deletes it.
func replacements() []string {
	return []string{"null", `""`, "0", "-1", "[]", "{}", "true", `"x"`, "1e308", ""}
}

// walk calls visit with every node below v and its path.
func walk(v any, path []any, visit func(path []any, node any)) {
	step := func(key, value any) {
		next := append(slices.Clone(path), key)
		visit(next, value)
		walk(value, next, visit)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			step(key, v[key])
		}
	case []any:
		for i := range v {
			step(i, v[i])
		}
	}
}

// mutate replaces one node of the current file of role.
func (r *Repo) mutate(role string, path []any, value string, resigned bool) {
	r.t.Helper()
	file := r.FileOf(role)
	var whole any
	r.must(json.Unmarshal(r.files[file], &whole))
	whole = replaced(whole, path, value)
	if resigned {
		if signed, ok := whole.(object)["signed"].(object); ok {
			keys := []string{role}
			if role == "root" {
				keys = []string{"root-1", "root-2", "root-3"}
			}
			r.replace(role, r.seal(signed, keys...))
			return
		}
	}
	data, err := json.Marshal(whole)
	r.must(err)
	r.forged[file] = data
}

// replaced gives v with the node at path replaced.
func replaced(v any, path []any, value string) any {
	last := len(path) == 1
	switch v := v.(type) {
	case map[string]any:
		key := path[0].(string)
		switch {
		case last && value == "":
			delete(v, key)
		case last:
			v[key] = json.RawMessage(value)
		default:
			v[key] = replaced(v[key], path[1:], value)
		}
		return v
	case []any:
		i := path[0].(int)
		switch {
		case last && value == "":
			return slices.Delete(v, i, i+1)
		case last:
			v[i] = json.RawMessage(value)
		default:
			v[i] = replaced(v[i], path[1:], value)
		}
		return v
	}
	return v
}
