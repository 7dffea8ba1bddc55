package reader

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/releve-sante/releve/osdetect/program"
)

// profilerLimit is for system_profiler, which takes some seconds.
const profilerLimit = 30 * time.Second

// read asks for the report about smart cards.
func read(ctx context.Context) reading {
	var said report
	xml, err := profile(ctx)
	if err != nil {
		said.Error = err.Error()
	}
	said.XML = xml
	return reading{System: runtime.GOOS, Report: &said}
}

// profile returns the report of system_profiler.
func profile(ctx context.Context) ([]byte, error) {
	path, err := program.SystemProfiler.Path()
	if err != nil {
		return nil, err
	}
	r, err := program.Run(ctx, program.Command{
		Path: path, Args: []string{"-xml", "SPSmartCardsDataType"}, Limit: profilerLimit,
	})
	if err != nil {
		return nil, err
	}
	if r.Code != 0 || r.Cut {
		return nil, fmt.Errorf("%s ended with code %d after %d bytes", path, r.Code, len(r.Output))
	}
	return r.Output, nil
}
