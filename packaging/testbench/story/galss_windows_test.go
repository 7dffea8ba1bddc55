package story

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// startLimit is how long the server may take to say that it is ready.
const startLimit = 30 * time.Second

// controlGALSS plays the person who starts GALSS: galss install|start|stop.
// A start that is refused fails the command, and its reason is in $WORK/galss.txt.
func controlGALSS(ts *testscript.TestScript, neg bool, args []string) {
	b := of(ts)
	switch args[0] {
	case "install":
		ts.Check(copyFile(filepath.Join(b.programs, "galss.exe"), galssProgram))
	case "start":
		said, started := b.startGALSS(ts)
		ts.Check(os.WriteFile(ts.MkAbs("galss.txt"), []byte(said), 0o600))
		ts.Logf("GALSS says: %s", said)
		if started == neg {
			ts.Fatalf("GALSS started: %v", started)
		}
	case "stop":
		if b.galss == nil {
			ts.Fatalf("GALSS was not started")
		}
		b.stopGALSS()
	default:
		ts.Fatalf("usage: galss install|start|stop")
	}
}

// startGALSS starts the server with the PATH that the machine has now, which is
// not the one this program was started with, and waits for its first line.
func (b *bench) startGALSS(ts *testscript.TestScript) (said string, started bool) {
	path, err := machinePath()
	ts.Check(err)
	cmd := exec.CommandContext(b.t.Context(), galssProgram)
	cmd.Dir = galssDir
	cmd.Env = append(os.Environ(), "PATH="+path)
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	line := make(chan []byte, 1)
	go func() {
		first, _ := bufio.NewReader(out).ReadBytes('\n')
		line <- bytes.TrimSpace(first)
	}()
	select {
	case first := <-line:
		said = string(first)
	case <-time.After(startLimit):
		said = "nothing, for 30 s"
	}
	if said == "ready" {
		b.galss = cmd
		return said, true
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return said, false
}

// stopGALSS ends the server, if it was started.
func (b *bench) stopGALSS() {
	if b.galss == nil {
		return
	}
	_ = b.galss.Process.Kill() // it may have ended by itself
	_ = b.galss.Wait()
	b.galss = nil
}
