package manifest

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A releaseKey is what equal versions have in common.
type releaseKey struct {
	numbers [maxNumbers]uint64
	pre     string
}

func keyOf(v Version) releaseKey {
	k := releaseKey{numbers: v.numbers}
	if v.pre != nil {
		k.pre = v.pre.Prerelease()
	}
	return k
}

// check checks one release of component. seen holds the platforms that
// already have each version.
func (r *Release) check(component string, seen map[releaseKey]platforms) *SyntaxError {
	v, err := ParseVersion(r.Version)
	if err != nil {
		return badVersion(r.Version).under("version")
	}
	if err := first(
		oneOf("platform", r.Platform, Windows, MacOS, Linux, Any),
		checkDate("date", r.Date),
		checkBackend(r.Backend),
		checkArtifact(component, r.Artifact),
		r.checkDeltas(component),
		r.Setup.check(),
		r.checkProvenance(component),
		each("requires", maxEntries, r.Requires, (*Rule).check),
		each("needs", maxEntries, r.Needs, (*Need).check),
		each("conflicts", maxEntries, r.Conflicts, (*Need).check),
		each("probes", maxEntries, r.Probes, (*Probe).check),
		checkWithdrawal(r.Withdrawn),
		checkLine("source", r.Source),
	); err != nil {
		return err
	}
	for i := range r.Needs {
		if r.Needs[i].Component == component {
			return outside("component", "!= "+component, component).entry("needs", i)
		}
	}
	return takePlatform(seen, keyOf(v), r)
}

// platforms is a set of platforms, one bit each.
type platforms uint8

// setOf returns p as a set; "any" meets every platform.
func setOf(p Platform) platforms {
	switch p {
	case Windows:
		return 1
	case MacOS:
		return 2
	case Linux:
		return 4
	}
	return 7
}

// takePlatform notes that r exists, unless there is a release of the same
// version that a machine could be offered in its place.
func takePlatform(seen map[releaseKey]platforms, k releaseKey, r *Release) *SyntaxError {
	mine := setOf(r.Platform)
	if seen[k]&mine != 0 {
		return duplicate("version", r.Version+" "+string(r.Platform))
	}
	seen[k] |= mine
	return nil
}

// checkBackend checks the form only: which backends there are depends on the
// system, and a plan refuses a release whose backend is missing.
func checkBackend(s string) *SyntaxError {
	if s == "" {
		return nil
	}
	return checkForm("backend", s, nameNotation, isName)
}

// checkArtifact checks the package of a release.
func checkArtifact(component string, a *Artifact) *SyntaxError {
	if a == nil {
		return nil
	}
	if err := first(
		checkTarget(component, a.Path, a.Length, a.SHA256),
		checkBetween("unpacked", a.Unpacked, 0, maxUnpacked),
		checkBetween("entries", a.Entries, 0, maxFiles),
	); err != nil {
		return err.under("artifact")
	}
	if p := a.Plain; p != nil {
		if err := first(
			checkBetween("length", p.Length, 0, maxUnpacked),
			checkForm("sha256", p.SHA256, digestNotation, isDigest),
		); err != nil {
			return err.under("plain").under("artifact")
		}
	}
	return nil
}

// maxProvenance is the largest sigstore bundle, in bytes.
const maxProvenance = 1 << 20

// checkProvenance checks what is said about who built the package.
func (r *Release) checkProvenance(component string) *SyntaxError {
	p := r.Provenance
	if p == nil {
		return nil
	}
	if r.Artifact == nil {
		return missing("artifact") // what it would be the provenance of
	}
	err := first(
		checkTarget(component, p.Path, p.Length, p.SHA256),
		checkBetween("length", p.Length, 1, maxProvenance),
		checkSaid("identity", p.Identity),
		checkSaid("issuer", p.Issuer),
	)
	if err == nil && !strings.HasPrefix(p.Issuer, "https://") {
		err = outside("issuer", "https://", p.Issuer)
	}
	if err != nil {
		return err.under("provenance")
	}
	return nil
}

// checkSaid checks a line that must not be empty.
func checkSaid(field, s string) *SyntaxError {
	if strings.TrimSpace(s) == "" {
		return missing(field)
	}
	return checkLine(field, s)
}

// checkTarget checks how a release names bytes. It refuses a path outside the
// component: another publisher answers for what lies there.
func checkTarget(component, path string, length int64, sha256 string) *SyntaxError {
	own := "components/" + component + "/"
	if !strings.HasPrefix(path, own) || !isTarget(path) || path == ComponentPath(component) {
		return outside("path", own+fileNotation, path)
	}
	return first(
		checkBetween("length", length, 0, maxArtifact),
		checkForm("sha256", sha256, digestNotation, isDigest),
	)
}

func checkWithdrawal(w *Withdrawal) *SyntaxError {
	if w == nil {
		return nil
	}
	if err := first(
		checkText("because", &w.Because),
		checkVersion("replace_with", w.ReplaceWith),
	); err != nil {
		return err.under("withdrawn")
	}
	return nil
}

func (r *Rule) check() *SyntaxError {
	if err := first(
		checkForm("code", r.Code, codeNotation, isCode),
		checkCondition("require", &r.Require),
		checkText("because", &r.Because),
		checkLine("source", r.Source),
		optional("confidence", r.Confidence, Confirmed, Inferred),
	); err != nil {
		return err
	}
	if r.Remedy != nil {
		if err := checkText("remedy", r.Remedy); err != nil {
			return err
		}
	}
	if r.Known != nil {
		return checkCondition("known", r.Known)
	}
	return nil
}

func (n *Need) check() *SyntaxError {
	if err := checkForm("component", n.Component, nameNotation, isName); err != nil {
		return err
	}
	if _, err := ParseRange(n.In); err != nil {
		return badRange(n.In).under("in")
	}
	return nil
}

func (p *Probe) check() *SyntaxError {
	if err := first(
		oneOf("kind", p.Kind, ProbeFile, ProbeCommand),
		checkForm("path", p.Path, fileNotation, isFile),
		checkBetween("seconds", int64(p.Seconds), 0, maxProbe),
		checkText("because", &p.Because),
	); err != nil {
		return err
	}
	if p.Kind == ProbeFile {
		if len(p.Args) > 0 {
			return outside("args", "kind: "+string(ProbeCommand), strconv.Itoa(len(p.Args)))
		}
		if p.Seconds != 0 {
			return outside("seconds", "kind: "+string(ProbeCommand), strconv.Itoa(p.Seconds))
		}
		return checkLine("contains", p.Contains)
	}
	if p.Contains != "" {
		return outside("contains", "kind: "+string(ProbeFile), p.Contains)
	}
	return each("args", maxEntries, p.Args, checkArgument)
}

// checkArgument checks an argument of a probe's command.
func checkArgument(s *string) *SyntaxError {
	if n := utf8.RuneCountInString(*s); n > maxPath {
		return &SyntaxError{Reason: CodeValue, Expected: "<= " + strconv.Itoa(maxPath) + " characters", Found: strconv.Itoa(n)}
	}
	return nil
}
