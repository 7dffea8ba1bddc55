package manifest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// A Blob is a document that was authenticated, with the name it was asked for.
type Blob struct {
	Name string
	Data []byte
}

// An Authenticator returns only bytes that were checked against trusted
// metadata. For a name that this metadata does not list, the error wraps
// ErrNoDocument, and no other error does.
type Authenticator interface {
	Authenticated(ctx context.Context, name string) (Blob, error)
}

// ErrNoDocument says that signed metadata knows no document of that name. It
// is not a failure of the network or of a signature.
const ErrNoDocument = sentinel("signed metadata knows no such document")

// sentinel is an error that nobody can reassign.
type sentinel string

func (s sentinel) Error() string { return string(s) }

// CodeNoDocument is the code of a DocumentError.
const CodeNoDocument = "manifest-no-document"

// A DocumentError says that a document that must be there is not. It wraps
// ErrNoDocument.
type DocumentError struct {
	Document string // name in the repository
	Err      error  // the Authenticator's
}

// Code implements the coded errors of the product.
func (e *DocumentError) Code() string { return CodeNoDocument }

// Args returns what the sentence of the code may name: Document.
func (e *DocumentError) Args() map[string]string {
	return map[string]string{"Document": visible(e.Document)}
}

// Error is the English text for the log.
func (e *DocumentError) Error() string { return fmt.Sprintf("document %q: %v", e.Document, e.Err) }

// Unwrap returns the Authenticator's error.
func (e *DocumentError) Unwrap() error { return e.Err }

// ChannelPath returns the name of the document of a channel.
func ChannelPath(channel string) string { return "channels/" + channel + ".json" }

// ComponentPath returns the name of the document of a component.
func ComponentPath(component string) string { return "components/" + component + "/component.json" }

// AdvisoriesPath is the name of the document that holds the advisories.
const AdvisoriesPath = "advisories.json"

// Open authenticates, parses and compares the documents of a channel: the
// channel itself, the component of each of its offers, and the advisories
// where there are any. The error names the document: a *DocumentError when it
// is missing, a *SyntaxError when it is wrong or contradicts another one, the
// Authenticator's otherwise.
func Open(ctx context.Context, a Authenticator, channel string) (Verified, error) {
	if !isName(channel) {
		return Verified{}, &SyntaxError{Reason: CodeValue, Path: "channel", Expected: nameNotation, Found: visible(channel)}
	}
	o := opening{a: a, digests: map[string][sha256.Size]byte{}, shapes: shapes{}}
	ch, err := read(ctx, &o, ChannelPath(channel), (*Channel).check)
	if err != nil {
		return Verified{}, err
	}
	if ch.Name != channel {
		return Verified{}, misnamed(ChannelPath(channel), channel, ch.Name)
	}
	c := contents{channel: *ch, components: map[string]*Component{}, offered: map[string][]int{}, rollouts: map[string][]Rollout{}}
	for i, offer := range ch.Offers {
		name := ComponentPath(offer.Component)
		comp, err := read(ctx, &o, name, (*Component).check)
		if err != nil {
			return Verified{}, err
		}
		if comp.Name != offer.Component {
			return Verified{}, misnamed(name, offer.Component, comp.Name)
		}
		offered, fault := offeredReleases(comp, offer)
		if fault != nil {
			fault = fault.entry("offers", i)
			fault.Document = ChannelPath(channel)
			return Verified{}, fault
		}
		c.components[comp.Name], c.offered[comp.Name] = comp, offered
		if len(offer.Rollouts) > 0 {
			c.rollouts[comp.Name] = offer.Rollouts
		}
	}
	advisories, err := read(ctx, &o, AdvisoriesPath, (*Advisories).check)
	switch {
	case err == nil:
		c.advisories = advisories.Advisories
	case !errors.Is(err, ErrNoDocument):
		return Verified{}, err
	}
	c.digest = o.digest()
	return Verified{c: &c}, nil
}

// opening remembers what was read.
type opening struct {
	a       Authenticator
	digests map[string][sha256.Size]byte
	shapes  shapes // of the documents read so far
}

// read authenticates and parses one document.
func read[T any](ctx context.Context, o *opening, name string, check func(*T) *SyntaxError) (*T, error) {
	blob, err := o.a.Authenticated(ctx, name)
	if errors.Is(err, ErrNoDocument) {
		return nil, &DocumentError{Document: name, Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("document %q: %w", name, err)
	}
	o.digests[name] = sha256.Sum256(blob.Data)
	out, err := parse(blob.Data, check, o.shapes)
	if fault := (*SyntaxError)(nil); errors.As(err, &fault) {
		fault.Document = name
	}
	return out, err
}

// digest names everything that was read: the SHA-256 over the lines
// "<SHA-256 of the document>  <its name>" in the order of the names.
func (o *opening) digest() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(o.digests)) {
		fmt.Fprintf(h, "%x  %s\n", o.digests[name], name)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// misnamed is the error of a document whose name is not that of its path.
func misnamed(document, want, got string) error {
	return &SyntaxError{Document: document, Path: "name", Reason: CodeMismatch, Expected: want, Found: visible(got)}
}

// offeredReleases returns the indexes of the releases of comp that offer
// names, newest first.
func offeredReleases(comp *Component, offer Offer) ([]int, *SyntaxError) {
	versions := make([]Version, len(comp.Releases))
	order := make([]int, len(comp.Releases))
	for i := range comp.Releases {
		v, err := ParseVersion(comp.Releases[i].Version)
		if err != nil {
			return nil, badVersion(comp.Releases[i].Version)
		}
		versions[i], order[i] = v, i
	}
	slices.SortStableFunc(order, func(a, b int) int { return versions[b].Compare(versions[a]) })
	wanted := make([]bool, len(order))
	for n, text := range offer.Versions {
		v, err := ParseVersion(text)
		if err != nil {
			return nil, badVersion(text).entry("versions", n)
		}
		at, found := slices.BinarySearchFunc(order, v, func(i int, v Version) int { return v.Compare(versions[i]) })
		if !found {
			missing := &SyntaxError{Reason: CodeMismatch,
				Expected: "releases: " + ComponentPath(comp.Name), Found: visible(text)}
			return nil, missing.entry("versions", n)
		}
		for ; at < len(order) && versions[order[at]].Compare(v) == 0; at++ {
			wanted[order[at]] = true
		}
	}
	return slices.DeleteFunc(order, func(i int) bool { return !wanted[i] }), nil
}
