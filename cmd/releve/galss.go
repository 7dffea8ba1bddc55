package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/settings"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/osdetect"
	"github.com/releve-sante/releve/osdetect/galss"
	"github.com/releve-sante/releve/osdetect/reader"
)

// cardWait is how long the cards are looked for after GALSS was started again:
// a reader may be listed anew.
const cardWait = 5 * time.Second

// withReaders adds the readers of this machine and the cards in them, and what
// galss.ini says. With --target that is the file in the target, which stands
// for another machine. What cannot be told stays unknown.
func (a *app) withReaders(ctx context.Context, facts osdetect.Facts) osdetect.Facts {
	var r reader.Readers // of the machine of a facts file nothing more is known
	if a.flags.facts == "" {
		r = a.readers(ctx, readerOptions(facts["session.kind"]))
		for _, p := range r.Problems {
			a.log.Info("the readers cannot all be told", "problem", p.Error())
		}
		facts = reader.Facts(facts, r)
	}
	return a.withGalss(facts, r)
}

// withGalss adds what galss.ini says, and whether the readers it names are
// among those that are known.
func (a *app) withGalss(facts osdetect.Facts, r reader.Readers) osdetect.Facts {
	family, _ := facts["os.family"].(string)
	if galss.Path(family) == "" || a.flags.facts != "" && a.flags.target == "" {
		return facts
	}
	data, err := a.readGalss(family)
	if a.flags.target != "" && errors.Is(err, fs.ErrNotExist) {
		return facts
	}
	facts = facts.With(galss.FactMode, nil) // unknown, until the file tells
	found := galss.Facts(data, err)
	if r.Known() && !r.Remote && a.flags.target == "" {
		file, _ := galss.Judge(data, err)
		maps.Copy(found, galss.ReaderFacts(file, slotsOf(r)))
	}
	for path, value := range found {
		facts = facts.With(path, value)
	}
	return facts
}

// readGalss reads the galss.ini of a system, at most one byte more than a
// galss.ini can have. The error wraps fs.ErrNotExist when there is none.
func (a *app) readGalss(family string) (data []byte, err error) {
	path := galss.Path(family)
	if a.flags.target != "" {
		path = filepath.Join(a.flags.target, filepath.FromSlash(installer.SettingName(path)))
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%q is not a regular file", path)
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, galss.Limit+1))
}

// family is the system whose files are changed: that of the facts where a
// target stands for another machine.
func (a *app) family() string {
	if a.flags.facts != "" {
		if data, err := readLimited(a.flags.facts, 1<<20); err == nil {
			if facts, err := osdetect.ParseFacts(data); err == nil {
				name, _ := facts["os.family"].(string)
				return name
			}
		}
	}
	return osdetect.Family(runtime.GOOS)
}

// settingsBackends change the contents of settings files, by the name that
// plans give. There are none where there is no such file.
func (s *session) settingsBackends() map[string]backend.Backend {
	path := galss.Path(s.a.family())
	if path == "" {
		return nil
	}
	mode := settings.Galss(installer.SettingName(path), s.a.seeCards)
	return map[string]backend.Backend{settingsBackend: settings.New(s.state, s.settings(), mode)}
}

// settingsBackend is the name of the backend in plans and receipts.
const settingsBackend = "settings"

// unreadable says why the galss.ini that a move changes cannot be read; nil
// where it can, or where there is none.
func (s *session) unreadable(ctx context.Context) error {
	mode, ok := s.backends[settingsBackend]
	if !ok {
		return nil
	}
	_, err := mode.Inspect(ctx, backend.Subject{Name: settings.GalssMode})
	return err
}

// readableFor says why a request that names how galss.ini is written cannot be
// planned.
func (s *session) readableFor(ctx context.Context, req plan.Request) error {
	if !slices.ContainsFunc(req.Components, func(t plan.Target) bool { return t.Component == settings.GalssMode }) {
		return nil
	}
	err := s.unreadable(ctx)
	if err == nil {
		return nil
	}
	return &cliError{code: CodeNotReadable, args: map[string]string{"Path": galss.Path(s.a.family()), "Why": err.Error()}, cause: err}
}

// withoutUnreadable leaves out how galss.ini is written where nobody can tell:
// a file that is locked keeps nobody from looking at the rest of the machine,
// least of all from reading the alert about it.
func (s *session) withoutUnreadable(ctx context.Context, all []backend.Subject) []backend.Subject {
	isMode := func(k backend.Subject) bool { return k.Name == settings.GalssMode }
	if !slices.ContainsFunc(all, isMode) {
		return all
	}
	err := s.unreadable(ctx)
	if err == nil {
		return all
	}
	s.a.log.Warn("galss.ini cannot be read", "error", err.Error())
	return slices.DeleteFunc(slices.Clone(all), isMode)
}

// seeCards asks for the readers until it sees enough, or for cardWait.
func (a *app) seeCards(ctx context.Context, enough func([]galss.Slot) bool) ([]galss.Slot, error) {
	ctx, cancel := context.WithTimeout(ctx, cardWait)
	defer cancel()
	for {
		r := a.cardReaders(ctx)
		slots := slotsOf(r)
		if r.Known() && enough(slots) {
			return slots, nil
		}
		select {
		case <-ctx.Done():
			if !r.Known() {
				return nil, fmt.Errorf("the service of the readers is %q", r.Service)
			}
			return slots, nil
		case <-time.After(cardWait / 10):
		}
	}
}

// slotsOf is what a move of galss.ini has to know of the readers.
func slotsOf(r reader.Readers) []galss.Slot {
	slots := make([]galss.Slot, 0, len(r.Slots))
	for _, s := range r.Slots {
		one := galss.Slot{Reader: s.Name, Contactless: s.Contactless}
		switch {
		case s.Card.IsCPS():
			one.Card = galss.Card(s.Card) // the words are the same
		case s.Card.IsVitale():
			one.Card = galss.Vitale
		}
		slots = append(slots, one)
	}
	return slots
}
