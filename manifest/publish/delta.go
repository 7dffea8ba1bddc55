package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/delta/archive"
)

const (
	// worthwhile is what part of the package a delta may have, in percent.
	// Beyond it, whoever has to fall back loses more than others gain.
	worthwhile = 60

	// maxTree is how many bytes the files of a version may have together that
	// a delta begins at: they are held in memory while it is made.
	maxTree = 4 << 30
)

// DeltaOutcome is what came of a Delta.
type DeltaOutcome string

// The outcomes. Only after DeltaMade something was written.
const (
	DeltaMade     DeltaOutcome = "made"
	DeltaThere    DeltaOutcome = "there"     // it is part of the release already
	DeltaTooLarge DeltaOutcome = "too-large" // 60 % of the package or more
	DeltaTooOld   DeltaOutcome = "too-old"   // there are three from newer versions
)

// DeltaReport says what came of a Delta.
type DeltaReport struct {
	Outcome DeltaOutcome
	Delta   manifest.Delta // with DeltaTooLarge only From and Length
	Full    int64          // bytes of the package
	Files   archive.Stats  // with DeltaMade and DeltaTooLarge
	Dropped []string       // versions whose deltas gave way, being the oldest
}

// Delta makes a delta to a release of a component from another version of it,
// tries it, and adds it to the release when it has less than 60 % of the
// package. platform may be empty where only one has both versions. A release
// keeps the deltas from its three newest bases. The role that covers the
// component signs.
func (r *Repo) Delta(ctx context.Context, component, from, to string, platform manifest.Platform) (DeltaReport, error) {
	s, err := r.load()
	if err != nil {
		return DeltaReport{}, err
	}
	c, err := r.component(s, component)
	if err != nil {
		return DeltaReport{}, err
	}
	name := manifest.ComponentPath(component)
	if s.target(name) == nil {
		return DeltaReport{}, &Error{Reason: CodeNoComponent, Name: component, Expected: strings.Join(s.components(), ", ")}
	}
	next, old, err := pair(c, from, to, platform)
	if err != nil {
		return DeltaReport{}, err
	}
	report := DeltaReport{Outcome: DeltaThere, Full: next.Artifact.Length}
	if there := next.from(old.Version); there != nil {
		report.Delta = *there
		return report, nil
	}
	report.Delta.From = old.Version
	bases := next.bases(old.Version)
	if !slices.Contains(bases[:min(len(bases), manifest.MaxDeltas)], old.Version) {
		report.Outcome = DeltaTooOld
		return report, nil
	}
	if err := r.ready(s, s.roleOf(name)); err != nil { // before the work, which may take minutes
		return DeltaReport{}, err
	}
	data, files, err := r.makeDelta(ctx, s, old.Artifact, next.Artifact)
	if err != nil {
		return DeltaReport{}, err
	}
	report.Delta.Length, report.Files = int64(len(data)), files
	if report.Delta.Length*100 >= report.Full*worthwhile {
		report.Outcome = DeltaTooLarge
		return report, nil
	}
	report.Outcome = DeltaMade
	report.Delta, report.Dropped, err = r.addDelta(s, c, next, bases, data)
	return report, err
}

// addDelta puts a delta from the first of bases that has none into the
// repository, and drops those beyond the newest three.
func (r *Repo) addDelta(s *state, c *manifest.Component, next edition, bases []string, data []byte) (manifest.Delta, []string, error) {
	sum := sha256.Sum256(data)
	var added manifest.Delta
	var all []manifest.Delta
	var dropped []string
	for i, base := range bases {
		d := next.from(base)
		switch {
		case i >= manifest.MaxDeltas:
			dropped = append(dropped, base)
			delete(s.roles[s.roleOf(d.Path)].Signed.Targets, d.Path)
			continue
		case d == nil:
			added = manifest.Delta{
				From: base, Path: path.Dir(next.Artifact.Path) + "/from-" + base + ".delta",
				Length: int64(len(data)), SHA256: hexOf(sum[:]),
			}
			d = &added
		}
		all = append(all, *d)
	}
	next.Deltas = all
	name := manifest.ComponentPath(c.Name)
	document, err := encodeComponent(name, c)
	if err != nil {
		return added, nil, err
	}
	if err := r.put(s, added.Path, data); err != nil {
		return added, nil, err
	}
	return added, dropped, r.putSigned(s, name, document)
}

// edition is a release in the document that is being changed.
type edition struct{ *manifest.Release }

// from returns the delta from a version, nil for none.
func (e edition) from(version string) *manifest.Delta {
	for i := range e.Deltas {
		if manifest.SameVersion(e.Deltas[i].From, version) {
			return &e.Deltas[i]
		}
	}
	return nil
}

// bases lists the versions that the deltas would begin at with one more, the
// newest first.
func (e edition) bases(more string) []string {
	all := []string{more}
	for _, d := range e.Deltas {
		all = append(all, d.From)
	}
	slices.SortStableFunc(all, func(a, b string) int {
		v, errV := manifest.ParseVersion(a)
		w, errW := manifest.ParseVersion(b)
		if errV != nil || errW != nil {
			return 0
		}
		return w.Compare(v)
	})
	return all
}

// pair finds the two releases of a delta and makes sure that there can be one.
func pair(c *manifest.Component, from, to string, platform manifest.Platform) (next, old edition, err error) {
	var candidates []edition
	var platforms []string
	for i := range c.Releases {
		rel := &c.Releases[i]
		if manifest.SameVersion(rel.Version, to) && (platform == "" || rel.Platform == platform) {
			candidates = append(candidates, edition{rel})
			platforms = append(platforms, string(rel.Platform))
		}
	}
	switch {
	case len(candidates) == 0:
		return next, old, noRelease(c, to)
	case len(candidates) > 1:
		return next, old, &Error{Reason: CodeSeveral, Name: c.Name + " " + to, Expected: strings.Join(platforms, ", ")}
	}
	next = candidates[0]
	for i := range c.Releases {
		rel := &c.Releases[i]
		// A machine that may take next can have rel for any platform too, but
		// not the other way round.
		if manifest.SameVersion(rel.Version, from) && (rel.Platform == next.Platform || rel.Platform == manifest.Any) {
			old = edition{rel}
		}
	}
	switch {
	case old.Release == nil:
		return next, old, noRelease(c, from)
	case manifest.SameVersion(from, to):
		return next, old, &Error{Reason: CodeNoDelta, Name: c.Name + " " + to, Expected: "another version", Found: from}
	}
	for _, e := range []edition{next, old} {
		if e.Artifact == nil {
			return next, old, &Error{Reason: CodeNoDelta, Name: c.Name + " " + e.Version, Expected: "a package"}
		}
		if !isTar(e.Artifact.Path) {
			return next, old, &Error{
				Reason: CodeNoDelta, Name: c.Name + " " + e.Version, Expected: ".tar.gz, .tar.zst", Found: path.Base(e.Artifact.Path),
			}
		}
	}
	return next, old, nil
}

// noRelease says which versions there are.
func noRelease(c *manifest.Component, version string) error {
	var known []string
	for _, rel := range c.Releases {
		if !slices.Contains(known, rel.Version) {
			known = append(known, rel.Version)
		}
	}
	return &Error{Reason: CodeNoVersion, Name: c.Name, Expected: strings.Join(known, ", "), Found: version}
}

// makeDelta makes a delta between two packages and tries it. Where next does
// not name the tar inside yet, it does so afterwards.
func (r *Repo) makeDelta(ctx context.Context, s *state, old, next *manifest.Artifact) ([]byte, archive.Stats, error) {
	tree, err := r.tree(ctx, old)
	if err != nil {
		return nil, archive.Stats{}, err
	}
	var out bytes.Buffer
	var stats archive.Stats
	if next.Plain == nil {
		err := r.readPackage(ctx, next, func(f io.ReaderAt) error {
			found, err := measure(ctx, path.Base(next.Path), f, next.Length)
			next.Plain = found.plain
			return err
		})
		if err != nil {
			return nil, stats, err
		}
	}
	err = r.readTar(ctx, next, func(tar io.Reader) (err error) {
		stats, err = archive.Make(ctx, &out, tree, tar)
		return err
	})
	if err != nil {
		return nil, stats, err
	}
	return out.Bytes(), stats, try(ctx, tree, next, bytes.NewReader(out.Bytes()), int64(out.Len()))
}

// try applies a delta and compares what it makes with what was signed.
func try(ctx context.Context, base *archive.Tree, next *manifest.Artifact, delta io.ReaderAt, size int64) error {
	sum := sha256.New()
	if err := archive.Apply(ctx, sum, base, delta, size, next.Plain.Length); err != nil {
		return fmt.Errorf("trying the delta: %w", err)
	}
	if found := hexOf(sum.Sum(nil)); found != next.Plain.SHA256 {
		return fmt.Errorf("trying the delta: it makes a tar with sha256 %s, want %s", found, next.Plain.SHA256)
	}
	return nil
}

// tree reads what a package installs.
func (r *Repo) tree(ctx context.Context, a *manifest.Artifact) (tree *archive.Tree, err error) {
	err = r.readTar(ctx, a, func(tar io.Reader) error {
		tree, err = archive.ReadTree(ctx, tar, maxTree)
		return err
	})
	return tree, err
}

// readTar hands read the tar inside a package.
func (r *Repo) readTar(ctx context.Context, a *manifest.Artifact, read func(io.Reader) error) error {
	return r.readPackage(ctx, a, func(f io.ReaderAt) error {
		return decompress(path.Base(a.Path), bounded{ctx.Err, io.NewSectionReader(f, 0, a.Length)}, read)
	})
}

// readPackage opens a package of the repository.
func (r *Repo) readPackage(ctx context.Context, a *manifest.Artifact, read func(io.ReaderAt) error) error {
	name := targetName(a.Path, a.SHA256)
	f, err := r.files.root.Open(name)
	if err != nil {
		return &Error{Reason: CodeDamaged, Name: name, Cause: err}
	}
	err = errors.Join(read(f), f.Close())
	switch {
	case err == nil, ctx.Err() != nil:
		return err
	case errors.As(err, new(*archive.TooLargeError)):
		return &Error{Reason: CodeNoDelta, Name: a.Path, Expected: fmt.Sprintf("at most %d bytes", int64(maxTree)), Cause: err}
	}
	return &Error{Reason: CodeBadArchive, Name: name, Cause: err}
}

// verifyDeltas applies every delta of a release.
func (r *Repo) verifyDeltas(ctx context.Context, c *manifest.Component, next *manifest.Release, report *Report) error {
	for _, d := range next.Deltas {
		name := targetName(d.Path, d.SHA256)
		bad := func(cause error) error { return &Error{Reason: CodeBadDelta, Name: name, Cause: cause} }
		_, old, err := pair(c, d.From, next.Version, next.Platform)
		if err != nil {
			return bad(err)
		}
		data, err := r.files.readUpTo(name, d.Length)
		if err != nil {
			return &Error{Reason: CodeDamaged, Name: name, Cause: err}
		}
		if sum := sha256.Sum256(data); hexOf(sum[:]) != d.SHA256 {
			return &Error{Reason: CodeDamaged, Name: name, Expected: d.SHA256, Found: hexOf(sum[:])}
		}
		tree, err := r.tree(ctx, old.Artifact)
		if err != nil {
			return err
		}
		if err := try(ctx, tree, next.Artifact, bytes.NewReader(data), d.Length); err != nil {
			return errors.Join(ctx.Err(), bad(err))
		}
		report.Deltas++
	}
	return nil
}
