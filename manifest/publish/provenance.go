package publish

import (
	"context"
	"crypto/sha256"
	"strings"

	"github.com/releve-sante/releve/manifest"
)

// SigstoreRootPath is the document that says whom to believe about who built
// an artifact: a trusted_root.json of sigstore. It is signed like any other
// document, so that it can change without a new program.
const SigstoreRootPath = "sigstore/trusted_root.json"

// provenanceEnding is what the file beside an artifact is called.
const provenanceEnding = ".sigstore.json"

// Attestation is a sigstore bundle about the artifact of a release.
type Attestation struct {
	Component string
	Version   string
	Platform  manifest.Platform
	SHA256    string // of the artifact
	Identity  string // that the certificate has to name
	Issuer    string // that has to vouch for the identity
	Data      []byte // the bundle
}

// Attest puts a sigstore bundle beside the artifact of a release, in place of
// an earlier one, and returns the release as written. The role that covers the
// component signs. Whether the bundle is good is not looked at; a.SHA256 is not
// read.
func (r *Repo) Attest(a Attestation) (manifest.Release, error) {
	s, err := r.load()
	if err != nil {
		return manifest.Release{}, err
	}
	c, release, err := r.release(s, a.Component, a.Version, a.Platform)
	if err != nil {
		return manifest.Release{}, err
	}
	sum := sha256.Sum256(a.Data)
	release.Provenance = &manifest.Provenance{
		Path: release.Artifact.Path + provenanceEnding, Length: int64(len(a.Data)), SHA256: hexOf(sum[:]),
		Identity: a.Identity, Issuer: a.Issuer,
	}
	path := manifest.ComponentPath(a.Component)
	data, err := encodeComponent(path, c)
	if err != nil {
		return manifest.Release{}, err
	}
	role := s.roleOf(path)
	if covers := s.roleOf(release.Provenance.Path); covers != role {
		return manifest.Release{}, &Error{Reason: CodeOutside, Role: role, Name: release.Provenance.Path, Expected: covers}
	}
	if err := r.ready(s, role); err != nil {
		return manifest.Release{}, err
	}
	if err := r.put(s, release.Provenance.Path, a.Data); err != nil {
		return manifest.Release{}, err
	}
	if err := r.put(s, path, data); err != nil {
		return manifest.Release{}, err
	}
	return *release, r.sign(s, role)
}

// release finds a release with an artifact in the document of its component.
func (r *Repo) release(s *state, component, version string, platform manifest.Platform) (*manifest.Component, *manifest.Release, error) {
	c, err := r.component(s, component)
	if err != nil {
		return nil, nil, err
	}
	if len(c.Releases) == 0 {
		return nil, nil, &Error{Reason: CodeNoComponent, Name: component, Expected: strings.Join(s.components(), ", ")}
	}
	wanted, err := manifest.ParseVersion(version)
	if err != nil {
		return nil, nil, &Error{Reason: CodeBadName, Name: version, Cause: err}
	}
	var known []string
	for i := range c.Releases {
		found := &c.Releases[i]
		if found.Artifact == nil {
			continue
		}
		if v, err := manifest.ParseVersion(found.Version); err == nil && v.Compare(wanted) == 0 && found.Platform == platform {
			return c, found, nil
		}
		known = append(known, found.Version+" "+string(found.Platform))
	}
	return nil, nil, &Error{
		Reason: CodeNoVersion, Name: component, Expected: strings.Join(known, ", "), Found: version + " " + string(platform),
	}
}

// SetSigstoreRoot replaces the document SigstoreRootPath.
func (r *Repo) SetSigstoreRoot(data []byte) error {
	s, err := r.load()
	if err != nil {
		return err
	}
	return r.putSigned(s, SigstoreRootPath, data)
}

// SigstoreRoot gives that document as it would be published, fs.ErrNotExist
// when there is none.
func (r *Repo) SigstoreRoot() ([]byte, error) {
	s, err := r.load()
	if err != nil {
		return nil, err
	}
	return r.document(s, SigstoreRootPath)
}

// Artifact gives what is said about the artifact of a release.
func (r *Repo) Artifact(component, version string, platform manifest.Platform) (manifest.Artifact, error) {
	s, err := r.load()
	if err != nil {
		return manifest.Artifact{}, err
	}
	_, release, err := r.release(s, component, version, platform)
	if err != nil {
		return manifest.Artifact{}, err
	}
	return *release.Artifact, nil
}

// attested reads the sigstore bundle of a release, if it has one.
func (r *Repo) attested(ctx context.Context, s *state, component string, release manifest.Release, report *Report) error {
	p := release.Provenance
	if p == nil {
		return nil
	}
	name := targetName(p.Path, p.SHA256)
	if err := r.checkContent(ctx, name, s.target(p.Path)); err != nil {
		return err
	}
	data, err := r.files.read(name)
	if err != nil {
		return &Error{Reason: CodeDamaged, Name: name, Cause: err}
	}
	report.Attestations = append(report.Attestations, Attestation{
		Component: component, Version: release.Version, Platform: release.Platform,
		SHA256: release.Artifact.SHA256, Identity: p.Identity, Issuer: p.Issuer, Data: data,
	})
	return nil
}
