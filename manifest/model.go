package manifest

// Schema is the version of the documents this package reads and writes.
const Schema = 1

// Platform is the family of systems a release is made for. Version lines
// differ per system (Cryptolib CPS 5.1.8 is of 2019 on macOS and of 2022 on
// Windows), so a release is identified by component, platform and version.
type Platform string

// The platforms a release can name.
const (
	Windows Platform = "windows"
	MacOS   Platform = "macos"
	Linux   Platform = "linux"
	Any     Platform = "any"
)

// Text is one sentence for a person, in both languages of the product.
type Text struct {
	FR string `json:"fr"`
	EN string `json:"en"`
}

// Component is the document components/<name>/component.json: everything a
// publisher says about one component. Its publisher alone signs it.
type Component struct {
	Schema    int        `json:"schema"`
	Name      string     `json:"name"` // [a-z0-9-]{1,32}
	Title     Text       `json:"title"`
	Publisher string     `json:"publisher,omitempty"`
	Evidence  []Evidence `json:"evidence,omitempty"` // most trustworthy first
	Settings  []Setting  `json:"settings,omitempty"`
	Programs  []Program  `json:"programs,omitempty"` // what uses its files, and is stopped around a change
	Users     []string   `json:"users,omitempty"`    // other components that use it, and may not work without it
	Floors    []Floor    `json:"floors,omitempty"`   // at most one for each platform
	Releases  []Release  `json:"releases"`
}

// Release is one version of a component for one platform.
type Release struct {
	Version  string    `json:"version"`
	Platform Platform  `json:"platform"`
	Date     string    `json:"date,omitempty"` // YYYY-MM-DD, as the publisher printed it
	Backend  string    `json:"backend,omitempty"`
	Artifact *Artifact `json:"artifact,omitempty"` // nil: known, but nobody may redistribute it
	Deltas   []Delta   `json:"deltas,omitempty"`   // smaller downloads for machines that have one of the versions before

	Setup      *Setup      `json:"setup,omitempty"`      // how Artifact is run, when it is an installer of its own
	Provenance *Provenance `json:"provenance,omitempty"` // who built Artifact, by somebody else's signature
	Requires   []Rule      `json:"requires,omitempty"`
	Needs      []Need      `json:"needs,omitempty"`
	Conflicts  []Need      `json:"conflicts,omitempty"`
	Probes     []Probe     `json:"probes,omitempty"`
	Withdrawn  *Withdrawal `json:"withdrawn,omitempty"`
	Source     string      `json:"source,omitempty"` // where the facts of this release come from
}

// Artifact names the bytes of a release.
type Artifact struct {
	Path     string `json:"path"`               // target path in the repository, slash-separated
	Length   int64  `json:"length"`             // bytes
	SHA256   string `json:"sha256"`             // 64 lower-case hexadecimal digits
	Unpacked int64  `json:"unpacked,omitempty"` // bytes on disk once installed
	Entries  int64  `json:"entries,omitempty"`  // files and directories once installed
	Plain    *Plain `json:"plain,omitempty"`    // of a compressed tar: the tar itself, which a delta rebuilds
}

// Plain names the bytes of a compressed tar once they are no longer
// compressed.
type Plain struct {
	Length int64  `json:"length"` // bytes
	SHA256 string `json:"sha256"` // 64 lower-case hexadecimal digits
}

// MaxDeltas is how many versions a release can be updated from by a delta.
const MaxDeltas = 3

// Delta names bytes from which, together with the installed files of version
// From, the plain tar of the release is made. Whatever comes out is held
// against Artifact.Plain; nothing else is known of it.
type Delta struct {
	From   string `json:"from"`   // version
	Path   string `json:"path"`   // target path in the repository, slash-separated
	Length int64  `json:"length"` // bytes
	SHA256 string `json:"sha256"` // 64 lower-case hexadecimal digits
}

// Provenance names a sigstore bundle in which a transparency log and an
// authority of certificates vouch for who built the artifact of a release. It
// is a second opinion: what may be installed is decided without it.
type Provenance struct {
	Path     string `json:"path"`     // target path in the repository, slash-separated
	Length   int64  `json:"length"`   // bytes
	SHA256   string `json:"sha256"`   // 64 lower-case hexadecimal digits
	Identity string `json:"identity"` // that the certificate names, for example the URL of a workflow
	Issuer   string `json:"issuer"`   // that vouched for the identity, an https URL
}

// Confidence says how well a rule is established.
type Confidence string

// A confirmed rule refuses; one that is only an inference warns.
const (
	Confirmed Confidence = "confirmed" // the default when the field is absent
	Inferred  Confidence = "inferred"
)

// Rule is a condition a release puts on the machine, with its reasons.
type Rule struct {
	Code       string     `json:"code"` // stable, for example "macos-too-old"
	Require    Condition  `json:"require"`
	Known      *Condition `json:"known,omitempty"` // where Require was verified; elsewhere true becomes unknown
	Because    Text       `json:"because"`
	Remedy     *Text      `json:"remedy,omitempty"`
	Source     string     `json:"source,omitempty"`
	Confidence Confidence `json:"confidence,omitempty"`
}

// Need is a range of versions of another component.
type Need struct {
	Component string `json:"component"`
	In        string `json:"in,omitempty"` // constraint, for example ">= 3.42"; "" is any version
}

// Withdrawal takes a release back after it was published.
type Withdrawal struct {
	Because     Text   `json:"because"`
	ReplaceWith string `json:"replace_with,omitempty"` // version
}

// Condition is a question about the machine. Exactly one of All, Any, Not and
// Fact is set; with Fact exactly one of Is and In.
type Condition struct {
	All  []Condition `json:"all,omitempty"`
	Any  []Condition `json:"any,omitempty"`
	Not  *Condition  `json:"not,omitempty"`
	Fact string      `json:"fact,omitempty"`
	Is   any         `json:"is,omitempty"` // string, bool or int64
	In   string      `json:"in,omitempty"` // version constraint over the normalised value
}

// EvidenceKind is a way to recognise an installed component.
type EvidenceKind string

// The ways of recognising a component, on any platform.
const (
	EvidenceBundle      EvidenceKind = "bundle"       // our own versioned directories
	EvidenceUpgradeCode EvidenceKind = "upgrade-code" // Windows Installer
	EvidenceProductCode EvidenceKind = "product-code" // Windows Installer
	EvidenceRegistry    EvidenceKind = "registry"     // a value under HKLM, both views
	EvidenceUninstall   EvidenceKind = "uninstall"    // the name of a program that Windows lists as installed
	EvidenceFileVersion EvidenceKind = "file-version" // version resource of a file
	EvidenceReceipt     EvidenceKind = "pkg-receipt"  // macOS package receipt
	EvidencePlist       EvidenceKind = "plist"        // version key of an Info.plist
	EvidenceProcess     EvidenceKind = "process"      // a running program
)

// Evidence is one way to find out which version of a component is installed.
type Evidence struct {
	Kind     EvidenceKind `json:"kind"`
	Platform Platform     `json:"platform"`
	ID       string       `json:"id,omitempty"`   // product code, package identifier, process name
	Path     string       `json:"path,omitempty"` // file or registry key
	Name     string       `json:"name,omitempty"` // registry value, property list key, or name of an installed program, with * for any text
	Version  string       `json:"version,omitempty"`
	Source   string       `json:"source,omitempty"`
}

// Setting is a file of the user's that no change to the component may lose.
type Setting struct {
	Platform Platform `json:"platform"`
	Path     string   `json:"path"` // absolute, or relative to the target directory
}

// Program is a process or a service that uses the files of a component. It is
// stopped around a change and started again afterwards. One of Process and
// Service is set.
type Program struct {
	Platform Platform `json:"platform"`
	Process  string   `json:"process,omitempty"` // file name of the program, compared without regard to case
	Service  string   `json:"service,omitempty"` // name of the service, not the one shown to people
	Start    string   `json:"start,omitempty"`   // process: absolute path that starts it; without it, the path it was found at
}

// Setup says how a package is run that brings an installer of its own: one of
// Windows Installer, or a setup program.
type Setup struct {
	Signer     string            `json:"signer,omitempty"`     // organisation that the Authenticode signature has to name; "" asks for none
	Properties map[string]string `json:"properties,omitempty"` // Windows Installer: public properties, by name
	Arguments  []string          `json:"arguments,omitempty"`  // setup program: what makes it silent, and SetupLog for its log; as it stands where it has quotes
	Uninstall  *SetupCommand     `json:"uninstall,omitempty"`  // setup program: what removes the component again
	Success    []int             `json:"success,omitempty"`    // exit codes that mean done, beside 0
	Reboot     []int             `json:"reboot,omitempty"`     // exit codes that mean done once the machine was restarted
	Minutes    int               `json:"minutes,omitempty"`    // time limit, 1 to 120, 30 when absent
}

// SetupCommand is a program of the installed component.
type SetupCommand struct {
	Path      string   `json:"path"`                // absolute, %NAME% for a folder of the system
	Arguments []string `json:"arguments,omitempty"` // as those of Setup
}

// ProbeKind is a way to ask an installed component whether it works.
type ProbeKind string

// The probes: a file holds a text, or a program of the component ends with status 0.
const (
	ProbeFile    ProbeKind = "file"
	ProbeCommand ProbeKind = "command"
)

// Probe is a check made after a change and before it is accepted.
type Probe struct {
	Kind     ProbeKind `json:"kind"`
	Path     string    `json:"path"`               // relative to the installed component
	Contains string    `json:"contains,omitempty"` // file
	Args     []string  `json:"args,omitempty"`     // command
	Seconds  int       `json:"seconds,omitempty"`  // command: time limit, 1 to 120, 10 when absent
	Because  Text      `json:"because"`            // what it means when the probe fails
}

// Channel is the document channels/<name>.json, signed by the catalogue role:
// which releases are offered.
type Channel struct {
	Schema int     `json:"schema"`
	Name   string  `json:"name"`
	Offers []Offer `json:"offers"`
}

// Offer lists the versions of one component that a channel offers, on
// whatever platform they exist.
type Offer struct {
	Component string    `json:"component"`
	Versions  []string  `json:"versions"`
	Rollouts  []Rollout `json:"rollouts,omitempty"` // of versions that are not for all yet
}

// Severity ranks a finding.
type Severity string

// From "the workstation cannot work" to "good to know".
const (
	Blocking Severity = "blocking"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

// Advisory is an alert as data: when it applies, why, and what remedies it.
type Advisory struct {
	ID         string     `json:"id"` // for example "PDT-INF-873"
	Severity   Severity   `json:"severity"`
	When       Condition  `json:"when"`
	Title      Text       `json:"title"`
	Because    Text       `json:"because"`
	Remedies   []Remedy   `json:"remedies,omitempty"` // most durable first
	Source     string     `json:"source,omitempty"`
	Date       string     `json:"date,omitempty"` // YYYY-MM-DD
	Confidence Confidence `json:"confidence,omitempty"`
}

// Remedy is one way out of an advisory.
type Remedy struct {
	Code    string `json:"code"` // stable, for example "migrate-pcsc"
	Text    Text   `json:"text"`
	Command string `json:"command,omitempty"` // releve command line that does it
}

// Advisories is the document advisories.json, signed by the catalogue role.
type Advisories struct {
	Schema     int        `json:"schema"`
	Advisories []Advisory `json:"advisories"`
}
