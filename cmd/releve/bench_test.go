package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkVersion compares the start of the stripped program with that of
// curl, in turns, and prints both medians and the ratio. Goal: at most 0.75.
func BenchmarkVersion(b *testing.B) {
	program := filepath.Join(b.TempDir(), "releve")
	buildRelease(b, program, ".", clientWork(b))
	peer, err := exec.LookPath("curl")
	if err != nil {
		b.Skip("curl is not installed: there is nothing to compare with")
	}
	const turns = 100
	var ours, theirs []time.Duration
	for b.Loop() {
		for range turns {
			ours = append(ours, startOf(b, program, "version"))
			theirs = append(theirs, startOf(b, peer, "--version"))
		}
	}
	us, them := median(ours), median(theirs)
	b.ReportMetric(us.Seconds()*1e3, "releve-ms")
	b.ReportMetric(them.Seconds()*1e3, "curl-ms")
	b.ReportMetric(us.Seconds()/them.Seconds(), "ratio")
}

func startOf(b *testing.B, program string, args ...string) time.Duration {
	start := time.Now()
	if err := exec.CommandContext(b.Context(), program, args...).Run(); err != nil {
		b.Fatalf("running %s: %v", program, err)
	}
	return time.Since(start)
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// buildRelease builds a program as goreleaser.yaml does, in a workspace.
func buildRelease(b *testing.B, output, dir, work string) {
	b.Helper()
	pack := exec.CommandContext(b.Context(), "go", "run", "./packaging/gen/pack")
	pack.Dir = filepath.Join("..", "..")
	if out, err := pack.CombinedOutput(); err != nil {
		b.Fatalf("packing: %v\n%s", err, out)
	}
	build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-tags=nodemo,packed", "-ldflags=-s -w -funcalign=8",
		"-gcflags=all=-l", "-gcflags=github.com/releve-sante/releve/manifest/...=",
		"-gcflags=github.com/releve-sante/releve/installer/plan=", "-gcflags=github.com/releve-sante/releve/installer/store=", "-gcflags=github.com/klauspost/...=",
		"-gcflags=encoding/json=", "-o", output, dir)
	build.Env = append(build.Environ(), "CGO_ENABLED=0", "GOWORK="+work)
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("building: %v\n%s", err, out)
	}
}

// clientWork is the workspace that a release of the client is built in.
func clientWork(b *testing.B) string {
	b.Helper()
	work, err := filepath.Abs("../../packaging/client/go.work")
	if err != nil {
		b.Fatal(err)
	}
	return work
}
