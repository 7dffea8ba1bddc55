package trust_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// authority makes certificates.
type authority struct {
	t    testing.TB
	key  *ecdsa.PrivateKey
	self *x509.Certificate
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	self, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{t, key, self}
}

// pem is what goes into a file for --ca-file.
func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.self.Raw})
}

// option trusts this authority.
func (a *authority) option() trust.Option {
	a.t.Helper()
	option, err := trust.Authorities(a.pem())
	if err != nil {
		a.t.Fatal(err)
	}
	return option
}

// certificate makes one for a host that ends at a time.
func (a *authority) certificate(host string, end time.Time) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: end,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.self, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// secured serves handler over TLS and HTTP/2 as host.
func secured(t testing.TB, handler http.Handler, certificate tls.Certificate) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestCertificatesThatDoNotFit(t *testing.T) {
	r := trusttest.New(t)
	ca := newAuthority(t, "Test CA")
	for name, tt := range map[string]struct {
		certificate tls.Certificate
		options     []trust.Option
		want, says  string
	}{
		"good":    {ca.certificate("releve.test", time.Now().Add(time.Hour)), []trust.Option{ca.option()}, "", ""},
		"unknown": {ca.certificate("releve.test", time.Now().Add(time.Hour)), nil, trust.CodeAuthority, "Test CA"},
		"expired": {ca.certificate("releve.test", time.Now().Add(-time.Hour)), []trust.Option{ca.option()}, trust.CodeCertificateDate, time.Now().UTC().Add(-time.Hour).Format(time.DateOnly)},
		"another": {ca.certificate("portal.test", time.Now().Add(time.Hour)), []trust.Option{ca.option()}, trust.CodeCertificateName, "portal.test"},
	} {
		t.Run(name, func(t *testing.T) {
			server := secured(t, files(r), tt.certificate)
			proxy := startProxy(t, &proxied{to: server.Listener.Addr().String()})
			err := refreshAt(t, r, "https://releve.test/repo", append(tt.options, through(proxy))...)
			if got := codeOf(err); got != tt.want || !strings.Contains(fmt.Sprint(err), tt.says) {
				t.Errorf("got %v, want %q and %q in it", err, tt.want, tt.says)
			}
		})
	}
	plain := httptest.NewServer(files(r))
	t.Cleanup(plain.Close)
	if err := refreshAt(t, r, strings.Replace(plain.URL, "http://", "https://", 1)); codeOf(err) != trust.CodeTLS {
		t.Errorf("no TLS at all: got %v, want %s", err, trust.CodeTLS)
	}
}

func TestFilesOfAuthorities(t *testing.T) {
	good := newAuthority(t, "Test CA").pem()
	for name, data := range map[string]string{
		"empty": "", "text": "not a certificate", "html": "<html>",
		"key":     "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"damaged": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"half":    string(good[:len(good)/2]),
	} {
		if _, err := trust.Authorities([]byte(data)); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if _, err := trust.Authorities(append(good, good...)); err != nil {
		t.Errorf("two certificates: %v", err)
	}
}
