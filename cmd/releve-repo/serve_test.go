package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/publish"
)

// served starts "releve-repo serve" and gives its address, and a function
// that interrupts it and returns status and standard error.
func served(t *testing.T, dir string) (address string, stop func() (int, string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	var stderr bytes.Buffer
	a := &app{in: strings.NewReader(""), out: writer, errOut: &stderr, env: func(string) string { return "" }, now: time.Now}
	status := make(chan int, 1)
	go func() { status <- a.run(ctx, []string{"serve", dir, "--addr", "127.0.0.1:0", "-v"}) }()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, address, _ = strings.Cut(strings.TrimSpace(line), " at ")
	return address, func() (int, string) {
		cancel()
		return <-status, stderr.String()
	}
}

func TestServeAnswersPartsAndEndsWhenInterrupted(t *testing.T) {
	dir := t.TempDir()
	r, err := publish.Init(publish.Config{Dir: dir, Keys: publish.NewMemoryKeys(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(r.Close(),
		os.WriteFile(filepath.Join(dir, "targets", "note.txt"), []byte("012345"), 0o600),
		os.WriteFile(filepath.Join(dir, "targets", ".new-note.txt"), []byte("half"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	address, stop := served(t, dir)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for _, tt := range []struct{ name, path, want string }{
		{"part-of-a-file", "/targets/note.txt", "206 Partial Content 23"},
		{"no-listing", "/metadata/", "404 Not Found 404 page not found"},
		{"not-outside", "/../keys/ans.key", "404 Not Found 404 page not found"},
		{"not-what-is-being-written", "/targets/.new-note.txt", "404 Not Found 404 page not found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Range", "bytes=2-3")
			response, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
			if err := errors.Join(err, response.Body.Close()); err != nil {
				t.Fatal(err)
			}
			if got := response.Status + " " + strings.TrimSpace(string(body)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	status, stderr := stop()
	if status != exitOK {
		t.Errorf("status: got %d, want %d", status, exitOK)
	}
	if want := `GET "/targets/note.txt" "bytes=2-3" 206`; !strings.Contains(stderr, want) {
		t.Errorf("log: got %q, want %q in it", stderr, want)
	}
}
