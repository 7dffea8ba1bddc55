package main

import (
	"encoding/base64"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// hospital serves a folder as https://example.com behind a proxy that opens
// TLS connections with a certificate of its own: hospital FOLDER
// [USER:PASSWORD]. $HOSPITAL is the host and port of the proxy, hospital.pem the
// certificate. With a user the proxy wants a log-in.
func hospital(ts *testscript.TestScript, _ bool, args []string) {
	files := httptest.NewUnstartedServer(http.FileServer(http.Dir(ts.MkAbs(args[0]))))
	files.Config.ErrorLog = log.New(io.Discard, "", 0)
	files.StartTLS()
	ts.Defer(files.Close)
	wanted := ""
	if len(args) > 1 {
		wanted = "Basic " + base64.StdEncoding.EncodeToString([]byte(args[1]))
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodConnect:
			w.WriteHeader(http.StatusMethodNotAllowed)
		case wanted != "" && r.Header.Get("Proxy-Authorization") != wanted:
			w.Header().Set("Proxy-Authenticate", `Basic realm="hospital"`)
			w.WriteHeader(http.StatusProxyAuthRequired)
		default:
			tunnel(w, files.Listener.Addr().String())
		}
	}))
	ts.Defer(proxy.CloseClientConnections)
	ts.Setenv("HOSPITAL", proxy.Listener.Addr().String())
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: files.Certificate().Raw})
	ts.Check(os.WriteFile(ts.MkAbs("hospital.pem"), certificate, 0o600))
}

// tunnel joins a connection to the server at an address.
func tunnel(w http.ResponseWriter, address string) {
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", address) //nolint:noctx // ends with the test's server
	if err != nil {
		return
	}
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	_, _ = io.Copy(client, server)
}
