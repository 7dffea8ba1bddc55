package trust_test

import (
	"os"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// fork makes a repository with a new version of role that a warm client has
// not seen.
func fork(t testing.TB, role string) (*trusttest.Repo, *trusttest.Cache) {
	t.Helper()
	r, cache := warm(t)
	update(r)
	if role == "root" {
		r.Signed("root")["expires"] = "2028-01-01T00:00:00Z"
		r.PublishRoot()
	}
	return r, cache
}

// With RELEVE_ALL_MUTANTS set the test takes them all, else a sample.
func TestNoMutantIsBelievedOrBreaksTheClient(t *testing.T) {
	for _, rules := range []struct {
		name  string
		rules trust.Rules
		every int
	}{{"strict", trust.Strict, 10}, {"specification", trust.Specification, 40}} {
		every := rules.every
		if os.Getenv("RELEVE_ALL_MUTANTS") != "" {
			every = 1
		}
		counts := map[string]int{}
		for _, role := range []string{"timestamp", "snapshot", "targets", "ans", "root"} {
			t.Run(rules.name+"-"+role, func(t *testing.T) {
				r, cache := fork(t, role)
				good := r.Clone()
				good.Heal()
				for i, m := range r.Mutants(role) {
					if i%every == 0 {
						tryMutant(t, trial{r, good, cache, rules.rules}, m, counts)
					}
				}
			})
		}
		t.Logf("%s: %d mutants, %d refused, %d harmless, %d panics caught",
			rules.name, counts["all"], counts["refused"], counts["harmless"], counts["panic"])
		if counts["panic"] > 0 {
			t.Errorf("go-tuf panicked %d times; the checks before it should have refused", counts["panic"])
		}
	}
}

// trial is what every mutant starts from.
type trial struct {
	honest *trusttest.Repo  // to be changed, in a copy
	good   *trusttest.Repo  // one version later
	cache  *trusttest.Cache // one version earlier
	rules  trust.Rules
}

func (from trial) client(t *testing.T, r *trusttest.Repo, cache trust.Cache) *trust.Client {
	t.Helper()
	c, err := trust.New(trust.Config{
		Root: r.Root(), Remote: r, Cache: cache, Now: trusttest.Start, Patience: time.Second, Rules: from.rules,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tryMutant shows one mutant to a client that knows the version before, and
// then the right version to the client of the next start.
func tryMutant(t *testing.T, from trial, m trusttest.Mutant, counts map[string]int) {
	t.Helper()
	r, cache := from.honest.Clone(), from.cache.Clone()
	m.Apply(r)
	c := from.client(t, r, cache)
	contents := map[string]string{}
	err := c.Refresh(t.Context())
	if err == nil {
		contents, err = readAll(c)
	}
	expectHonest(t, contents)
	counts["all"]++
	switch code := codeOf(err); {
	case code == trust.CodePanic:
		counts["panic"]++
		t.Logf("%s: %v", m.Name, err)
	case code == "":
		counts["harmless"]++
		if !m.Resigned && !m.Signatures {
			t.Errorf("%s: accepted although nobody signed it", m.Name)
		}
	default:
		counts["refused"]++
	}
	if err := refreshAndRead(t, from.client(t, from.good, cache)); err != nil {
		t.Errorf("%s: the next run on a good repository: %v", m.Name, err)
	}
}
