package main

import (
	"context"
	"errors"
	"time"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/quiesce"
)

// quiesce is what stops programs around a change, nil for a machine that is
// not this one: its facts were given, and what runs here is somebody else's.
func (s *session) quiesce() installer.Quiescer {
	if s.a.flags.facts != "" {
		return nil
	}
	return quiesce.New(quiesce.Options{
		System: quiesce.Machine{},
		Wait:   time.Duration(s.a.policy.QuiesceMinutes) * time.Minute,
		InUse:  s.a.cardInUse,
	})
}

// cardInUse reports whether a program works with a card. Where the system
// cannot say, as macOS cannot, nothing is waited for; neither is it for a
// card in the machine from which somebody reaches this one. A service that
// could say and gives no answer is an error, which counts as in use.
func (a *app) cardInUse(ctx context.Context) (bool, error) {
	if a.readers == nil {
		return false, nil
	}
	r := a.cardReaders(ctx)
	used, known := r.InUse()
	if !known && r.Silent() {
		silence := errNoAnswer
		for _, p := range r.Problems {
			silence = errors.Join(silence, p)
		}
		return false, silence
	}
	return used && known, ctx.Err()
}

var errNoAnswer = errors.New("the system does not tell whether a card is in use")
