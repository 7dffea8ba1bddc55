// Command releve installs, updates, repairs, removes and rolls back the
// components that let a French health workstation read CPS and Vitale cards.
//
// What it promises: nothing is changed that signed metadata does not cover;
// what cannot work is refused with the rule, what it requires and what is
// there; every change is journalled and can be undone; and the version it
// reports was detected again after the change. The exit statuses stand in
// exit.go and in the README; they are a contract with deployment tools.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/releve-sante/releve/installer/elevate"
	"github.com/releve-sante/releve/osdetect/policy"
	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/program"
	"github.com/releve-sante/releve/osdetect/reader"
)

// version is set by the linker for releases.
var version = "dev"

func main() {
	elevate.CutSearch()
	shareInstalled()
	log.SetOutput(io.Discard) // net/http writes there what servers do wrong, also in silent mode
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	a := &app{
		in: os.Stdin, out: os.Stdout, errOut: os.Stderr,
		env: os.Getenv, folder: systemFolder, now: time.Now, administrator: policy.Machine, rights: systemRights(),
		readers: reader.List, desk: desk{process.List, program.Start, machinePath}, wmic: thisWMIC,
	}
	status := a.run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}
