// Command releve-repo builds, signs and checks the repository that releve
// installs from.
//
// What it promises: everything is checked before anything is written; nothing
// a publisher changes is visible to workstations before "publish"; private
// keys are encrypted and never lie in the repository; stdout carries the
// answer, stderr everything else. Exit statuses: 0 done, 1 refused or failed
// with the repository as before, 2 wrong command line or unknown name, 4 the
// repository is not one a client would trust, 5 a file of it cannot be had.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/releve-sante/releve/installer/elevate"
)

// version is set by the linker for releases.
var version = "dev"

func main() {
	elevate.CutSearch()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	a := &app{in: os.Stdin, out: os.Stdout, errOut: os.Stderr, env: os.Getenv, environ: os.Environ(), now: time.Now}
	status := a.run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}
