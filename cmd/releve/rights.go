package main

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/elevate"
	"github.com/releve-sante/releve/installer/statedir"
	"github.com/releve-sante/releve/tui/line"
)

// The codes of missing rights, and of what happened to the state folder.
const (
	CodeNeedAdministrator = "rights-administrator"
	CodeRightsDeclined    = "rights-declined"
	CodeRightsQuestion    = "cli-rights-question"
	CodeStateAside        = "cli-state-aside"
	CodeStateIsLink       = "cli-state-is-link"
)

// rights is how a command learns what it may do, and asks for more.
type rights struct {
	held     func() elevate.Rights
	relaunch func(args []string) (status int, err error)
	possible bool // somebody can be asked
}

// systemRights are those of this process on this system.
func systemRights() *rights {
	return &rights{held: elevate.Held, relaunch: elevate.Relaunch, possible: elevate.Possible}
}

// needAdministrator ends a command that would change the places of the system
// without the rights for it, before anything is read or asked of a network. A
// person at a terminal may go on with them where Windows can ask for them.
func (a *app) needAdministrator(cmd *cobra.Command, args []string) error {
	concerned := changes(cmd) ||
		!cmd.HasParent() && len(args) == 0 && !a.flags.version && a.interactive()
	own := a.flags.facts != "" || a.flags.state != "" && a.flags.target != ""
	if a.rights == nil || !concerned || own || a.rights.held().Administrator {
		return nil
	}
	missing := &cliError{code: CodeNeedAdministrator}
	if !a.rights.possible || !a.interactive() || !a.agrees(CodeRightsQuestion) {
		return missing
	}
	status, err := a.rights.relaunch(a.args)
	switch {
	case errors.Is(err, elevate.ErrDeclined):
		return &cliError{code: CodeRightsDeclined, cause: err}
	case err != nil:
		missing.cause = err
		return missing
	}
	return statusError(status) // of what was carried out there, also when it is 0
}

// agrees asks a person a question; Enter alone is yes.
func (a *app) agrees(question string) bool {
	if err := line.Printf(a.errOut, "%s ", a.text.Message(question, nil)); err != nil {
		return false
	}
	const most = 100 // bytes of an answer
	answer, err := bufio.NewReader(io.LimitReader(a.in, most)).ReadString('\n')
	if err != nil {
		return false
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "", "y", "yes", "o", "oui":
		return true
	}
	return false
}

// openState opens the state folder. The one that the system has a place for
// is made or taken over first by whoever has the rights, and never made by
// anybody else: it would be his.
func (a *app) openState(path string) (*durable.Root, error) {
	if a.flags.state != "" {
		if link, err := statedir.IsLink(path); err == nil && link {
			a.warn(CodeStateIsLink, map[string]string{"Path": path})
		}
		return openFolder(path)
	}
	if a.rights == nil {
		return openFolder(path)
	}
	if !a.rights.held().Administrator {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, &cliError{code: CodeNeedRights, args: map[string]string{"Path": path}, cause: err}
		}
		return openFolder(path)
	}
	done, err := statedir.Secure(path)
	if done.Aside != "" {
		a.warn(CodeStateAside, map[string]string{"Path": path, "Aside": done.Aside})
	}
	if err != nil {
		return nil, err
	}
	return openFolder(path)
}

// isStateError reports whether the state folder itself is what is wrong, so
// that nothing may be written there.
func isStateError(err error) bool {
	var e *statedir.Error
	return errors.As(err, &e)
}
