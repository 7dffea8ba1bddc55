package trust

import (
	"context"
	"crypto/x509"
	"net/http"
)

// CheckRedirect is the rule for redirects.
func CheckRedirect(next *http.Request, via []*http.Request) error { return checkRedirect(next, via) }

// Scan is the check of every file before it is parsed.
func Scan(data []byte) error { return scan(data, Strict) }

// TrustServer lets a Remote over HTTP trust one more certificate.
func TrustServer(r Remote, certificate *x509.Certificate) {
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	w := r.(*web)
	for _, client := range []*http.Client{w.open.metadata, w.open.packages} {
		client.Transport.(*http.Transport).TLSClientConfig.RootCAs = pool
	}
}

// DigestOf is the SHA-256 of data, hexadecimal.
func DigestOf(data []byte) string { return digestOf(data) }

// RefreshBroken is Refresh while go-tuf panics over whatever role signs.
func RefreshBroken(ctx context.Context, c *Client, role string) error {
	r, err := c.begin(c.now())
	if err != nil {
		return err
	}
	r.remote, r.set.Root.Signed.Roles[role] = c.config.Remote, nil
	_, err = r.whole(ctx)
	return err
}
