// Package capability is the backend for optional features of Windows, which
// Windows calls capabilities and DISM adds and removes. It knows one: WMIC.
//
// What it promises beyond the contract: what is there is decided from the file
// of the feature and from DISM's answer, never from the build of Windows; DISM
// is called by its full path, in English, with a time limit, and its answer is
// read whatever code and language it comes in; each failure that is known has
// a code of its own. Where the caller decided so, a policy that sends Windows
// Update to a server without the feature is passed by for as long as DISM
// works: what the policy said is in the undo data before it is changed, and is
// put back at the end of Apply, by Revert and by Settle, so that no crash
// leaves it changed.
//
// What it does not promise: that a feature which was removed can be had again.
// Windows fetches it from a server or a folder, which may be out of reach by
// then; removing is nevertheless all or nothing.
package capability

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/releve-sante/releve/installer/backend"
)

// WMIC is the component that stands for the capability.
const WMIC = "wmic"

// Installed is the version of a capability that is there: Windows tells none.
const Installed = "installed"

// The parameters of a job.
const (
	// Source is the folder that DISM takes the feature from, in the place of
	// Windows Update.
	Source = "source"
	// BypassWSUS is Yes where the policy that names an update server is to be
	// passed by.
	BypassWSUS = "bypass-wsus"
	// Yes is the only value of BypassWSUS that counts.
	Yes = "yes"
)

// name is what Windows calls the capability: it has no version part.
const name = "WMIC~~~~"

// How long DISM may take, and between two looks whether it works. Adding can
// mean a download through a slow line.
const (
	askLimit    = 5 * time.Minute
	changeLimit = 30 * time.Minute
	pause       = time.Second
)

// Answer is what DISM ended with.
type Answer struct {
	Code   uint32
	Output []byte
}

// System is the machine as this backend needs it.
type System interface {
	// Present reports whether the file of the feature is there.
	Present() (bool, error)
	// DISM runs dism.exe. Its error wraps fs.ErrNotExist when Windows has none,
	// and ErrTime when it did not end within limit; it goes on then.
	DISM(ctx context.Context, limit time.Duration, args ...string) (Answer, error)
	// Working reports whether a dism.exe works for the feature that a process
	// which is gone has started, or one that was not waited for any longer.
	Working(ctx context.Context) (bool, error)
	// Wait returns after d, or with the error of ctx.
	Wait(ctx context.Context, d time.Duration) error
	// UpdateServer returns the value of UseWUServer, nil when there is none.
	UpdateServer() (*uint32, error)
	// SetUpdateServer writes the value of UseWUServer and has Windows Update
	// take note of it.
	SetUpdateServer(ctx context.Context, value uint32) error
}

// ErrTime is wrapped by the error of a DISM that did not end in time.
var ErrTime = errors.New("no end within the time limit")

// Backend adds and removes the capability.
type Backend struct{ sys System }

var _ backend.Backend = (*Backend)(nil)

// New returns a backend for a machine. It touches nothing.
func New(sys System) *Backend { return &Backend{sys} }

// undo is the Undo of this backend.
type undo struct {
	Before State   `json:"before"`
	Server *uint32 `json:"server,omitempty"` // UseWUServer before it is passed by; nil: it is not
}

// Inspect implements backend.Backend. The file decides, since it is what others
// look for; DISM, which takes seconds, tells whether the next restart brings it
// or takes it away. A DISM that gives no answer has no say here: whoever wants
// a change is told by Prepare.
func (b *Backend) Inspect(ctx context.Context, s backend.Subject) (backend.State, error) {
	if s.Name != WMIC {
		return backend.State{}, nil
	}
	present, err := b.sys.Present()
	if err != nil {
		return backend.State{}, fmt.Errorf("looking for WMIC: %w", err)
	}
	if state, err := b.Ask(ctx); err == nil && state.Waits() {
		present = state.There()
	}
	if !present {
		return backend.State{}, nil
	}
	return backend.State{Version: Installed}, nil
}

// Ask asks DISM. It takes seconds and changes nothing.
func (b *Backend) Ask(ctx context.Context) (State, error) {
	a, err := b.sys.DISM(ctx, askLimit, "/English", "/Online", "/Get-CapabilityInfo", "/CapabilityName:"+name)
	if err != nil {
		return "", notRun(err, askLimit)
	}
	if err := a.failure(); err != nil {
		return "", err
	}
	return a.state()
}

// Prepare implements backend.Backend. It asks DISM even where the file says
// enough: a feature that this Windows does not know, or a DISM that does not
// work, is told before anything is changed.
func (b *Backend) Prepare(ctx context.Context, j backend.Job) (backend.Undo, error) {
	if j.Component != WMIC || j.To != "" && j.To != Installed {
		return nil, fmt.Errorf("capability %q %q: %w", j.Component, j.To, errors.ErrUnsupported)
	}
	state, err := b.Ask(ctx)
	if err != nil {
		return nil, err
	}
	u := undo{Before: state}
	if j.To == Installed && j.Params[BypassWSUS] == Yes {
		server, err := b.sys.UpdateServer()
		if err != nil {
			return nil, &Error{code: CodePolicy, cause: err}
		}
		if server != nil && *server != 0 { // otherwise there is nothing to pass by
			u.Server = server
		}
	}
	return json.Marshal(u)
}

// Apply implements backend.Backend.
func (b *Backend) Apply(ctx context.Context, j backend.Job, raw backend.Undo) (backend.Outcome, error) {
	u, err := decode(j, raw)
	if err != nil {
		return backend.Outcome{}, err
	}
	if j.To == "" {
		return b.bring(ctx, j, Absent)
	}
	if u.Server != nil {
		j.Tell(CodeBypassing, nil)
		if err := b.sys.SetUpdateServer(ctx, 0); err != nil {
			return backend.Outcome{}, errors.Join(&Error{code: CodePolicy, cause: err}, b.restore(ctx, u))
		}
	}
	out, err := b.bring(ctx, j, Present)
	return out, errors.Join(err, b.restore(ctx, u))
}

// Revert implements backend.Backend.
func (b *Backend) Revert(ctx context.Context, j backend.Job, raw backend.Undo) (backend.Outcome, error) {
	u, err := decode(j, raw)
	if err != nil {
		return backend.Outcome{}, err
	}
	if err := errors.Join(b.free(ctx, j), b.restore(ctx, u)); err != nil {
		return backend.Outcome{}, err
	}
	wanted := Absent
	if u.Before.There() {
		wanted = Present
	}
	out, err := b.bring(ctx, j, wanted)
	if err == nil {
		return out, nil
	}
	// A DISM that does not work has changed nothing as long as the file is as
	// it was; only a person could do more then.
	if present, unknown := b.sys.Present(); unknown == nil && present == wanted.There() {
		return backend.Outcome{}, nil
	}
	return backend.Outcome{}, err
}

// Settle implements backend.Backend.
func (b *Backend) Settle(ctx context.Context, j backend.Job, raw backend.Undo, _ bool) error {
	u, err := decode(j, raw)
	if err != nil {
		return err
	}
	return b.restore(ctx, u)
}

// Sweep implements backend.Backend. Prepare leaves nothing behind.
func (b *Backend) Sweep(context.Context) error { return nil }

func decode(j backend.Job, raw backend.Undo) (undo, error) {
	var u undo
	if err := json.Unmarshal(raw, &u); err != nil {
		return u, fmt.Errorf("undo data of job %q: %w", j.ID, err)
	}
	return u, nil
}

// restore puts the policy back. A value that is no longer the one Apply wrote
// is somebody else's: Group Policy writes it again by itself.
func (b *Backend) restore(ctx context.Context, u undo) error {
	if u.Server == nil {
		return nil
	}
	now, err := b.sys.UpdateServer()
	if err == nil && now != nil && *now == 0 {
		err = b.sys.SetUpdateServer(ctx, *u.Server)
		// The value is what was promised. A service that does not restart reads
		// it when it next starts.
		if now, unknown := b.sys.UpdateServer(); unknown == nil && now != nil && *now == *u.Server {
			err = nil
		}
	}
	if err != nil {
		return &Error{code: CodePolicyNotRestored, value: fmt.Sprint(*u.Server), cause: err}
	}
	return nil
}

// free waits until no DISM works for the feature: it goes on when the process
// that started it is ended, and would do afterwards what was undone.
func (b *Backend) free(ctx context.Context, j backend.Job) error {
	for waited := time.Duration(0); ; waited += pause {
		working, err := b.sys.Working(ctx)
		if err != nil {
			return fmt.Errorf("asking whether DISM works: %w", err)
		}
		switch {
		case !working:
			return nil
		case waited >= changeLimit:
			return notRun(ErrTime, changeLimit)
		case waited == 0:
			j.Tell(CodeWorking, map[string]string{"Minutes": fmt.Sprint(int(changeLimit.Minutes()))})
		}
		if err := b.sys.Wait(ctx, pause); err != nil {
			return err
		}
	}
}

// bring has DISM add or remove the capability, unless it is as wanted.
func (b *Backend) bring(ctx context.Context, j backend.Job, wanted State) (backend.Outcome, error) {
	state, err := b.Ask(ctx)
	if err != nil {
		return backend.Outcome{}, err
	}
	if state.There() == wanted.There() {
		return backend.Outcome{Reboot: state.Waits()}, nil
	}
	args := []string{"/English", "/Online", "/Remove-Capability", "/CapabilityName:" + name, "/NoRestart"}
	if wanted.There() {
		args[2] = "/Add-Capability"
		if folder := j.Params[Source]; folder != "" {
			args = append(args, "/Source:"+folder, "/LimitAccess")
		}
	}
	j.Tell(CodeWorking, map[string]string{"Minutes": fmt.Sprint(int(changeLimit.Minutes()))})
	a, err := b.sys.DISM(ctx, changeLimit, args...)
	if err != nil {
		return backend.Outcome{}, notRun(err, changeLimit)
	}
	if err := a.failure(); err != nil {
		return backend.Outcome{}, err
	}
	return backend.Outcome{Reboot: a.Code == rebootRequired}, nil
}
