package story

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// journal is where releve writes what it intends and what it did.
const journal = `C:\ProgramData\Releve\journal\current`

// interrupted ends a run of releve as a power cut would, when its journal has
// exactly N lines: interrupted N COMPONENT ARGUMENTS.... A run that was quicker
// is recovered, or undone by rolling the component back, and another is made.
func interrupted(ts *testscript.TestScript, _ bool, args []string) {
	lines, err := strconv.Atoi(args[0])
	ts.Check(err)
	b := of(ts)
	before, err := machineState()
	ts.Check(err)
	const attempts = 20
	for range attempts {
		got, err := b.cut(lines, args[2:])
		ts.Check(err)
		if got == lines {
			return
		}
		ts.Logf("the journal had %d lines, want %d: once more", got, lines)
		ts.Check(ts.Exec("releve", "recover"))
		now, err := machineState()
		ts.Check(err)
		if !slices.Equal(now, before) {
			ts.Check(ts.Exec("releve", "rollback", args[1]))
		}
	}
	ts.Fatalf("no run of %v could be ended at line %d of its journal", args[2:], lines)
}

// cut runs releve and ends it as soon as its journal has this many lines. It
// returns how many there are then: more when the run was quicker, none when it
// ended by itself.
func (b *bench) cut(lines int, args []string) (int, error) {
	cmd := exec.CommandContext(b.t.Context(), filepath.Join(b.programs, "releve.exe"), args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				return 0, fmt.Errorf("releve %q: %w\n%s", args, err, out.Bytes())
			}
			return 0, nil
		default:
		}
		if journalLines() >= lines {
			if err := cmd.Process.Kill(); err != nil && cmd.ProcessState == nil {
				return 0, err
			}
			<-ended
			return journalLines(), nil
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// journalLines counts the records of the run in progress.
func journalLines() int {
	data, err := os.ReadFile(journal)
	if err != nil {
		return 0
	}
	return bytes.Count(data, []byte("\n"))
}
