package trust_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// meter counts what is asked of a remote and what it sends.
type meter struct {
	trust.Remote
	requests, bytes int64
}

func (m *meter) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, int64, error) {
	m.requests++
	body, start, err := m.Remote.Open(ctx, name, offset)
	if err != nil {
		return nil, 0, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(body, m), body}, start, nil
}

// Write implements io.Writer.
func (m *meter) Write(p []byte) (int, error) {
	m.bytes += int64(len(p))
	return len(p), nil
}

// BenchmarkCheck asks a repository for news and reads the channel, when there
// is nothing new and for the first time, and reads a document of a publisher.
// A check must cost the same for ten documents of a publisher and for ten
// thousand when none of them is read.
func BenchmarkCheck(b *testing.B) {
	for _, entries := range []int{10, 10_000} {
		r := trusttest.New(b)
		for i := range entries {
			r.PutAs(trusttest.ANS, fmt.Sprintf("components/cryptolib-cps/%d", i), []byte("{}"))
		}
		r.Publish()
		m := &meter{Remote: r}
		check := func(cache trust.Cache) {
			c, err := trust.New(trust.Config{Root: r.Root(), Remote: m, Cache: cache, Now: trusttest.Start})
			if err != nil {
				b.Fatal(err)
			}
			if err := c.Refresh(b.Context()); err != nil {
				b.Fatal(err)
			}
			if _, err := c.Authenticated(b.Context(), trusttest.DocChannel); err != nil {
				b.Fatal(err)
			}
		}
		warm := trusttest.NewCache()
		check(warm)
		b.Run(fmt.Sprintf("document-of-%d-entries", entries), func(b *testing.B) {
			for b.Loop() {
				c := newClient(b, r, trusttest.NewCache())
				if err := refreshAndRead(b, c); err != nil {
					b.Fatal(err)
				}
			}
		})
		for name, cache := range map[string]func() *trusttest.Cache{
			"nothing-new": func() *trusttest.Cache { return warm },
			"first-time":  trusttest.NewCache,
		} {
			b.Run(fmt.Sprintf("%s-%d-entries", name, entries), func(b *testing.B) {
				m.requests, m.bytes = 0, 0
				for b.Loop() {
					check(cache())
				}
				b.ReportMetric(float64(m.requests)/float64(b.N), "requests/op")
				b.ReportMetric(float64(m.bytes)/float64(b.N), "wire-bytes/op")
			})
		}
	}
}
