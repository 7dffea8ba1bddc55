package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
)

// most bounds the entries of each list in a plan document.
const most = 50_000

// Encode writes the plan as canonical JSON: equal plans give equal bytes.
func Encode(p Plan) ([]byte, error) {
	b, err := manifest.Encode(p)
	if err != nil {
		return nil, fmt.Errorf("encoding a plan: %w", err)
	}
	return b, nil
}

// Digest is the SHA-256 of the canonical document, 64 lower-case hexadecimal
// digits.
func Digest(p Plan) (string, error) {
	b, err := Encode(p)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// Decode reads a plan document, strictly and within limits. What it returns
// is well formed, not trustworthy: a document can ask for anything, so
// whoever applies one makes the plan again and asks Moved. The error is a
// *manifest.SyntaxError or a *DocumentError.
func Decode(data []byte) (Plan, error) {
	var p Plan
	if err := manifest.DecodeStrict(data, &p); err != nil {
		return Plan{}, fmt.Errorf("reading a plan: %w", err)
	}
	if err := check(&p); err != nil {
		return Plan{}, err
	}
	return p, nil
}

// check refuses what no plan holds.
func check(p *Plan) error {
	switch {
	case p.Schema != Schema:
		return &DocumentError{Path: "schema", Expected: strconv.Itoa(Schema), Found: strconv.Itoa(p.Schema)}
	case !isVerb(p.Request.Action):
		return &DocumentError{Path: "request.action", Expected: "install | update | uninstall | rollback | repair",
			Found: string(p.Request.Action)}
	case p.Download < 0:
		return &DocumentError{Path: "download", Expected: ">= 0", Found: strconv.FormatInt(p.Download, 10)}
	case p.Disk < 0:
		return &DocumentError{Path: "disk", Expected: ">= 0", Found: strconv.FormatInt(p.Disk, 10)}
	}
	lists := []struct {
		path string
		n    int
	}{
		{"request.components", len(p.Request.Components)}, {"request.pins", len(p.Request.Pins)},
		{"machine", len(p.Machine)}, {"installed", len(p.Installed)}, {"steps", len(p.Steps)},
		{"reverse", len(p.Reverse)}, {"refusals", len(p.Refusals)}, {"warnings", len(p.Warnings)},
	}
	for _, l := range lists {
		if l.n > most {
			return &DocumentError{Path: l.path, Expected: "<= " + strconv.Itoa(most), Found: strconv.Itoa(l.n)}
		}
	}
	for name, value := range p.Machine {
		switch value.(type) {
		case nil, string, bool, int64:
		default:
			return &DocumentError{Path: "machine." + name, Expected: "string | bool | integer | null",
				Found: fmt.Sprintf("%T", value)}
		}
	}
	if err := checkSteps("steps", p.Steps); err != nil {
		return err
	}
	return checkSteps("reverse", p.Reverse)
}

func checkSteps(path string, steps []Step) error {
	seen := make(map[string]bool, len(steps))
	for i, s := range steps {
		at := path + "[" + strconv.Itoa(i) + "]"
		switch {
		case !isAction(s.Action):
			return &DocumentError{Path: at + ".action",
				Expected: "install | update | downgrade | repair | uninstall | rollback", Found: string(s.Action)}
		case s.Component == "":
			return &DocumentError{Path: at + ".component", Expected: "name"}
		case seen[s.Component]:
			return &DocumentError{Path: at + ".component", Expected: "one step for each component", Found: s.Component}
		}
		seen[s.Component] = true
	}
	return nil
}

func isVerb(v Verb) bool {
	switch v {
	case Install, Update, Uninstall, Rollback, Repair:
		return true
	}
	return false
}

func isAction(a backend.Action) bool {
	switch a {
	case backend.Install, backend.Update, backend.Downgrade, backend.Repair, backend.Uninstall, backend.Rollback:
		return true
	}
	return false
}
