package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/user"
	"slices"
	"strings"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/receipt"
	"github.com/releve-sante/releve/installer/store"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/tui/jsonl"
	"github.com/releve-sante/releve/tui/line"
)

// Sentences of this command that are not errors.
const (
	CodeStopping         = "cli-stopping"
	CodePlanWritten      = "cli-plan-written"
	CodeNothingToRecover = "cli-nothing-to-recover"
	CodeNeedsAnswer      = "cli-needs-answer"
	CodeNotInstalled     = "cli-not-installed"
	CodeGoingOnOffline   = "cli-going-on-offline"
)

const (
	logName  = "releve.log"
	logOld   = "releve.log.1"
	logLimit = 10 << 20 // bytes; one older file is kept
)

// sink chooses the view of a run.
func (a *app) sink() event.Sink {
	if a.flags.json {
		return jsonl.To(a.out)
	}
	return line.To(a.out, a.text, line.Options{Now: a.now})
}

// say prints a sentence that is the answer of a command.
func (a *app) say(code string, args map[string]string) {
	n := notice(event.Note, code, args)
	a.sink()(n)
}

func notice(level event.Level, code string, args map[string]string) event.Notice {
	return event.Notice{Level: level, Message: event.Message{Code: code, Args: args}}
}

// sentence renders an error as a person reads it.
func (a *app) sentence(err error) string {
	var c coded
	if errors.As(err, &c) {
		return a.text.Message(c.Code(), c.Args())
	}
	return err.Error()
}

// prune removes packages that no installed component and no rollback needs.
// What it cannot remove now stays for the next time.
func (s *session) prune() {
	receipts, damaged := receipt.Load(s.state)
	if len(damaged) > 0 {
		return // an unreadable receipt may need any of them
	}
	var keep []string
	for _, r := range receipts {
		for _, release := range []*manifest.Release{r.Release, r.Previous} {
			if release != nil && release.Artifact != nil {
				keep = append(keep, store.Digests(*release.Artifact)...)
			}
		}
	}
	if err := s.packages.Prune(keep); err != nil {
		s.a.log.Warn("old packages stay", "error", err.Error())
	}
}

// openLog appends to the log in the state folder, one record a line, and
// starts a new file when the old one is full.
func (a *app) openLog(state *durable.Root) error {
	if info, err := state.Lstat(logName); err == nil && info.Size() > logLimit {
		if err := state.Rename(logName, logOld); err != nil {
			return err
		}
	}
	f, err := state.OpenFile(logName, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	a.log = slog.New(slog.NewJSONHandler(f, nil)).With("pid", os.Getpid())
	a.log.Info("started", "version", version, "command", a.commandLine())
	a.logPolicy()
	return nil
}

// user names the account that holds the lock, for the person who waits.
func (a *app) user() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return a.env("USER")
}

// commandLine is what the log and the lock say this process does, without the
// password that an address may hold.
func (a *app) commandLine() string {
	args := slices.Clone(a.args)
	for i, arg := range args {
		scheme, rest, isURL := strings.Cut(arg, "://")
		host, path, _ := strings.Cut(rest, "/")
		if at := strings.LastIndex(host, "@"); isURL && at >= 0 {
			args[i] = scheme + "://***" + host[at:] + "/" + path
		}
	}
	return strings.Join(args, " ")
}

// writeNew creates a file and never replaces one.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = f.Write(data)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return unusable(path, err)
	}
	return nil
}

// unusable says what is wrong with a file or folder that the command line
// names.
func unusable(path string, err error) error {
	code, args := CodeUnreadable, map[string]string{"Path": path, "Why": err.Error()}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		code = CodeMissingFile
	case errors.Is(err, fs.ErrExist):
		code = CodeFileExists
	}
	return &cliError{code: code, args: args, cause: err}
}

// metadataCache keeps verified metadata in the state folder, for the trust
// client.
type metadataCache struct{ state *durable.Root }

// maxCached is the largest metadata file that is read back, in bytes.
const maxCached = 16 << 20

// Load returns a cached file, or an error that wraps fs.ErrNotExist.
func (c metadataCache) Load(name string) ([]byte, error) {
	return durable.ReadFile(c.state, "metadata/"+name, maxCached)
}

// Note replaces the content of a cached file in place.
func (c metadataCache) Note(name string, data []byte) error {
	f, err := c.state.OpenFile("metadata/"+name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Truncate(int64(len(data))), f.Close())
}

// Store replaces a cached file durably.
func (c metadataCache) Store(name string, data []byte) error {
	if err := c.state.MkdirAll("metadata", 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return durable.WriteFile(c.state, "metadata/"+name, data, 0o600)
}

// SetAside renames what lies in the place of a cached file, a folder too.
func (c metadataCache) SetAside(name string) error {
	return durable.SetAside(c.state, "metadata/"+name, "metadata/"+trust.DamagedPrefix+name)
}
