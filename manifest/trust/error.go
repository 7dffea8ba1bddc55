package trust

import (
	"strconv"
	"time"

	"github.com/releve-sante/releve/manifest/logline"
)

// Codes of what can be wrong with metadata or documents. They never change.
const (
	CodeBadSignature = "trust-bad-signature" // not signed by those who may
	CodeBadKey       = "trust-bad-key"       // a key of a kind that is not taken
	CodeExpired      = "trust-expired"       // past its date
	CodeRolledBack   = "trust-rolled-back"   // older than what was already seen, or than announced
	CodeTruncated    = "trust-truncated"     // ends too early
	CodeOversized    = "trust-oversized"     // longer than its limit or than announced
	CodeMalformed    = "trust-malformed"     // not what metadata looks like
	CodeMismatch     = "trust-mismatch"      // length or digest differs from what was announced
	CodeMissingRole  = "trust-missing-role"  // announced, but not served
	CodeMissing      = "trust-missing-document"
	CodeNoRoot       = "trust-no-root"    // the root trusted from the start is not usable
	CodePanic        = "trust-panic"      // verification broke down; nothing was accepted
	CodeNotCached    = "trust-not-cached" // needed without network, but never fetched

	CodeBundleExpired    = "trust-bundle-expired" // CodeExpired, of a bundle that somebody carried here
	CodeMirrorsUntrusted = "trust-mirrors"        // no mirror could be used, and one is not trusted
)

// Codes of what can be wrong on the way.
const (
	CodeUnreachable = "network-unreachable" // no connection
	CodeStalled     = "network-stalled"     // connected, but no bytes, or too few
	CodeStatus      = "network-status"      // an answer that is neither the file nor "no such file"
	CodeNotFound    = "network-not-found"   // no such file
	CodeCut         = "network-cut"         // ended in the middle
	CodeNotJSON     = "network-not-json"    // a web page instead of metadata
	CodeRedirect    = "network-redirect"    // sent on too often, or from https to http
	CodeGone        = "network-gone"        // a stick or share that could be read before
	CodeBadBundle   = "network-bad-bundle"  // not a file that "releve-repo bundle create" made
	CodeNotBundled  = "network-not-bundled" // a bundle without this package
	CodeMirrors     = "network-mirrors"     // no mirror could be used
	CodeTLS         = "network-tls"         // no secure connection, for another reason than the next three

	CodeAuthority       = "network-tls-authority" // a certificate of somebody this system does not trust
	CodeCertificateDate = "network-tls-date"      // a certificate that is not valid at the time of this machine
	CodeCertificateName = "network-tls-name"      // a certificate for another server

	CodeProxy        = "network-proxy"         // the proxy cannot be reached, or broke off
	CodeProxyLogin   = "network-proxy-login"   // the proxy asks for a log-in that failed, or that is not there
	CodeProxyRefused = "network-proxy-refused" // the proxy does not let this through
	CodeProxySetting = "network-proxy-setting" // the setting that names the proxy cannot be read
)

// Error is a refusal, with what a person needs to understand it. Fields that
// do not apply are empty.
type Error struct {
	Reason   string        // one of the Code constants
	Role     string        // TUF role, for example "timestamp" or "ans"
	File     string        // path in the repository, or URL
	Proxy    string        // host and port of the proxy, where it is what failed
	Expected string        // what would have been right: a number, a digest, a date, a name
	Found    string        // what was there instead, in the same form
	Age      time.Duration // CodeExpired: how long ago it expired
	Cause    error         // for the log; may be nil
}

// Error gives the English sentence for the log.
func (e *Error) Error() string {
	return logline.Of(e.Reason, e.Cause,
		"role", e.Role, "file", e.File, "proxy", e.Proxy, "expected", e.Expected, "found", e.Found)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Code gives the stable identifier of this kind of failure.
func (e *Error) Code() string { return e.Reason }

// Args gives the values the sentence of Code speaks of: Role, File, Proxy,
// Expected, Found, and of the time since the expiry Days, from two on, or else
// Hours, from two on: sentences need no singular.
func (e *Error) Args() map[string]string {
	var days, hours string
	if e.Age >= 48*time.Hour {
		days = strconv.FormatInt(int64(e.Age/(24*time.Hour)), 10)
	} else if e.Age >= 2*time.Hour {
		hours = strconv.FormatInt(int64(e.Age/time.Hour), 10)
	}
	return map[string]string{
		"Role":     e.Role,
		"File":     e.File,
		"Proxy":    e.Proxy,
		"Expected": e.Expected,
		"Found":    e.Found,
		"Days":     days,
		"Hours":    hours,
	}
}
