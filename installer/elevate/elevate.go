// Package elevate knows which rights this process has over the workstation,
// asks Windows for those of an administrator where a person can answer, and
// closes a way in which such rights are stolen.
//
// The main context is the one without a person: SYSTEM on Windows, root
// elsewhere. What is asked there is answered without asking anybody.
package elevate

import "errors"

// Rights are what this process may do.
type Rights struct {
	Administrator bool // may change the machine: a full administrator, SYSTEM, root
	Service       bool // runs without a person: SYSTEM; never elsewhere
}

// ErrDeclined is wrapped by the error of Relaunch when the person, or the
// policy of the machine, said no.
var ErrDeclined = errors.New("administrator rights were not given")

// Held returns the rights of this process, as they count now: an
// administrator whose rights Windows filters is none.
func Held() Rights { return held() }

// Possible reports whether Relaunch can ask somebody.
const Possible = possible

// Relaunch starts this program again as an administrator, with the same
// working directory and these arguments, once the person agreed, and waits
// for it. It returns its exit status. Where rights are not given this way the
// error wraps errors.ErrUnsupported.
func Relaunch(args []string) (status int, err error) { return relaunch(args) }

// CutSearch takes the folder of the program, the working directory and PATH
// out of where this process looks for libraries: only the directory of the
// system is left. Otherwise a library planted beside a downloaded program
// would run with its rights. It is the first call of main, and does nothing
// but on Windows.
func CutSearch() { cutSearch() }
