package plan

import (
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
)

// Schema is the version of the plan document.
const Schema = 1

// Request is what somebody asked for.
type Request struct {
	Action       Verb              `json:"action"`
	Components   []Target          `json:"components,omitempty"` // none: all that the channel offers
	Pins         map[string]string `json:"pins,omitempty"`       // component to the only version allowed
	AllowUnknown bool              `json:"allow_unknown,omitempty"`
	GoBack       bool              `json:"go_back,omitempty"` // update leaves a release that was taken back, even for an older one
}

// Verb is what a request wants done.
type Verb string

// The verbs, as the commands are called. Install brings what is absent and
// updates what is there; Update leaves absent components absent.
const (
	Install   Verb = "install"
	Update    Verb = "update"
	Uninstall Verb = "uninstall"
	Rollback  Verb = "rollback"
	Repair    Verb = "repair"
)

// Target is a component, perhaps at one exact version.
type Target struct {
	Component string `json:"component"`
	Version   string `json:"version,omitempty"`
}

// Installed is what was detected of one component, with what the receipts
// remember of it.
type Installed struct {
	Version  string            `json:"version,omitempty"`  // "" when absent
	Backend  string            `json:"backend,omitempty"`  // who can change it; "" when nobody can
	Others   []string          `json:"others,omitempty"`   // who else could, of what releve did not install
	Release  *manifest.Release `json:"release,omitempty"`  // of Version, when a receipt knows it
	Previous *manifest.Release `json:"previous,omitempty"` // what Rollback returns to; nil when nothing is known
	Absent   bool              `json:"absent,omitempty"`   // the version before was "not installed": Rollback uninstalls

	// What the receipt remembers of the component, for a manifest that no
	// longer knows it.
	Evidence []manifest.Evidence `json:"evidence,omitempty"`
	Settings []manifest.Setting  `json:"settings,omitempty"`
	Programs []manifest.Program  `json:"programs,omitempty"`
}

// IsZero reports whether nothing is known of the component.
func (i Installed) IsZero() bool {
	return i.Version == "" && i.Backend == "" && len(i.Others) == 0 && i.Release == nil && i.Previous == nil && !i.Absent &&
		len(i.Evidence) == 0 && len(i.Settings) == 0 && len(i.Programs) == 0
}

// Input is everything a plan may depend on. There is no clock, no file and no
// network in it, so equal inputs give equal plans.
type Input struct {
	Request   Request
	Manifest  manifest.Verified
	Platform  manifest.Platform
	Facts     func(path string) (value any, known bool) // nil: nothing is known
	Installed map[string]Installed
	Backends  []string // that exist on this machine; empty means all

	Tried      map[string][]Tried          // by component: what was begun here since its last success, and did not last
	Floors     map[string][]manifest.Floor // by component: the highest that this machine was ever told
	FloorsLost bool                        // the memory of floors is damaged: nothing goes below what is installed, and nothing absent comes back
}

// Plan is complete: applying it needs no decision that is not in it. What is
// refused is part of it.
type Plan struct {
	Schema    int               `json:"schema"`
	Channel   string            `json:"channel"`
	Manifest  string            `json:"manifest"` // digest of the signed documents, hexadecimal SHA-256
	Request   Request           `json:"request"`
	Machine   map[string]any    `json:"machine"`   // every fact a decision looked at; nil when unknown
	Installed map[string]string `json:"installed"` // component to version as detected
	Steps     []Step            `json:"steps"`
	Reverse   []Step            `json:"reverse"` // what would bring the machine back, in order
	Refusals  []Refusal         `json:"refusals,omitempty"`
	Warnings  []Warning         `json:"warnings,omitempty"`
	Download  int64             `json:"download"` // bytes
	Disk      int64             `json:"disk"`     // bytes needed at the same time, downloads included
}

// Step is one change to one component.
type Step struct {
	Action    backend.Action      `json:"action"`
	Component string              `json:"component"`
	From      string              `json:"from,omitempty"`
	To        string              `json:"to,omitempty"`
	Backend   string              `json:"backend"`
	Release   *manifest.Release   `json:"release,omitempty"`  // of To
	Delta     *manifest.Delta     `json:"delta,omitempty"`    // of Release, that begins at From: what is downloaded in the place of the package
	Old       *manifest.Release   `json:"old,omitempty"`      // of From, when known
	Evidence  []manifest.Evidence `json:"evidence,omitempty"` // how the component is recognised
	Settings  []manifest.Setting  `json:"settings,omitempty"`
	Programs  []manifest.Program  `json:"programs,omitempty"`  // stopped around the change
	Params    map[string]string   `json:"params,omitempty"`    // decisions that go with the step
	Why       string              `json:"why"`                 // code: requested, newer, needed-by, repair …
	For       string              `json:"for,omitempty"`       // with needed-by: the component
	Questions []Reason            `json:"questions,omitempty"` // unknown conditions that somebody has to accept
}

// Refusal says what is not done, and why.
type Refusal struct {
	Component string   `json:"component"`
	Version   string   `json:"version,omitempty"`
	Code      string   `json:"code"` // of the first reason; stable
	Reasons   []Reason `json:"reasons"`
	Accepted  string   `json:"accepted,omitempty"` // newest release that would be accepted
	Chosen    bool     `json:"chosen,omitempty"`   // Accepted is what this plan takes instead
}

// Reason is one rule with what it requires and what is there. Because is
// empty for the codes of this package that no signed sentence goes with.
type Reason struct {
	Code       string              `json:"code"`
	Component  string              `json:"component,omitempty"` // whose rule it is, when not of what the reason stands with
	Version    string              `json:"version,omitempty"`   // of Component
	Other      string              `json:"other,omitempty"`     // the component that the rule is about
	Fact       string              `json:"fact,omitempty"`
	Required   string              `json:"required"`
	Actual     string              `json:"actual"` // "" when unknown
	Holds      manifest.Truth      `json:"holds"`
	Because    manifest.Text       `json:"because"`
	Remedy     *manifest.Text      `json:"remedy,omitempty"`
	Source     string              `json:"source,omitempty"`
	Confidence manifest.Confidence `json:"confidence,omitempty"`
}

// Warning is a reason that does not stop the plan.
type Warning struct {
	Component string `json:"component"`
	Version   string `json:"version,omitempty"`
	Reason    Reason `json:"reason"`
}
