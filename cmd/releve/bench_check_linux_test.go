package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// turns is how often each program runs in each situation, in turns.
const turns = 31

// BenchmarkCheck measures a check that finds nothing new: whole processes of
// the stripped program, of go-tuf's own client and of one conditional request
// by curl, in turns against the same server, over HTTP, HTTP/2 and HTTP/1.1
// with TLS, for repositories of 10, 1,000 and 10,000 entries. Processor time
// is that of the process, both user and system; bytes are those of IP packets
// in both directions, acknowledgements included, on a loopback interface with
// an MTU of 1,500 in a network namespace of its own, or else what the server
// read and wrote. Medians and their ratios are printed; nothing fails.
//
// Goals: one connection; bytes at most 0.60 of go-tuf over HTTP, 0.93 over
// HTTP/2 and 0.55 over HTTP/1.1 with TLS; processor time at most 0.8 of curl
// and 0.10 of go-tuf with 1,000 entries, and the same within 10 % for 10 and
// for 10,000; at most 16 MiB.
func BenchmarkCheck(b *testing.B) {
	line, t := contenders(b)
	var situations []*situation
	for _, kind := range []string{"http", "h2", "h1"} {
		for _, entries := range []int{10, 1_000, 10_000} {
			s := newSituation(b, kind, entries, 0)
			s.contend(b, t)
			situations = append(situations, s)
		}
	}
	for b.Loop() {
		for turn := range turns {
			for _, s := range situations {
				for _, p := range s.programs {
					// A second of go-tuf for 10,000 entries tells all after a few times.
					if p.name != "gotuf" || s.entries < 10_000 || turn%8 == 0 {
						p.measure(b, line, s)
					}
				}
			}
		}
	}
	for _, s := range situations {
		b.Run(fmt.Sprintf("%s-%d", s.kind, s.entries), s.report)
	}
	for i := 0; i < len(situations); i += 3 {
		b.Run(situations[i].kind+"-growth", func(b *testing.B) {
			small, large := situations[i].programs[0], situations[i+2].programs[0]
			b.ReportMetric(small.cpu(), "cpu-ms-10")
			b.ReportMetric(large.cpu(), "cpu-ms-10000")
			b.ReportMetric(large.cpu()/small.cpu(), "ratio")
		})
	}
}

// contenders builds the programs, and gives where they are and what they talk
// over.
func contenders(b *testing.B) (*wire, tools) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		b.Skip("curl is not installed: there is nothing to compare with")
	}
	dir := b.TempDir()
	t := tools{ours: filepath.Join(dir, "releve"), peer: filepath.Join(dir, "gotuf"), curl: curl}
	buildRelease(b, t.ours, ".", clientWork(b))
	buildRelease(b, t.peer, "./testdata/gotuf", "off") // as its module says
	line := newWire(b)
	line.measure = filepath.Join(dir, "measure")
	buildRelease(b, line.measure, "./testdata/measure", "off")
	return line, t
}

// tools are the programs that are compared.
type tools struct{ ours, peer, curl string }

// contender is one program in one situation, with what was measured.
type contender struct {
	name    string
	command []string
	times   []time.Duration // processor
	walls   []time.Duration
	bytes   []int64
	memory  []int64 // KiB
	dials   int64
}

// measure runs the program once.
func (p *contender) measure(b *testing.B, line *wire, s *situation) {
	before := s.dials.Load()
	var used, wall time.Duration
	var memory int64
	p.bytes = append(p.bytes, line.count(b, s, func() {
		out := s.run(b, append([]string{line.measure}, p.command...)...)
		if _, err := fmt.Sscan(out, (*int64)(&used), (*int64)(&wall), &memory); err != nil {
			b.Fatalf("%s: %v\n%s", strings.Join(p.command, " "), err, out)
		}
	}))
	p.times, p.walls, p.memory = append(p.times, used), append(p.walls, wall), append(p.memory, memory)
	p.dials = s.dials.Load() - before
}

func (p *contender) cpu() float64 { return middle(p.times).Seconds() * 1e3 }

func middle[T int64 | time.Duration](all []T) T {
	all = slices.Clone(all)
	slices.Sort(all)
	return all[len(all)/2]
}

// report prints the medians and the ratios.
func (s *situation) report(b *testing.B) {
	for _, p := range s.programs {
		b.ReportMetric(p.cpu(), p.name+"-cpu-ms")
		b.ReportMetric(float64(middle(p.bytes)), p.name+"-bytes")
		b.ReportMetric(float64(middle(p.memory))/1024, p.name+"-MiB")
		b.ReportMetric(middle(p.walls).Seconds()*1e3, p.name+"-wall-ms")
		b.ReportMetric(float64(p.dials), p.name+"-connections")
	}
	ours, gotuf, curl := s.programs[0], s.programs[1], s.programs[2]
	b.ReportMetric(float64(middle(ours.bytes))/float64(middle(gotuf.bytes)), "bytes/gotuf")
	b.ReportMetric(ours.cpu()/gotuf.cpu(), "cpu/gotuf")
	b.ReportMetric(ours.cpu()/curl.cpu(), "cpu/curl")
	// The fastest of each was disturbed least by what else the machine does.
	b.ReportMetric(float64(slices.Min(ours.times))/float64(slices.Min(curl.times)), "fastest-cpu/curl")
}
