package story

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a person waits for a text to appear.
const patience = 40 * time.Second

// controls are the sequences by which a program moves about on the screen.
var controls = regexp.MustCompile(`\x1b\[[0-9;?<=>]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b[=>78]`)

// console is a terminal of the system that Wine runs on, with a program for
// Windows in it. Wine's pseudo consoles show nothing of a program's; in a real
// terminal it draws.
type console struct {
	keys, screen, status string // files
}

// inConsole runs a program as a person does, in a console: console STATUS FILE
// COMMAND.... FILE has one line for each thing the person does: wait TEXT, or
// press KEYS. The program has to end with that status afterwards.
func inConsole(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: console STATUS FILE COMMAND...")
	}
	c := of(ts).startConsole(ts, args[2:])
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verb {
		case "":
		case "wait":
			if !c.shows(rest) {
				ts.Fatalf("%q did not appear. On the screen was:\n%s", rest, c.text())
			}
		case "press":
			keys := map[string]string{"enter": "\r", "escape": "\x1b", "down": "\x1b[B", "up": "\x1b[A", "space": " "}
			if special, ok := keys[rest]; ok {
				rest = special
			}
			ts.Check(c.press(rest))
		default:
			ts.Fatalf("%s: wait or press, not %q", args[1], verb)
		}
	}
	if got := c.ended(); got != args[0] {
		ts.Fatalf("it ended with status %q, want %s. On the screen was:\n%s", got, args[0], c.text())
	}
	ts.Logf("the screen showed:\n%s", c.text())
}

// startConsole starts a command in a terminal of 100 columns and 40 rows. What
// is appended to the file of keys is typed, what it draws is appended to the
// file of the screen.
func (b *bench) startConsole(ts *testscript.TestScript, command []string) *console {
	here, err := os.Getwd()
	ts.Check(err)
	c := &console{keys: ts.MkAbs("console.keys"), screen: ts.MkAbs("console.screen"), status: ts.MkAbs("console.status")}
	for _, file := range []string{c.keys, c.screen} {
		ts.Check(os.WriteFile(file, nil, 0o600))
	}
	ts.Check(os.RemoveAll(c.status))
	program, err := programPath(b.programs, command[0])
	ts.Check(err)
	words := append([]string{unixPath(filepath.Join(here, `..\wine\start`)), unixPath(program)}, command[1:]...)
	for i, word := range words {
		words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	inside := "stty cols 100 rows 40; exec " + strings.Join(words, " ")
	ts.Check(os.WriteFile(ts.MkAbs("console.sh"), []byte(inside), 0o600))
	script := fmt.Sprintf(`cd '%s' && { tail -f -n +1 console.keys | TERM=xterm-256color script -qfec 'sh console.sh' console.screen >/dev/null; echo $? >console.new; mv console.new console.status; }`,
		unixPath(ts.MkAbs(".")))
	ts.Check(b.unix("/bin/sh", "-c", script))
	return c
}

// unixPath is the path of a file on the system that Wine runs on.
func unixPath(path string) string {
	drive, rest, _ := strings.Cut(filepath.ToSlash(path), ":")
	if strings.EqualFold(drive, "z") {
		return rest
	}
	return os.Getenv("WINEPREFIX") + "/drive_" + strings.ToLower(drive) + rest
}

// programPath finds a program of the bench by its name.
func programPath(programs, name string) (string, error) {
	own := filepath.Join(programs, name+".exe")
	if _, err := os.Stat(own); err == nil {
		return own, nil
	}
	return exec.LookPath(name)
}

func (c *console) press(keys string) error {
	f, err := os.OpenFile(c.keys, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(keys); err != nil {
		return err
	}
	return f.Close()
}

// text is what was written on the screen, without where.
func (c *console) text() string {
	data, err := os.ReadFile(c.screen)
	if err != nil {
		return err.Error()
	}
	return controls.ReplaceAllString(string(data), " ")
}

// shows waits until a text appears. A program draws only what changed, and the
// places in between are moves: spaces in any number are one.
func (c *console) shows(text string) bool {
	there := false
	within(func() bool {
		_, err := os.Stat(c.status) // before the look: what ends has drawn everything
		there = strings.Contains(strings.Join(strings.Fields(c.text()), " "), text)
		return there || err == nil
	})
	return there
}

// ended waits for the end of the program and returns its exit status, "" when
// it goes on.
func (c *console) ended() string {
	var status []byte
	within(func() bool {
		var err error
		status, err = os.ReadFile(c.status)
		return err == nil
	})
	return strings.TrimSpace(string(status))
}

func within(holds func() bool) bool {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return false
}
