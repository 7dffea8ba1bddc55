package publish

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/releve-sante/releve/manifest"
)

// Kinds of a Change.
const (
	ChangeVersion   = "version"   // of the metadata
	ChangeExpiry    = "expiry"    // dates, YYYY-MM-DD
	ChangeKey       = "key"       // of Role: To is added, From removed
	ChangeThreshold = "threshold" // of Role
	ChangeRole      = "role"      // a publisher: To is added, From removed
	ChangePaths     = "paths"     // of Role, separated by commas
	ChangeRelease   = "release"   // of Name: added (To), removed (From) or changed (both)
	ChangeFloor     = "floor"     // of Name: platform, version and the safe ones
	ChangeOffer     = "offer"     // of Name on the channel Role: versions
	ChangeDocument  = "document"  // Name: digests
	ChangePackage   = "package"   // Name: digests
)

// Change is one difference between what is published and what a draft would
// publish. From and To are empty where there is nothing.
type Change struct {
	Kind, Role, Name string
	From, To         string
}

// Changes lists what signing the draft changes, in a fixed order.
func (d *Draft) Changes() []Change {
	if d.root != nil {
		return d.rootChanges()
	}
	var before metadata.TargetsType
	if d.before != nil {
		before = d.before.Signed
	}
	next := d.targets.Signed
	all := head(d.role, before.Version, next.Version, before.Expires, next.Expires)
	all = append(all, delegationChanges(before, next)...)
	for _, path := range d.changedPaths() {
		all = append(all, d.pathChanges(path)...)
	}
	return all
}

func (d *Draft) rootChanges() []Change {
	before := &rootFile{Signed: metadata.RootType{}}
	if d.rootBefore != nil {
		before = d.rootBefore
	}
	all := head(metadata.ROOT, before.Signed.Version, d.root.Signed.Version, before.Signed.Expires, d.root.Signed.Expires)
	for _, role := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
		all = append(all, quorumChanges(rootAuthority(before, role), rootAuthority(d.root, role))...)
	}
	return all
}

// head is what changes in every metadata file.
func head(role string, from, to int64, since, until time.Time) []Change {
	date := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.DateOnly)
	}
	return []Change{
		{Kind: ChangeVersion, Role: role, From: number(from), To: number(to)},
		{Kind: ChangeExpiry, Role: role, From: date(since), To: date(until)},
	}
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// quorumChanges compares who may sign for a role.
func quorumChanges(before, next authority) []Change {
	var all []Change
	for _, id := range before.ids {
		if !slices.Contains(next.ids, id) {
			all = append(all, Change{Kind: ChangeKey, Role: next.role, From: before.called(id), Name: id})
		}
	}
	for _, id := range next.ids {
		if !slices.Contains(before.ids, id) {
			all = append(all, Change{Kind: ChangeKey, Role: next.role, To: next.called(id), Name: id})
		}
	}
	if before.threshold != next.threshold {
		all = append(all, Change{
			Kind: ChangeThreshold, Role: next.role,
			From: number(int64(before.threshold)), To: number(int64(next.threshold)), Name: number(int64(len(next.ids))),
		})
	}
	return all
}

// delegationChanges compares the publishers that targets names.
func delegationChanges(before, next metadata.TargetsType) []Change {
	old, now := delegated(before), delegated(next)
	var all []Change
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if _, stays := now[name]; !stays {
			all = append(all, Change{Kind: ChangeRole, Name: name, From: old[name]})
		}
	}
	wasIn, isIn := &targetsFile{Signed: before}, &targetsFile{Signed: next}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		paths, was := old[name]
		switch {
		case !was:
			all = append(all, Change{Kind: ChangeRole, Name: name, To: now[name]})
		case paths != now[name]:
			all = append(all, Change{Kind: ChangePaths, Role: name, From: paths, To: now[name]})
		}
		all = append(all, quorumChanges(targetsAuthority(wasIn, name), targetsAuthority(isIn, name))...)
	}
	return all
}

// delegated gives the paths of each role that t delegates to.
func delegated(t metadata.TargetsType) map[string]string {
	all := map[string]string{}
	if t.Delegations != nil {
		for _, r := range t.Delegations.Roles {
			all[r.Name] = join(r.Paths)
		}
	}
	return all
}

// target gives what a version of the role says about a path, or nil.
func (d *Draft) target(t *targetsFile, path string) *metadata.TargetFiles {
	if t == nil {
		return nil
	}
	return t.Signed.Targets[path]
}

// changedPaths lists the paths that both versions speak of differently.
func (d *Draft) changedPaths() []string {
	changed := map[string]bool{}
	for _, t := range []*targetsFile{d.before, d.targets} {
		if t == nil {
			continue
		}
		for path := range t.Signed.Targets {
			changed[path] = d.digest(d.before, path) != d.digest(d.targets, path)
		}
	}
	maps.DeleteFunc(changed, func(_ string, differs bool) bool { return !differs })
	return slices.Sorted(maps.Keys(changed))
}

func (d *Draft) digest(t *targetsFile, path string) string {
	if f := d.target(t, path); f != nil {
		return hexOf(f.Hashes["sha256"])
	}
	return ""
}

// pathChanges says what is new in a document or package. A document that the
// draft does not carry, or that does not parse, is told by its digests.
func (d *Draft) pathChanges(path string) []Change {
	from, to := d.digest(d.before, path), d.digest(d.targets, path)
	plain := Change{Kind: ChangePackage, Name: path, From: from, To: to}
	if !isDocument(path) {
		return []Change{plain}
	}
	plain.Kind = ChangeDocument
	all := []Change{plain}
	switch {
	case strings.HasPrefix(path, "components/"):
		old, errOld := parsedOr(manifest.ParseComponent, d.documents[from])
		next, errNext := parsedOr(manifest.ParseComponent, d.documents[to])
		if errOld == nil && errNext == nil {
			all = append(all, releaseChanges(old, next)...)
			all = append(all, floorChanges(old, next)...)
		}
	case strings.HasPrefix(path, "channels/"):
		old, errOld := parsedOr(manifest.ParseChannel, d.documents[from])
		next, errNext := parsedOr(manifest.ParseChannel, d.documents[to])
		if errOld == nil && errNext == nil {
			all = append(all, offerChanges(old, next)...)
		}
	}
	return all
}

// parsedOr parses data; nothing gives an empty document.
func parsedOr[T any](parse func([]byte) (*T, error), data []byte) (*T, error) {
	if data == nil {
		return new(T), nil
	}
	return parse(data)
}

// releaseChanges compares the releases of a component.
func releaseChanges(before, next *manifest.Component) []Change {
	list := func(c *manifest.Component) map[string][]byte {
		all := map[string][]byte{}
		for _, r := range c.Releases {
			shown := r.Version + " " + string(r.Platform)
			content, err := manifest.Encode(r)
			if err != nil {
				content = []byte(err.Error())
			}
			all[shown] = content
		}
		return all
	}
	name := next.Name
	if name == "" {
		name = before.Name
	}
	old, now := list(before), list(next)
	var all []Change
	for _, key := range slices.Sorted(maps.Keys(old)) {
		stays, ok := now[key]
		switch {
		case !ok:
			all = append(all, Change{Kind: ChangeRelease, Name: name, From: key})
		case !bytes.Equal(old[key], stays):
			all = append(all, Change{Kind: ChangeRelease, Name: name, From: key, To: key + withdrawnMark(next, key)})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(now)) {
		if _, was := old[key]; !was {
			all = append(all, Change{Kind: ChangeRelease, Name: name, To: key})
		}
	}
	return all
}

// withdrawnMark tells a release that is taken back from one that is changed.
func withdrawnMark(c *manifest.Component, shown string) string {
	for _, r := range c.Releases {
		if r.Withdrawn != nil && r.Version+" "+string(r.Platform) == shown {
			return " (withdrawn)"
		}
	}
	return ""
}

// floorChanges compares how far back machines may go.
func floorChanges(before, next *manifest.Component) []Change {
	list := func(c *manifest.Component) map[string]string {
		all := map[string]string{}
		for _, f := range c.Floors {
			all[string(f.Platform)] = string(f.Platform) + " >= " + strings.Join(append([]string{f.Version}, f.Safe...), " | ")
		}
		return all
	}
	old, now := list(before), list(next)
	var all []Change
	for _, platform := range slices.Sorted(maps.Keys(mergeKeys(old, now))) {
		if old[platform] != now[platform] {
			all = append(all, Change{Kind: ChangeFloor, Name: next.Name, From: old[platform], To: now[platform]})
		}
	}
	return all
}

// offerChanges compares what a channel offers.
func offerChanges(before, next *manifest.Channel) []Change {
	list := func(c *manifest.Channel) map[string]string {
		all := map[string]string{}
		for _, o := range c.Offers {
			shown := slices.Clone(o.Versions)
			for i, v := range shown {
				if n := rolloutOf(o, v); n >= 0 {
					shown[i] += " (" + Audience(o.Rollouts[n]) + ")"
				}
			}
			all[o.Component] = join(shown)
		}
		return all
	}
	name := next.Name
	if name == "" {
		name = before.Name
	}
	old, now := list(before), list(next)
	var all []Change
	for _, component := range slices.Sorted(maps.Keys(mergeKeys(old, now))) {
		if old[component] != now[component] {
			all = append(all, Change{Kind: ChangeOffer, Role: name, Name: component, From: old[component], To: now[component]})
		}
	}
	return all
}

func mergeKeys(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
