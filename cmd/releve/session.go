package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/installer/backend/bundle"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/floor"
	"github.com/releve-sante/releve/installer/lock"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/installer/receipt"
	"github.com/releve-sante/releve/installer/store"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/osdetect"
)

// newRun names a run: when it began, for people, and chance, so that no two
// runs of a machine ever have the same name.
func (a *app) newRun() string {
	return a.now().UTC().Format("20060102t150405") + "-" + strings.ToLower(rand.Text()[:8])
}

// session is one command's view of the workstation: its folders, what is
// trusted, and what was detected.
type session struct {
	a          *app
	state      *durable.Root
	target     *durable.Root
	empty      []string // folders that stand for those, see instead
	backends   map[string]backend.Backend
	repository trust.Remote  // nil when none is named
	client     *trust.Client // nil until trusted
	packages   *store.Store
	memory     *floor.Memory // nil until asked for
	asked      bool          // the repository was asked for news by this command
	stop       chan struct{} // closed: stop after the current step
	stopOnce   sync.Once
}

// open opens the folders a command needs. Nothing is created in the target.
func (a *app) open() (*session, error) { return a.opened(false) }

// openFor opens the folders of a command about the machine of the facts, which
// a target has to stand for where it is not this one.
func (a *app) openFor(looking bool) (*session, error) {
	if a.flags.facts != "" && a.flags.target == "" {
		return nil, &cliError{code: CodeFactsNeedTarget}
	}
	return a.opened(looking)
}

func (a *app) opened(looking bool) (*session, error) {
	state, err := folder(a.flags.state, defaultState(a.place), CodeNeedState)
	if err != nil {
		return nil, err
	}
	s := &session{a: a, stop: make(chan struct{})}
	if s.state, err = a.openState(state); err != nil && looking && a.flags.state == "" {
		s.state, err = s.instead(err)
	}
	if err != nil {
		return nil, err
	}
	logged := len(s.empty) == 0 // who may not read the log writes none
	if s.target, err = s.openTarget(looking); err != nil {
		return nil, err
	}
	s.backends = map[string]backend.Backend{"bundle": bundle.New(s.target, bundle.Options{})}
	if a.flags.facts == "" { // the machine of the facts is another one
		maps.Copy(s.backends, s.systemBackends())
	}
	maps.Copy(s.backends, s.settingsBackends())
	maps.Copy(s.backends, s.wmicBackends())
	metadata, packages, err := a.remotes()
	if err != nil {
		return nil, err
	}
	s.repository = metadata
	s.packages = store.New(store.Config{Dir: s.state, Remote: packages})
	if !logged {
		return s, nil
	}
	return s, a.openLog(s.state)
}

// close gives the folders back. Whatever was written is on the disk already,
// so there is nothing left that could fail.
func (s *session) close() {
	_ = s.state.Close()
	_ = s.target.Close()
	for _, dir := range s.empty {
		_ = os.RemoveAll(dir)
	}
}

// lock makes this process the only one that changes the workstation.
func (s *session) lock(ctx context.Context) (unlock func(), err error) {
	owner := lock.Owner{
		PID: os.Getpid(), User: s.a.user(), Command: s.a.commandLine(), Since: s.a.now(),
	}
	return lock.Acquire(ctx, s.state.Path("."), owner, time.Second)
}

// trustedRoot is where the root that the first successful refresh started
// from is kept, so that --trust-root is needed once.
const trustedRoot = "trust-root.json"

// maxRoot is the largest root.json that is read, in bytes.
const maxRoot = 512 << 10

// trust opens the trust client over the state folder.
func (s *session) trust() error {
	if s.client != nil {
		return nil
	}
	root, err := s.root()
	if err != nil {
		return err
	}
	s.client, err = trust.New(trust.Config{
		Root: root, Remote: s.repository, Cache: metadataCache{s.state},
		Now: s.a.now, Built: built(), Grace: s.a.grace(), Log: s.a.log,
	})
	return err
}

// root returns the root.json of --trust-root, or the one of an earlier run.
func (s *session) root() ([]byte, error) {
	if f := s.a.flags.trustRoot; f != "" {
		return readLimited(f, maxRoot)
	}
	root, err := durable.ReadFile(s.state, trustedRoot, maxRoot)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &cliError{code: CodeNeedRoot}
	}
	return root, err
}

// keepRoot remembers a root that led to a complete refresh.
func (s *session) keepRoot() error {
	if s.a.flags.trustRoot == "" {
		return nil // it is the one that is kept
	}
	root, err := s.root()
	if err != nil {
		return err
	}
	kept, err := durable.ReadFile(s.state, trustedRoot, maxRoot)
	if err == nil && bytes.Equal(kept, root) {
		return nil
	}
	return durable.WriteFile(s.state, trustedRoot, root, 0o600)
}

// fresh returns the manifest as the repository offers it now.
func (s *session) fresh(ctx context.Context) (manifest.Verified, error) {
	if err := s.refresh(ctx); err != nil {
		return manifest.Verified{}, err
	}
	v, err := s.opened(ctx)
	if err == nil {
		s.remember(v, true)
	}
	return v, err
}

// refresh asks the repository for news, once in a command.
func (s *session) refresh(ctx context.Context) error {
	if s.asked {
		return nil
	}
	if len(s.a.flags.repos) == 0 {
		return &cliError{code: CodeNeedRepo}
	}
	if err := s.trust(); err != nil {
		return err
	}
	if err := s.client.Refresh(ctx); err != nil {
		return err
	}
	s.logAge()
	s.asked = true
	return s.keepRoot()
}

// opened reads the manifest of the channel from metadata that is verified. A
// channel that nobody signed is a wrong name, like that of a component.
func (s *session) opened(ctx context.Context) (manifest.Verified, error) {
	channel := s.a.flags.channel
	v, err := manifest.Open(ctx, s.client, channel)
	var (
		missing *manifest.DocumentError
		misfit  *manifest.SyntaxError
	)
	if errors.As(err, &missing) && missing.Document == manifest.ChannelPath(channel) ||
		errors.As(err, &misfit) && misfit.Document == "" && misfit.Path == "channel" {
		return v, &cliError{code: CodeUnknownChannel, args: map[string]string{"Name": channel}, cause: err}
	}
	return v, err
}

// known returns the manifest as far as it is known here, without network. It
// serves the commands that must go on when nothing new can be had: status,
// uninstall, rollback. A workstation that never saw a repository has none.
func (s *session) known(ctx context.Context) (manifest.Verified, error) {
	if err := s.trust(); err != nil {
		return manifest.Verified{}, err
	}
	if err := s.client.Cached(ctx); err != nil {
		return manifest.Verified{}, err
	}
	v, err := s.opened(ctx)
	if err == nil {
		s.remember(v, false)
	}
	return v, err
}

// deps are what the engine works with.
func (s *session) deps(sink event.Sink) installer.Deps {
	return installer.Deps{
		State: s.state, Settings: s.settings(), Backends: s.backends,
		Packages: packages{s.packages}, Emit: sink, Now: s.a.now, Stop: s.stop,
		NewRun: s.a.newRun, Program: version,
		Quiesce:    s.quiesce(),
		NoRollback: s.a.flags.noRollback, Log: s.a.log,
	}
}

// machine detects the components and the facts, or takes the facts from
// --facts. What was detected in the target replaces what a facts file says.
func (s *session) machine(ctx context.Context, all []backend.Subject) (osdetect.Facts, map[string]plan.Installed, error) {
	facts, err := s.a.machineFacts(ctx, s.target.Path("."))
	if err != nil {
		return nil, nil, err
	}
	if s.replayed() {
		return facts, installedIn(facts, all), nil
	}
	found, err := s.a.recognise(ctx, all)
	if err != nil {
		return nil, nil, err
	}
	if !s.a.interactive() { // its screens have standard error too
		s.a.sayUnknown(found)
	}
	all = s.withoutUnreadable(ctx, all)
	deps := s.deps(event.Discard)
	deps.Foreign = foreign(found)
	installed, err := installer.Inspect(ctx, deps, all)
	if err != nil {
		return nil, nil, err
	}
	for name, in := range installed {
		facts = componentFacts(facts, name, in.Version, found[name])
	}
	return s.withIdentity(facts), installed, nil
}

// subjects lists every component that the manifest or a receipt knows, by
// name, with how it is recognised here.
func (s *session) subjects(v manifest.Verified) []backend.Subject {
	return s.withReceipts(subjects(v))
}

// names lists the same components by their names alone.
func (s *session) names(v manifest.Verified) []string { return namesOf(s.subjects(v)) }

// subjects lists the components of a manifest.
func subjects(v manifest.Verified) []backend.Subject {
	here := manifest.PlatformOf(osdetect.Family(runtime.GOOS))
	names := v.Components()
	out := make([]backend.Subject, len(names))
	for i, name := range names {
		out[i].Name = name
		if doc, ok := v.Component(name); ok {
			out[i].Evidence = doc.EvidenceOn(here)
		}
	}
	return out
}

func namesOf(all []backend.Subject) []string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Name
	}
	return names
}

// withReceipts adds the components that receipts know, and sorts.
func (s *session) withReceipts(known []backend.Subject) []backend.Subject {
	all := slices.Clone(known)
	receipts, damaged := receipt.Load(s.state)
	for _, err := range damaged {
		s.a.log.Warn("receipt set aside", "error", err.Error())
	}
	for _, name := range sortedKeys(receipts) {
		if !slices.ContainsFunc(known, func(k backend.Subject) bool { return k.Name == name }) {
			all = append(all, backend.Subject{Name: name, Evidence: receipts[name].Evidence})
		}
	}
	slices.SortStableFunc(all, func(a, b backend.Subject) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// machineFacts reads the facts from --facts or from this machine. dir is where
// free space is measured.
func (a *app) machineFacts(ctx context.Context, dir string) (osdetect.Facts, error) {
	if a.flags.facts == "" {
		facts, err := osdetect.Detect(ctx, osdetect.Options{Dir: dir})
		if err != nil {
			return nil, fmt.Errorf("looking at this machine: %w", err)
		}
		return a.withServers(ctx, a.withReaders(ctx, a.withPolicy(facts))), nil
	}
	data, err := readLimited(a.flags.facts, 1<<20)
	if err != nil {
		return nil, err
	}
	facts, err := osdetect.ParseFacts(data)
	if err != nil {
		return nil, err
	}
	return a.withReaders(ctx, a.withPolicy(facts)), nil
}

// readLimited reads a file that the command line names.
func readLimited(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > limit {
		err = fmt.Errorf("%d bytes, at most %d are accepted", info.Size(), limit)
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, unusable(path, err)
	}
	return data, nil
}
