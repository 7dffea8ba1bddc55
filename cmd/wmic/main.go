// Command wmic stands in for the WMIC of Windows where Windows has none any
// more, so that GALSS, which asks WMIC whether it already runs, can start.
//
// What it promises: for the questions about running processes that it knows it
// writes what WMIC writes, byte by byte, whether its output is a file, a pipe
// or a console; whatever else it is asked, it says on standard error that it
// does not answer and ends with a number of WMI, so that nobody takes silence
// for an answer. It changes nothing and starts no program.
//
// What it does not promise: that a real GALSS is content. Nobody has confirmed
// it yet; docs/not-verified.md says what that would take.
package main

import (
	"context"
	"os"
	"time"

	"github.com/releve-sante/releve/installer/elevate"
	"github.com/releve-sante/releve/osdetect/process"
)

// limit is how long a question may take: GALSS waits for the answer.
const limit = 30 * time.Second

func main() {
	elevate.CutSearch()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	status := run(ctx, commandLine(), standard(os.Stdout), standard(os.Stderr), process.List)
	cancel()
	os.Exit(int(status)) // Windows takes all 32 bits
}

// run answers one command line, without the name of the program in it, and
// returns what WMIC would end with.
func run(ctx context.Context, line string, out, errOut sink, list func(context.Context) ([]process.Process, error)) uint32 {
	q, err := parse(line)
	if err != nil {
		return fail(errOut, err)
	}
	all, err := list(ctx)
	if err != nil {
		return fail(errOut, &refusal{code: statusFailed, text: "Generic failure", why: err.Error()})
	}
	rows := q.rows(all)
	if len(rows) == 0 {
		errOut.write([]string{"No Instance(s) Available."})
	}
	out.write(render(q, rows))
	return statusOK
}

// fail says why there is no answer.
func fail(errOut sink, err error) uint32 {
	r := asRefusal(err)
	errOut.write([]string{"ERROR:", "Description = " + r.text, r.why})
	return r.code
}
