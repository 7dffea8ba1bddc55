package trust_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// drip sends one byte after the other until somebody hangs up.
func drip(conn net.Conn, text byte) {
	for {
		if _, err := conn.Write([]byte{text}); err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// taken gives the connection of a request to f, which answers as it likes.
func taken(f func(conn net.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		f(conn)
	}
}

// held waits until the other side hangs up.
func held(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// waits are servers that keep a client waiting or fill it, and the codes it may
// end with.
func waits() map[string]wait {
	const ok = "HTTP/1.1 200 OK\r\n"
	saying := func(text string, then func(conn net.Conn)) http.HandlerFunc {
		return taken(func(conn net.Conn) {
			_, _ = io.WriteString(conn, text)
			then(conn)
		})
	}
	over := func(net.Conn) {}
	return map[string]wait{
		"endless": {saying(ok+"\r\n", func(conn net.Conn) {
			for err := error(nil); err == nil; {
				_, err = conn.Write(make([]byte, 64<<10))
			}
		}), []string{trust.CodeOversized}},
		"endless-headers": {saying(ok, func(conn net.Conn) {
			for err := error(nil); err == nil; {
				_, err = fmt.Fprintf(conn, "X-Header: %01000d\r\n", 0)
			}
		}), []string{trust.CodeUnreachable}},
		"one-byte-at-a-time": { // a short document is soon exceeded
			saying(ok+"\r\n", func(conn net.Conn) { drip(conn, ' ') }), []string{trust.CodeStalled, trust.CodeOversized},
		},
		"dripping-headers":     {saying(ok+"X-Header: ", func(conn net.Conn) { drip(conn, 'x') }), []string{trust.CodeStalled}},
		"silent":               {taken(held), []string{trust.CodeStalled}},
		"silent-after-headers": {saying(ok+"Content-Length: 100\r\n\r\n", held), []string{trust.CodeStalled}},
		"announces-more":       {saying(ok+"Content-Length: 1000000000000\r\n\r\n{\"signed\"", over), []string{trust.CodeCut}},
		"announces-less": {
			saying(ok+"Content-Length: 5\r\n\r\n{\"signed\": {}}", over), []string{trust.CodeTruncated, trust.CodeMalformed},
		},
	}
}

type wait struct {
	handler http.HandlerFunc
	codes   []string
}

// TestEveryFileHasItsLimits has each kind of file that metadata consists of
// answered so. Packages are the store's business, whose tests do the same.
func TestEveryFileHasItsLimits(t *testing.T) {
	r := trusttest.New(t)
	for fault, tt := range waits() {
		for kind, file := range map[string]string{
			"root": "metadata/2.root.json", "timestamp": r.FileOf("timestamp"), "snapshot": r.FileOf("snapshot"),
			"targets": r.FileOf(trusttest.Targets), "publisher": r.FileOf(trusttest.ANS), "document": r.TargetFile(trusttest.DocANS),
		} {
			t.Run(fault+"/"+kind, func(t *testing.T) {
				t.Parallel()
				honest := files(r)
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
					if q.URL.Path == "/repo/"+file {
						tt.handler(w, q)
						return
					}
					honest(w, q)
				}))
				t.Cleanup(server.Close)
				t.Cleanup(server.CloseClientConnections)
				err := refreshAt(t, r, server.URL+"/repo", trust.Stall(300*time.Millisecond))
				if !slices.Contains(tt.codes, codeOf(err)) {
					t.Errorf("got %v, want one of %q", err, tt.codes)
				}
			})
		}
	}
}
