package unpack

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/durable"
)

// component returns count files that are about as compressible as programs:
// half noise, half a short text again and again.
func component(count, size int) []member {
	random := rand.New(rand.NewPCG(uint64(count), 7))
	members := make([]member, count)
	for i := range members {
		data := make([]byte, size)
		for k := range data {
			data[k] = "santé.fr"[k%8]
			if k&64 == 0 {
				data[k] = byte(random.Uint32())
			}
		}
		members[i] = file(fmt.Sprintf("lib/%02d/file-%04d.bin", i%40, i), string(data))
	}
	return members
}

// BenchmarkArchive unpacks onto the disk: hash of the package, unpacking,
// hash of each file and one barrier. It prints the time as a ratio of
// "sha256sum && tar --zstd -x && sync -f" on the same bytes in the same run
// (goal: at most 0.75).
func BenchmarkArchive(b *testing.B) {
	for name, members := range map[string][]member{
		"1500-files-55-MB": component(1500, 37_000),
		"73-files-120-MB":  component(73, 1_640_000),
	} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			archive := filepath.Join(dir, "a.tar.zst")
			must(b, os.WriteFile(archive, zstandard(b, tarred(b, members)), 0o600))
			var ours, peers time.Duration
			for b.Loop() {
				peers += peer(b, dir, archive)
				ours += whole(b, dir, archive)
			}
			b.ReportMetric(ours.Seconds()*1000/float64(b.N), "ms/unpack")
			if peers > 0 {
				b.ReportMetric(peers.Seconds()*1000/float64(b.N), "ms/sha256sum+tar+sync")
				b.ReportMetric(ours.Seconds()/peers.Seconds(), "ratio")
			}
		})
	}
}

// whole does what staging a component does.
func whole(b *testing.B, dir, archive string) time.Duration {
	b.Helper()
	d, err := durable.Open(dir)
	must(b, err)
	begin := time.Now()
	f, err := os.Open(archive)
	must(b, err)
	_, err = io.Copy(sha256.New(), f)
	must(b, err)
	_, err = Archive(context.Background(), d, "ours", f, archive, Limits{}, func(int64) {})
	must(b, errors.Join(err, f.Close(), d.SyncTree("ours")))
	took := time.Since(begin)
	must(b, errors.Join(d.RemoveAll("ours"), d.Close()))
	return took
}

// peer does it with the programs of a Linux system, or nothing where one is
// missing.
func peer(b *testing.B, dir, archive string) time.Duration {
	b.Helper()
	for _, program := range []string{"sha256sum", "zstd", "tar", "sync"} {
		if _, err := exec.LookPath(program); err != nil {
			return 0
		}
	}
	target := filepath.Join(dir, "peer")
	must(b, os.Mkdir(target, 0o700))
	begin := time.Now()
	for _, args := range [][]string{
		{"sha256sum", archive}, {"tar", "--zstd", "-xf", archive, "-C", target}, {"sync", "-f", target},
	} {
		must(b, exec.CommandContext(b.Context(), args[0], args[1:]...).Run())
	}
	took := time.Since(begin)
	must(b, os.RemoveAll(target))
	return took
}
