package trust_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
)

// TestValidatorOfAFileThatWasJustWrittenIsNotBelieved holds that a repository
// which is published twice in one second is not taken for unchanged, whatever
// the server makes its validators of.
func TestValidatorOfAFileThatWasJustWrittenIsNotBelieved(t *testing.T) {
	sent := time.Date(2026, 11, 23, 9, 0, 5, 0, time.UTC)
	for name, tt := range map[string]struct {
		tag, written, date string
		kept               bool
	}{
		"tag-without-a-date":       {tag: `"5d41402a"`, kept: true},
		"tag-of-an-older-file":     {tag: `"5d41402a"`, written: httpDate(sent.Add(-2 * time.Second)), kept: true},
		"tag-of-this-second":       {tag: `"5d41402a"`, written: httpDate(sent)},
		"tag-of-the-second-before": {tag: `"5d41402a"`, written: httpDate(sent.Add(-time.Second))},
		"date-of-an-older-file":    {written: httpDate(sent.Add(-2 * time.Second)), kept: true},
		"date-of-this-second":      {written: httpDate(sent)},
		"date-in-the-future":       {written: httpDate(sent.Add(time.Hour))},
		"date-that-is-none":        {written: "yesterday"},
		"clock-that-is-none":       {written: httpDate(sent.Add(-time.Hour)), date: "now"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h := w.Header()
				h.Set("Date", httpDate(sent))
				for field, value := range map[string]string{"ETag": tt.tag, "Last-Modified": tt.written, "Date": tt.date} {
					if value != "" {
						h.Set(field, value)
					}
				}
				if r.Header.Get("If-None-Match")+r.Header.Get("If-Modified-Since") != "" {
					w.WriteHeader(http.StatusNotModified)
				}
			}))
			defer server.Close()
			remote, err := trust.NewHTTP(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			conditional, ok := remote.(trust.Conditional)
			if !ok {
				t.Fatal("a server is not asked conditionally")
			}
			body, validator, err := conditional.OpenIfChanged(t.Context(), "metadata/timestamp.json", "")
			if err != nil {
				t.Fatal(err)
			}
			if err := body.Close(); err != nil {
				t.Fatal(err)
			}
			body, _, err = conditional.OpenIfChanged(t.Context(), "metadata/timestamp.json", validator)
			if got := errors.Is(err, trust.ErrUnchanged); got != tt.kept {
				t.Errorf("unchanged: got %v (%v), want %v", got, err, tt.kept)
			}
			if body != nil {
				if err := body.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func httpDate(at time.Time) string { return at.Format(http.TimeFormat) }
