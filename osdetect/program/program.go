// Package program runs programs of the system and of installers.
//
// What it promises:
//   - a program of the system is started by its absolute path, asked of the
//     system and never of PATH or another variable that a user can set
//   - it sees a short environment, which no account can add to, no standard
//     input, no window
//   - it has a time limit, and what it says is kept up to a limit
//   - at the end of the time the program and whatever it started are ended,
//     unless the caller says that ending it would do harm
//   - on Windows, what is waited for as a family does not outlive whoever
//     waits for it, however that ends
//   - bytes that it says are read as text whatever code they are in
//
// What it does not promise: that a program which is left alone ever ends.
package program

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Limits of what is run.
const (
	MaxOutput = 1 << 20                // bytes that are kept of what a program says, in all
	grace     = time.Second            // for an ended program to let go of its output
	pause     = 100 * time.Millisecond // between two looks at what a program left running
)

// Command is a program to run.
type Command struct {
	Path    string                 // absolute
	Args    []string               // without the program itself
	Line    string                 // Windows: the arguments as one line, in the place of Args
	Dir     string                 // working directory; "" for that of the program
	Env     []string               // NAME=value, added to the short environment
	Limit   time.Duration          // required
	Family  bool                   // wait for what it started too, and for the same time in all
	Stays   func(path string) bool // Family, on Windows: what runs from such a file was installed, goes on and is not waited for
	NoEnd   bool                   // at the end of the time leave it alone: ending it would do harm
	Discard bool                   // keep nothing of what it says
}

// Result is what a program ended with.
type Result struct {
	Code   int    // exit code; on Windows 0 to 4294967295
	Output []byte // standard output and standard error as they came
	Cut    bool   // Output is not all it said
	Stayed []Left // Family, on Windows: what it started and goes on
}

// Left is a process that goes on after the program that started it. Only both
// together name it: numbers are given again.
type Left struct {
	PID     uint32    `json:"pid"`
	Started time.Time `json:"started"`
}

// ErrTime is wrapped by the error of a program that did not end in time.
var ErrTime = errors.New("no end within the time limit")

// Run runs a program and returns when it has ended. An exit code other than 0
// is no error; the error is that it could not be started, that of ctx, or
// wraps ErrTime. A program that is left alone at the end of its time goes on.
func Run(ctx context.Context, c Command) (Result, error) {
	if err := c.check(); err != nil {
		return Result{}, fmt.Errorf("running %q: %w", c.Path, err)
	}
	if c.Limit <= 0 {
		return Result{}, fmt.Errorf("running %q: no time limit", c.Path)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.Limit, ErrTime)
	defer cancel()
	cmd := exec.CommandContext(context.WithoutCancel(ctx), c.Path, c.Args...)
	cmd.Dir = c.Dir
	if cmd.Dir == "" {
		cmd.Dir = filepath.Dir(c.Path)
	}
	cmd.Env = append(environment(), c.Env...)
	cmd.WaitDelay = grace
	out := &head{limit: MaxOutput}
	if !c.Discard {
		cmd.Stdout, cmd.Stderr = out, out
	}
	group, err := start(cmd, c)
	if err != nil {
		return Result{}, fmt.Errorf("starting %q: %w", c.Path, err)
	}
	defer group.close()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	if err := wait(ctx, c, group, done); err != nil {
		return Result{}, fmt.Errorf("running %q: %w", c.Path, err)
	}
	kept, cut := out.bytes()
	result := Result{Code: code(cmd), Output: kept, Cut: cut}
	if c.Family {
		result.Stayed, err = group.leave()
	}
	if err != nil {
		return result, fmt.Errorf("leaving what %q started: %w", c.Path, err)
	}
	return result, nil
}

// check refuses what would be searched for, and what Windows would hand to its
// shell, whose quoting no list of arguments survives. What is not there is said
// to be so here: Windows speaks of the folder when that is not there either.
func (c Command) check() error {
	if !filepath.IsAbs(c.Path) {
		return errors.New("not an absolute path")
	}
	switch ext := strings.ToLower(filepath.Ext(c.Path)); ext {
	case ".bat", ".cmd":
		return fmt.Errorf("a %s file is no program", ext)
	}
	_, err := os.Stat(c.Path)
	return err
}

// wait returns when the program has ended, and what it started too where the
// caller wants that, or with the reason why it did not.
func wait(ctx context.Context, c Command, group *group, done <-chan error) error {
	select {
	case err := <-done:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
			return err
		}
	case <-ctx.Done():
		if c.NoEnd {
			return context.Cause(ctx)
		}
		err := group.end()
		if <-done == nil {
			return nil // it had ended by itself, and well, at the last moment
		}
		return errors.Join(context.Cause(ctx), err)
	}
	for c.Family && group.alive(c.Stays) {
		select {
		case <-ctx.Done():
			if c.NoEnd {
				return context.Cause(ctx)
			}
			return errors.Join(context.Cause(ctx), group.end())
		case <-time.After(pause):
		}
	}
	return nil
}

// Start starts a program that is to stay: a server of the workstation. It
// returns its process number.
func Start(c Command) (int, error) {
	if err := c.check(); err != nil {
		return 0, fmt.Errorf("starting %q: %w", c.Path, err)
	}
	cmd := exec.CommandContext(context.Background(), c.Path, c.Args...)
	cmd.Dir = c.Dir
	if cmd.Dir == "" {
		cmd.Dir = filepath.Dir(c.Path)
	}
	cmd.Env = append(environment(), c.Env...)
	c.NoEnd = true
	if _, err := start(cmd, c); err != nil {
		return 0, fmt.Errorf("starting %q: %w", c.Path, err)
	}
	pid := cmd.Process.Pid
	return pid, cmd.Process.Release()
}
