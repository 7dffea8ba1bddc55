package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// situation is a repository behind a server, and the programs that ask it.
type situation struct {
	kind      string // http, h2, h1
	entries   int
	url       string
	dir       string // of the workstation
	authority string // file with the certificate of the authority
	root      string // file with the first root.json
	dials     atomic.Int64
	bytes     atomic.Int64
	programs  []*contender
}

// newSituation publishes entries, in the targets file itself and as releases
// of one component, and serves them.
// roundTrip is how far away the server is, 0 for not at all.
func newSituation(b *testing.B, kind string, entries int, roundTrip time.Duration) *situation {
	s := &situation{kind: kind, entries: entries, dir: b.TempDir()}
	r := catalogueOf(b, entries)
	s.root, s.authority = filepath.Join(s.dir, "root.json"), filepath.Join(s.dir, "authority.pem")
	if err := os.WriteFile(s.root, r.Root(), 0o600); err != nil {
		b.Fatal(err)
	}
	s.serve(b, r.Files(), roundTrip)
	return s
}

// catalogueOf makes a repository that is good today.
func catalogueOf(b *testing.B, entries int) *trusttest.Repo {
	r := trusttest.New(b)
	releases := make([]manifest.Release, 0, entries)
	for i := range entries {
		version := fmt.Sprintf("1.0.%d", i)
		path := "components/galss/" + version + "/any/galss.tar.gz"
		data := []byte(path)
		if i == entries-1 {
			data = packageOf(b, version)
		}
		r.PutAs(trusttest.Targets, path, data)
		r.Signed(trusttest.Targets)["targets"].(map[string]any)[path].(map[string]any)["custom"] = map[string]any{
			"component": "galss", "version": version, "platform": "any", "requires": "os.version >= 10.15, < 27",
		}
		releases = append(releases, manifest.Release{
			Version: version, Platform: manifest.Any, Backend: "bundle",
			Artifact: &manifest.Artifact{Path: path, Length: int64(len(data)), SHA256: fmt.Sprintf("%x", sha256.Sum256(data))},
		})
	}
	put := func(path string, document any) {
		data, err := manifest.Encode(document)
		if err != nil {
			b.Fatal(err)
		}
		r.Put(path, data)
	}
	put(manifest.ComponentPath("galss"), manifest.Component{
		Schema: manifest.Schema, Name: "galss", Title: manifest.Text{FR: "GALSS", EN: "GALSS"}, Releases: releases,
	})
	put(manifest.ChannelPath("stable"), manifest.Channel{
		Schema: manifest.Schema, Name: "stable", Offers: []manifest.Offer{{Component: "galss", Versions: []string{releases[entries-1].Version}}},
	})
	for _, role := range []string{"root", trusttest.Targets, "snapshot", "timestamp", trusttest.Catalogue, trusttest.ANS, trusttest.GIE} {
		if role != "root" {
			r.Signed(role)["expires"] = time.Now().UTC().AddDate(0, 0, 7).Format(time.RFC3339)
		}
	}
	r.Publish()
	return r
}

// packageOf makes a package that can be installed.
func packageOf(b *testing.B, version string) []byte {
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	tw := tar.NewWriter(zw)
	err := tw.WriteHeader(&tar.Header{Name: "VERSION", Mode: 0o644, Size: int64(len(version))})
	if err == nil {
		_, err = tw.Write([]byte(version))
	}
	if err := errors.Join(err, tw.Close(), zw.Close()); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// serve starts a server of static files, with entity tags as nginx makes them.
func (s *situation) serve(b *testing.B, files map[string][]byte, roundTrip time.Duration) {
	listener, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	made := time.Now().Add(-time.Hour).UTC()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		data, ok := files[strings.TrimPrefix(q.URL.Path, "/")]
		if !ok {
			http.NotFound(w, q)
			return
		}
		w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, made.Unix(), len(data)))
		http.ServeContent(w, q, "f.json", made, bytes.NewReader(data))
	})}
	var counted net.Listener = metered{listener, &s.dials, &s.bytes}
	if roundTrip > 0 {
		counted = distant{counted, roundTrip}
	}
	s.url = "http://" + listener.Addr().String()
	if s.kind == "http" {
		go func() { _ = server.Serve(counted) }()
	} else {
		s.url = "https://" + listener.Addr().String()
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{s.certificate(b)}}
		if s.kind == "h1" {
			server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
		}
		go func() { _ = server.ServeTLS(counted, "", "") }()
	}
	b.Cleanup(func() { _ = server.Close() })
}

// certificate makes an authority, an intermediate and a leaf, as public sites
// have: P-256, and two certificates in the handshake.
func (s *situation) certificate(b *testing.B) tls.Certificate {
	var parent *x509.Certificate
	var signer *ecdsa.PrivateKey
	var chain [][]byte
	for i, name := range []string{"authority", "intermediate", "127.0.0.1"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		t := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name, Organization: []string{"A test"}},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
			IsCA: i < 2, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		}
		if i == 2 {
			t.IPAddresses, t.ExtKeyUsage = []net.IP{net.IPv4(127, 0, 0, 1)}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}
		if parent == nil {
			parent, signer = t, key
		}
		der, err := x509.CreateCertificate(rand.Reader, t, parent, key.Public(), signer)
		if err != nil {
			b.Fatal(err)
		}
		if parent, err = x509.ParseCertificate(der); err != nil {
			b.Fatal(err)
		}
		signer = key
		chain = append([][]byte{der}, chain...)
	}
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: chain[2]})
	if err := os.WriteFile(s.authority, authority, 0o600); err != nil {
		b.Fatal(err)
	}
	return tls.Certificate{Certificate: chain[:2], PrivateKey: signer}
}

// releve is a scheduled check. The first one, which fetches everything, is not
// measured.
func (s *situation) releve(program string) []string {
	return []string{
		program, "--silent", "--repo", s.url,
		"--state", filepath.Join(s.dir, "state"), "--target", filepath.Join(s.dir, "target"), "check",
	}
}

func (s *situation) gotuf(program string) []string {
	return []string{program, s.url, s.root, filepath.Join(s.dir, "gotuf")}
}

// curl asks for the timestamp with the entity tag it has.
func (s *situation) curl(b *testing.B, program string) []string {
	tag, body := filepath.Join(s.dir, "tag"), filepath.Join(s.dir, "timestamp.json")
	args := []string{
		program, "--silent", "--fail", "--cacert", s.authority, "--etag-compare", tag, "--etag-save", tag,
		"--output", body, s.url + "/metadata/timestamp.json",
	}
	if s.kind == "http" {
		args = append(args[:3], args[5:]...)
	}
	if s.kind == "h1" {
		args = append(args, "--http1.1")
	}
	return args
}

// contend lets the programs loose on the repository.
func (s *situation) contend(b *testing.B, t tools) {
	s.programs = []*contender{
		{name: "releve", command: s.releve(t.ours)},
		{name: "gotuf", command: s.gotuf(t.peer)},
		{name: "curl", command: s.curl(b, t.curl)},
	}
	s.prepare(b)
}

// prepare installs a component with releve, and runs each program until it
// knows the repository.
func (s *situation) prepare(b *testing.B) {
	ours := s.programs[0].command
	s.run(b, append(slices.Clone(ours[:len(ours)-1]), "--trust-root", s.root, "install", "galss")...)
	for _, p := range s.programs {
		s.run(b, p.command...)
		s.run(b, p.command...)
	}
}

// run runs a program and gives what it prints.
func (s *situation) run(b *testing.B, command ...string) string {
	cmd := exec.CommandContext(b.Context(), command[0], command[1:]...)
	cmd.Env = s.environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return string(out)
}

// environment lets every program trust the same authority, and no proxy.
func (s *situation) environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "LANG=en_GB.UTF-8",
		"SSL_CERT_FILE=" + s.authority, "SSL_CERT_DIR=" + filepath.Join(s.dir, "none"),
	}
}
