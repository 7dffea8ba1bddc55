package settings

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/osdetect/galss"
)

// GalssMode is the component whose version is how GALSS reaches the readers:
// "pss" or "pcsc", as the fact galss.mode has it.
const GalssMode = "galss-mode"

// The names of what a job of GalssMode decided before: the move to PC/SC is
// made from what was seen with the plan, and from nothing else.
const (
	ParamFamily = "family" // of the system
	ParamBits   = "bits"   // of the GALSS server
	ParamCPS    = "cps"    // reader that holds the CPS card
	ParamCard   = "card"   // kind of that card: cps3 or cps4
	ParamVitale = "vitale" // reader that holds the Vitale card
)

// See lists the PC/SC readers with the cards in them. Programs were just
// started again, so it asks for some time until it sees enough.
type See func(ctx context.Context, enough func([]galss.Slot) bool) ([]galss.Slot, error)

// Galss is the setting GalssMode, in the galss.ini of that name among the
// files. After a move to PC/SC see has to find both cards where they were.
func Galss(file string, see See) Setting {
	return Setting{
		Component: GalssMode,
		File:      file,
		Version:   galssVersion,
		Make:      makeGalss,
		Probe:     func(ctx context.Context, j backend.Job) error { return probeGalss(ctx, j, see) },
	}
}

// galssVersion is the mode of a file that can be read. No file, or one that
// says nothing known, has none.
func galssVersion(data []byte) string {
	f, err := galss.Parse(data)
	if err != nil {
		return ""
	}
	if m := f.Mode(); m != galss.None {
		return string(m)
	}
	return ""
}

// Params are the decisions of a move to PC/SC for a job: the two slots that
// the file is to name are looked at again by the job itself.
func Params(m galss.Move) map[string]string {
	cps, vitale := m.Chosen()
	return map[string]string{
		ParamFamily: m.Family, ParamBits: strconv.Itoa(m.Bits),
		ParamCPS: cps.Reader, ParamCard: string(cps.Card), ParamVitale: vitale.Reader,
	}
}

// slots are the readers that a job was decided with.
func slots(j backend.Job) []galss.Slot {
	return []galss.Slot{
		{Reader: j.Params[ParamCPS], Card: galss.Card(j.Params[ParamCard])},
		{Reader: j.Params[ParamVitale], Card: galss.Vitale},
	}
}

// makeGalss writes the file for a move to PC/SC, the only change there is a
// file to be made for. The way back is what was kept.
func makeGalss(j backend.Job, old []byte) ([]byte, error) {
	if j.Action == backend.Uninstall {
		return nil, &Error{code: CodeNotRemoved}
	}
	if j.To != string(galss.PCSC) {
		return nil, fmt.Errorf("making %q of galss.ini: %w", j.To, backend.ErrNotKept)
	}
	bits, err := strconv.Atoi(j.Params[ParamBits])
	if err != nil {
		return nil, fmt.Errorf("bits of the GALSS server: %w", err)
	}
	data, reasons := galss.Migrate(galss.Move{Old: old, Family: j.Params[ParamFamily], Bits: bits, Slots: slots(j)})
	if data == nil {
		return nil, &Error{code: CodeNotMoved, cause: stops(reasons)}
	}
	return data, nil
}

// stops are the codes of what stops a move, each with its place in the file, as
// views look them up.
func stops(reasons []galss.Reason) error {
	var codes []string
	for _, r := range reasons {
		if !r.Stops {
			continue
		}
		code := r.Code
		if place := r.Args["Place"]; place != "" {
			code += " " + place
		}
		codes = append(codes, code)
	}
	return errors.New(strings.Join(codes, "; "))
}

// probeGalss looks for the two cards of a move to PC/SC.
func probeGalss(ctx context.Context, j backend.Job, see See) error {
	if j.To != string(galss.PCSC) || j.Action == backend.Rollback {
		return nil
	}
	seen, err := see(ctx, func(seen []galss.Slot) bool { return lost(j, seen) == galss.Slot{} })
	if err != nil {
		return &Error{code: CodeNoReaders, cause: err}
	}
	if card := lost(j, seen); card.Reader != "" {
		return &Error{code: CodeCardLost, Card: string(card.Card), Reader: card.Reader}
	}
	return nil
}

// lost returns the first card of a job that is not seen where it was.
func lost(j backend.Job, seen []galss.Slot) galss.Slot {
	for _, want := range slots(j) {
		if !slices.ContainsFunc(seen, func(s galss.Slot) bool { return s.Reader == want.Reader && s.Card == want.Card }) {
			return want
		}
	}
	return galss.Slot{}
}
