package trust

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// longestValidator bounds what is kept of a server's name for a content, in
// bytes.
const longestValidator = 256

// settling is how old a file has to be before its validator is believed.
// Dates in headers have whole seconds, and so have the entity tags that
// servers make of dates: a file that was written twice in one second has one
// validator for two contents.
const settling = 2 * time.Second

// OpenIfChanged implements Conditional, by the entity tag of the server or, if
// it has none, by the date of the file.
func (w *web) OpenIfChanged(ctx context.Context, name, validator string) (io.ReadCloser, string, error) {
	header := http.Header{}
	if tag, ok := w.validated(validator, "etag"); ok {
		header.Set("If-None-Match", tag)
	} else if date, ok := w.validated(validator, "date"); ok {
		header.Set("If-Modified-Since", date)
	}
	asked := len(header) > 0
	response, cancel, err := w.get(ctx, name, header)
	if err != nil {
		return nil, "", err
	}
	if asked && response.StatusCode == http.StatusNotModified {
		discard(response, cancel)
		return nil, validator, fmt.Errorf("%q: %w", name, ErrUnchanged)
	}
	if err := w.judge(response, 0); err != nil {
		discard(response, cancel)
		return nil, "", err
	}
	b := &body{reader: response.Body, url: response.Request.URL.Redacted(), stall: w.stall, cancel: cancel}
	return b, w.validatorOf(response), nil
}

// AtOnce implements Conditional. Without TLS there is no HTTP/2 here, and the
// second request would wait for the first one's answer anyway.
func (w *web) AtOnce() bool { return w.base.Scheme == "https" }

// validatorOf gives what stands for the content of an answer, "" for nothing.
// It holds the address, because another server may give the same name to
// another content.
func (w *web) validatorOf(response *http.Response) string {
	kind, value := "etag", response.Header.Get("ETag")
	if value == "" {
		kind, value = "date", response.Header.Get("Last-Modified")
	}
	if value == "" || len(value) > longestValidator || !settled(response.Header) {
		return ""
	}
	return digestOf([]byte(w.base.Redacted())) + " " + kind + " " + value
}

// settled reports whether the file, by the server's own clock, was old enough
// when it was sent. A server that tells no date names contents by something
// else.
func settled(h http.Header) bool {
	if h.Get("Last-Modified") == "" {
		return true
	}
	written, err := http.ParseTime(h.Get("Last-Modified"))
	if err != nil {
		return false
	}
	sent, err := http.ParseTime(h.Get("Date"))
	return err == nil && sent.Sub(written) >= settling
}

// validated takes a validator of this server apart.
func (w *web) validated(validator, kind string) (string, bool) {
	return strings.CutPrefix(validator, digestOf([]byte(w.base.Redacted()))+" "+kind+" ")
}
