// Command conformance lets the public TUF client conformance suite judge the
// trust client of releve.
//
//	go build -o CLIENT ./manifest/trust/conformance
//
//	CLIENT --metadata-dir D init ROOT
//	CLIENT --metadata-dir D --metadata-url U refresh
//	CLIENT --metadata-dir D --metadata-url U --target-name T [--target-name T2 ...]
//	       --target-dir TD --target-base-url TU download
//
// It links the packages that the released client links, and adds what the
// suite asks for around them: files under the names that the suite looks for,
// and a clock that the suite can set. It accepts every repository that the
// specification allows, which the released client does not, and is never
// shipped. It promises nothing beyond what the suite asks.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], date, os.Stderr)
	stop()
	os.Exit(status)
}

// date asks the program of that name for the time. The suite sets the clock
// by means that reach programs that use the C library, which this one is not.
func date(ctx context.Context) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "date", "+%s").Output()
	if err != nil {
		return time.Time{}, fmt.Errorf("asking date for the time: %w", err)
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("asking date for the time: %w", err)
	}
	return time.Unix(seconds, 0), nil
}
