package publish

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/releve-sante/releve/manifest"
)

// Addition is a release to be added, with its artifact.
type Addition struct {
	Component string
	Title     manifest.Text    // of the component; kept as it is when empty
	Release   manifest.Release // Artifact is filled in by Add
	// File is the name of the artifact, Payload its Size bytes. Without
	// Payload the release is known, but cannot be fetched.
	File    string
	Payload io.ReaderAt
	Size    int64
	// Role, if not empty, must be the role that signs for the component: the
	// addition is refused where somebody else, or nobody in particular, does.
	Role string
}

// Description is what is said about a component as a whole.
type Description struct {
	Title     manifest.Text       `json:"title"`
	Publisher string              `json:"publisher,omitempty"`
	Evidence  []manifest.Evidence `json:"evidence,omitempty"`
	Settings  []manifest.Setting  `json:"settings,omitempty"`
	Programs  []manifest.Program  `json:"programs,omitempty"`
	Users     []string            `json:"users,omitempty"`
}

// Add adds a release to the document of its component, made if need be with
// the component's name for a title, and returns it as written. The role that
// covers the component signs. Size and number of entries of an archive are
// counted here, so that a client can refuse one that unpacks to more.
func (r *Repo) Add(ctx context.Context, a Addition) (manifest.Release, error) {
	s, err := r.load()
	if err != nil {
		return manifest.Release{}, err
	}
	c, err := r.component(s, a.Component)
	if err != nil {
		return manifest.Release{}, err
	}
	path := manifest.ComponentPath(a.Component)
	role := s.roleOf(path)
	if a.Role != "" && a.Role != role {
		return manifest.Release{}, &Error{Reason: CodeOutside, Role: a.Role, Name: path, Expected: role, Found: a.Role}
	}
	if err := unheard(c, a.Release); err != nil {
		return manifest.Release{}, err
	}
	if err := s.needed(a.Component, a.Release); err != nil {
		return manifest.Release{}, err
	}
	if a.Title != (manifest.Text{}) {
		c.Title = a.Title
	}
	release := a.Release
	if a.Payload != nil {
		if release.Artifact, err = r.artifact(ctx, s, a); err != nil {
			return manifest.Release{}, err
		}
	}
	c.Releases = append(c.Releases, release)
	data, err := encodeComponent(path, c)
	if err != nil {
		return manifest.Release{}, err
	}
	if err := r.ready(s, role); err != nil {
		return manifest.Release{}, err
	}
	if err := r.storePayload(s, a, release.Artifact); err != nil {
		return manifest.Release{}, err
	}
	if err := r.put(s, path, data); err != nil {
		return manifest.Release{}, err
	}
	return release, r.sign(s, role)
}

// SetComponent replaces what is said about a component, which is made if need
// be, and leaves its releases alone.
func (r *Repo) SetComponent(name string, d Description) error {
	s, err := r.load()
	if err != nil {
		return err
	}
	c, err := r.component(s, name)
	if err != nil {
		return err
	}
	c.Title, c.Publisher, c.Evidence = d.Title, d.Publisher, d.Evidence
	c.Settings, c.Programs, c.Users = d.Settings, d.Programs, d.Users
	path := manifest.ComponentPath(name)
	data, err := encodeComponent(path, c)
	if err != nil {
		return err
	}
	return r.putSigned(s, path, data)
}

// component reads the document of a component, or begins one.
func (r *Repo) component(s *state, name string) (*manifest.Component, error) {
	if !isName(name) {
		return nil, &Error{Reason: CodeBadName, Name: name, Expected: "[a-z0-9-]{1,32}"}
	}
	path := manifest.ComponentPath(name)
	data, err := r.document(s, path)
	if errors.Is(err, fs.ErrNotExist) {
		return &manifest.Component{
			Schema: manifest.Schema, Name: name,
			Title: manifest.Text{FR: name, EN: name}, Releases: []manifest.Release{},
		}, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := manifest.ParseComponent(data)
	if err != nil {
		return nil, &Error{Reason: CodeBadDocument, Name: path, Cause: err}
	}
	return c, nil
}

// encodeComponent gives the document as a client will accept it.
func encodeComponent(path string, c *manifest.Component) ([]byte, error) {
	data, err := manifest.Encode(c)
	if err != nil {
		return nil, &Error{Reason: CodeBadDocument, Name: path, Cause: err}
	}
	if _, err := manifest.ParseComponent(data); err != nil {
		return nil, &Error{Reason: CodeBadDocument, Name: path, Cause: err}
	}
	return data, nil
}

// unheard refuses a version the component already has on that platform,
// however it is written: 3.42.03 is 3.42.3.
func unheard(c *manifest.Component, next manifest.Release) error {
	v, err := manifest.ParseVersion(next.Version)
	if err != nil {
		return &Error{Reason: CodeBadName, Name: next.Version, Cause: err}
	}
	for _, r := range c.Releases {
		old, err := manifest.ParseVersion(r.Version)
		if err == nil && r.Platform == next.Platform && old.Compare(v) == 0 {
			return &Error{
				Reason: CodeDuplicate, Name: c.Name,
				Expected: "a version not yet published", Found: r.Version + " " + string(r.Platform),
			}
		}
	}
	return nil
}

// needed refuses a release that needs a component nobody can look up: no
// workstation could ever have both.
func (s *state) needed(component string, r manifest.Release) error {
	for _, n := range r.Needs {
		if n.Component != component && s.target(manifest.ComponentPath(n.Component)) == nil {
			return &Error{Reason: CodeNoComponent, Name: n.Component, Expected: strings.Join(s.components(), ", ")}
		}
	}
	return nil
}

// artifact measures the payload and names it.
func (r *Repo) artifact(ctx context.Context, s *state, a Addition) (*manifest.Artifact, error) {
	if !isPlain(a.File) {
		return nil, &Error{Reason: CodeBadName, Name: a.File, Expected: "letters, digits and ._+~-"}
	}
	sum, err := digest(ctx, io.NewSectionReader(a.Payload, 0, a.Size))
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", a.File, err)
	}
	path := fmt.Sprintf("components/%s/%s/%s/%s", a.Component, a.Release.Version, a.Release.Platform, a.File)
	if old := s.target(path); old != nil && hexOf(old.Hashes["sha256"]) != hexOf(sum) {
		return nil, &Error{
			Reason: CodeDigestChanged, Name: path, Expected: hexOf(old.Hashes["sha256"]), Found: hexOf(sum),
		}
	}
	out := &manifest.Artifact{Path: path, Length: a.Size, SHA256: hexOf(sum)}
	if isArchive(a.File) || a.Release.Backend == "" || a.Release.Backend == "bundle" {
		found, err := measure(ctx, a.File, a.Payload, a.Size)
		if err != nil {
			return nil, &Error{Reason: CodeBadArchive, Name: a.File, Cause: err}
		}
		out.Unpacked, out.Entries, out.Plain = found.bytes, found.entries, found.plain
	}
	return out, nil
}

// storePayload writes the artifact under its digest, unless it is there.
func (r *Repo) storePayload(s *state, a Addition, artifact *manifest.Artifact) error {
	if artifact == nil {
		return nil
	}
	name := targetName(artifact.Path, artifact.SHA256)
	sum := sha256.New()
	source := io.TeeReader(io.NewSectionReader(a.Payload, 0, a.Size), sum)
	if err := r.files.copy(name, source, 0o644); err != nil {
		return err
	}
	if found := hexOf(sum.Sum(nil)); found != artifact.SHA256 {
		return &Error{Reason: CodeDigestChanged, Name: a.File, Expected: artifact.SHA256, Found: found}
	}
	s.note(artifact.Path, artifact.Length, sum.Sum(nil))
	return nil
}

// digest hashes r, which it gives up when ctx is done.
func digest(ctx context.Context, r io.Reader) ([]byte, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, bounded{ctx.Err, r}); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}

// bounded ends a long read once done gives an error.
type bounded struct {
	done func() error
	r    io.Reader
}

func (b bounded) Read(p []byte) (int, error) {
	if err := b.done(); err != nil {
		return 0, err
	}
	return b.r.Read(p)
}
