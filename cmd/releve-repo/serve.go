package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest/publish"
)

func (a *app) serveCommand() *cobra.Command {
	var addr string
	var verbose bool
	cmd := sub("serve REPO", "Serve a repository over HTTP, for trying", `
Any static web server does the same. Ctrl-C ends it.`,
		1, 1, func(cmd *cobra.Command, args []string) error {
			r, err := publish.Open(publish.Config{Dir: args[0], Keys: publish.NewMemoryKeys(), Now: a.now})
			if err != nil {
				return err
			}
			if err := r.Close(); err != nil {
				return err
			}
			handler, err := publish.Handler(args[0])
			if err != nil {
				return err
			}
			if verbose {
				handler = a.logged(handler)
			}
			return a.serve(cmd.Context(), addr, args[0], handler)
		})
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:8080", "address to listen on")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "print each request to stderr")
	return cmd
}

// serve answers until ctx is done, which is the way it is meant to end.
func (a *app) serve(ctx context.Context, addr, dir string, handler http.Handler) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return &usageError{reason: CodeBadUsage, cause: err, args: map[string]string{
			"What": err.Error(), "Command": "releve-repo serve REPO --addr 127.0.0.1:8080",
		}}
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	a.say("serving %s at http://%s", dir, listener.Addr())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving %q: %w", dir, err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	err = server.Shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	return err
}

// logged prints one line for each request: method, path, range and status.
func (a *app) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(s, r)
		fmt.Fprintf(a.errOut, "%s %q %q %d\n", r.Method, r.URL.Path, r.Header.Get("Range"), s.status)
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}
