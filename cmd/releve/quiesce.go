package main

import (
	"context"
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
// does not say, as macOS does not, nothing is waited for; neither is it for a
// card in the machine from which somebody reaches this one.
func (a *app) cardInUse(ctx context.Context) (bool, error) {
	if a.readers == nil {
		return false, nil
	}
	used, known := a.cardReaders(ctx).InUse()
	return used && known, ctx.Err()
}
