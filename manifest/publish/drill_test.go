package publish_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/publish"
	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// workstation is a client with what it remembers.
type workstation struct {
	root  []byte
	cache *trusttest.Cache
}

// sees is what a workstation makes of a mirror.
type sees struct {
	err   error             // of the refresh
	docs  map[string]string // by path, what was accepted
	roots int64             // version of the root it trusts
}

func (w workstation) look(t *testing.T, m mirror, at time.Time) sees {
	t.Helper()
	c, err := trust.New(trust.Config{Root: w.root, Remote: m, Cache: w.cache, Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	s := sees{docs: map[string]string{}}
	if s.err = c.Refresh(t.Context()); s.err != nil {
		return s
	}
	for _, path := range []string{docANS, docGIE, docChannel} {
		if blob, err := c.Authenticated(t.Context(), path); err == nil {
			s.docs[path] = string(blob.Data)
		}
	}
	for _, r := range c.Status().Roles {
		if r.Name == "root" {
			s.roots = r.Version
		}
	}
	return s
}

// clone gives a workstation that remembers the same.
func (w workstation) clone() workstation {
	c := trusttest.NewCache()
	maps.Copy(c.Files, w.cache.Files)
	return workstation{w.root, c}
}

// drill is a repository with two publishers, published twice, and a
// workstation that has seen it.
type drill struct {
	t    *testing.T
	repo *publish.Repo
	c    publish.Config
	at   time.Time
	warm workstation
	last sees // what the warm workstation saw
}

func newDrill(t *testing.T) *drill {
	t.Helper()
	d := &drill{t: t, at: now()}
	d.c = publish.Config{Dir: t.TempDir(), Keys: publish.NewMemoryKeys(), Now: func() time.Time { return d.at }}
	r, err := publish.Init(d.c)
	if err != nil {
		t.Fatal(err)
	}
	d.repo = r
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	d.must(r.Delegate("ans", []string{"components/cryptolib-cps/**"}))
	d.must(r.Delegate("gie", []string{"components/galss/**"}))
	d.release("cryptolib-cps", "5.1.5")
	d.release("galss", "3.43.2")
	d.must(r.SetChannel("stable", "galss", []string{"3.43.2"}))
	d.must(r.Publish(t.Context()))
	kept, err := os.ReadFile(filepath.Join(d.c.Dir, "metadata", "timestamp.json"))
	d.must(err)
	d.must(os.WriteFile(filepath.Join(d.c.Dir, "kept-timestamp.json"), kept, 0o600))
	d.release("cryptolib-cps", "5.1.8")
	d.must(r.Publish(t.Context()))
	root, err := r.Root()
	d.must(err)
	d.warm = workstation{root, trusttest.NewCache()}
	d.last = d.warm.look(t, mirrorOf(t, d.c.Dir), d.at)
	d.must(d.last.err)
	return d
}

func (d *drill) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *drill) release(component, version string) {
	d.t.Helper()
	_, err := d.repo.Add(context.Background(), addition(d.t, component, version))
	d.must(err)
}

// reached says in a word what a workstation that looks at the thief's mirror
// suffers; "" when it refuses, as it would refuse a mirror that is broken:
//
//	believed   it takes what the thief wrote
//	old        it takes an older publication for the newest
//	frozen     it takes what was the newest once for the newest now
//	withheld   it takes the metadata, and refuses a document of it
//	forwarded  it remembers versions that the repository never had
func (d *drill) reached(a attempt, s sees, before sees) string {
	switch {
	case s.err != nil:
		return ""
	case strings.Contains(strings.Join(slices.Collect(maps.Values(s.docs)), ""), evil):
		return "believed"
	case s.roots != before.roots:
		return "new root"
	case strings.HasPrefix(a.name, "fast-forward"):
		return "forwarded"
	case len(s.docs) < len(before.docs):
		return "withheld"
	case strings.HasPrefix(a.name, "freeze"):
		return "frozen"
	case s.docs[docANS] != before.docs[docANS]:
		return "old"
	}
	return ""
}

// theft is what a thief reaches with stolen keys, on a workstation that knows
// the repository and on a fresh one.
type theft struct {
	name   string
	stolen []string
	rotation
	known []string // attempts that reach something, and what
	fresh []string
}

// rotation is what is replaced in one publication.
type rotation struct {
	root     map[string]string // role to the key that a new root no longer names
	delegate string            // publisher or catalogue, whose key targets no longer names
}

func (r rotation) none() bool { return len(r.root) == 0 && r.delegate == "" }

// attack makes every attempt on a mirror that begins with honest, with a copy
// of a workstation that knows the repository and one that only has the root,
// and gives those that reach something, with the workstations they were made
// on.
func (d *drill) attack(honest mirror, stolen []string, known, fresh workstation, before sees) (reached [2][]string, met []workstation) {
	d.t.Helper()
	for _, a := range attempts() {
		then := d.at.AddDate(0, 0, a.after)
		th := newThief(d.t, honest, d.c.Keys, stolen, then)
		a.do(th)
		for i, w := range []workstation{known.clone(), fresh.clone()} {
			if what := d.reached(a, w.look(d.t, th.mirror, then), before); what != "" {
				reached[i] = append(reached[i], a.name+": "+what)
			}
			if a.after == 0 {
				met = append(met, w)
			}
		}
	}
	return reached, met
}

func TestKeyDrill(t *testing.T) {
	for _, th := range thefts() {
		t.Run(th.name, func(t *testing.T) {
			t.Parallel()
			d := newDrill(t)
			before := mirrorOf(t, d.c.Dir)
			fresh := workstation{d.warm.root, trusttest.NewCache()}
			reached, met := d.attack(before, th.stolen, d.warm, fresh, d.last)
			for i, who := range []string{"a workstation that knows the repository", "a fresh workstation"} {
				if want := [][]string{th.known, th.fresh}[i]; !slices.Equal(reached[i], want) {
					t.Errorf("%s: got\n%s\nwant\n%s", who, strings.Join(reached[i], "\n"), strings.Join(want, "\n"))
				}
			}
			if th.rotation.none() {
				return
			}
			d.rotate(th.rotation)
			d.recovered(met)
			d.ended(th, before)
		})
	}
}

// ended fails if the stolen keys still reach more than a mirror does without
// any, on workstations that know of the rotation: from having seen it, or from
// having been set up with the newest root. The thief serves the repository as
// it is now, or hides that anything was rotated.
func (d *drill) ended(th theft, before mirror) {
	d.t.Helper()
	after := mirrorOf(d.t, d.c.Dir)
	known := workstation{d.warm.root, trusttest.NewCache()}
	last := known.look(d.t, after, d.at)
	d.must(last.err)
	newest := workstation{after["metadata/"+versioned(last.roots, "root")], trusttest.NewCache()}
	for name, m := range map[string]mirror{"now": after, "hidden": before} {
		reached, _ := d.attack(m, th.stolen, known, newest, last)
		for i, none := range [][]string{thefts()[0].known, thefts()[0].fresh} {
			for _, what := range reached[i] {
				if !slices.Contains(none, what) && (name != "hidden" || i == 0 || len(th.root) > 0) {
					d.t.Errorf("after the rotation, %s: the keys still reach %q", name, what)
				}
			}
		}
	}
}

// rotate replaces what was stolen, in one publication.
func (d *drill) rotate(r rotation) {
	d.t.Helper()
	change := publish.RootChange{}
	for role, key := range r.root {
		change[role] = publish.KeyChange{Add: []publish.PublicKey{newKey(d.t, d.c.Keys, key+"-new")}, Remove: []string{key}}
	}
	renew := []string{}
	if len(change) > 0 {
		d.must(d.repo.NextRoot(change))
		renew = append(renew, "targets")
	}
	if r.delegate != "" {
		d.must(d.repo.Rotate(r.delegate, publish.KeyChange{
			Add: []publish.PublicKey{newKey(d.t, d.c.Keys, r.delegate+"-new")}, Remove: []string{r.delegate},
		}))
	}
	d.release("cryptolib-cps", "5.2.1")
	d.must(d.repo.Publish(d.t.Context(), renew...))
}

// recovered fails unless every workstation that met the thief reads what the
// repository says now, and nothing of his.
func (d *drill) recovered(met []workstation) {
	d.t.Helper()
	honest := mirrorOf(d.t, d.c.Dir)
	for i, w := range met {
		s := w.look(d.t, honest, d.at)
		if s.err != nil {
			d.t.Errorf("workstation %d after the rotation: %v", i, s.err)
			continue
		}
		for path, content := range s.docs {
			if content == evil {
				d.t.Errorf("workstation %d after the rotation: still believes %s", i, path)
			}
		}
		if !strings.Contains(s.docs[docANS], "5.2.1") || len(s.docs) != 3 {
			d.t.Errorf("workstation %d after the rotation: sees %q", i, s.docs)
		}
	}
}

// What everybody with a mirror reaches, and what the two online keys add.
func byMirror() []string { return []string{"old-metadata: old"} }

func byOnlineKeys(more ...string) []string {
	reached := map[string]string{
		"release-of-ans": "withheld", "release-of-gie": "withheld", "release-of-gie-signed-as-ans": "withheld",
		"channel": "withheld", "fast-forward-of-ans": "forwarded",
		"fast-forward-of-the-snapshot": "forwarded", "fast-forward-of-the-timestamp": "forwarded",
		"freeze-with-a-new-timestamp": "frozen", "freeze-with-a-new-snapshot": "frozen",
		"freeze-beyond-the-publishers": "withheld",
	}
	for _, m := range more {
		name, what, _ := strings.Cut(m, ": ")
		reached[name] = what
	}
	var list []string
	for _, a := range attempts() {
		if what := reached[a.name]; what != "" {
			list = append(list, a.name+": "+what)
		}
	}
	return list
}

// thefts is the drill. Whoever has not the online keys as well can be refused
// by everybody; a fresh workstation takes an older publication that has not
// expired, since it has seen nothing newer.
func thefts() []theft {
	online := map[string]string{"timestamp": "timestamp", "snapshot": "snapshot"}
	with := func(role, key string) map[string]string {
		all := maps.Clone(online)
		all[role] = key
		return all
	}
	root := func(change map[string]string) rotation { return rotation{root: change} }
	old := []string{"old-metadata: old", "old-metadata-with-a-new-timestamp: old"}
	ans := []string{"release-of-ans: believed", "release-of-gie-signed-as-ans: "}
	catalogue := []string{"channel: believed"}
	targets := []string{
		"release-of-gie-signed-as-targets: believed", "channel-signed-as-targets: believed",
		"other-publisher: believed", "fast-forward: forwarded",
	}
	timestamp := []string{"fast-forward-of-the-timestamp: forwarded", "freeze-with-a-new-timestamp: frozen"}
	return []theft{
		{"nothing-but-a-mirror", nil, rotation{}, nil, byMirror()},
		{"timestamp", []string{"timestamp"}, root(map[string]string{"timestamp": "timestamp"}), timestamp, slices.Concat(old, timestamp)},
		{"snapshot", []string{"snapshot"}, root(map[string]string{"snapshot": "snapshot"}), nil, byMirror()},
		{"timestamp-and-snapshot", []string{"timestamp", "snapshot"}, root(online), byOnlineKeys(), byOnlineKeys(old...)},
		{"publisher", []string{"ans"}, rotation{delegate: "ans"}, nil, byMirror()},
		{"publisher-and-online", []string{"ans", "timestamp", "snapshot"}, rotation{online, "ans"}, byOnlineKeys(ans...), byOnlineKeys(slices.Concat(ans, old)...)},
		{"catalogue", []string{"catalogue"}, rotation{delegate: "catalogue"}, nil, byMirror()},
		{"catalogue-and-online", []string{"catalogue", "timestamp", "snapshot"}, rotation{online, "catalogue"}, byOnlineKeys(catalogue...), byOnlineKeys(slices.Concat(catalogue, old)...)},
		{"targets", []string{"targets"}, root(map[string]string{"targets": "targets"}), nil, byMirror()},
		{"targets-and-online", []string{"targets", "timestamp", "snapshot"}, root(with("targets", "targets")), byOnlineKeys(targets...), byOnlineKeys(slices.Concat(targets, old)...)},
		{"one-of-three-root", []string{"root-1"}, root(map[string]string{"root": "root-1"}), nil, byMirror()},
		{"one-of-three-root-and-online", []string{"root-1", "timestamp", "snapshot"}, root(with("root", "root-1")), byOnlineKeys(), byOnlineKeys(old...)},
	}
}
