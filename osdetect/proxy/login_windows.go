package proxy

import (
	"fmt"
	"syscall"

	"github.com/alexbrainman/sspi"
)

// mostToken is the longest message of a log-in, in bytes. Kerberos messages
// grow with the groups of an account, up to 48,000 bytes by default.
const mostToken = 64 << 10

// Login is one log-in at a proxy as the account this process runs as: the
// computer's account for a service.
type Login struct {
	credentials *sspi.Credentials
	context     *sspi.Context
	target      *uint16
}

// NewLogin begins a log-in with the scheme Negotiate or NTLM at a host.
func NewLogin(scheme, host string) (*Login, error) {
	target, err := syscall.UTF16PtrFromString("HTTP/" + host)
	if err != nil {
		return nil, fmt.Errorf("logging in at the proxy %q: %w", host, err)
	}
	credentials, err := sspi.AcquireCredentials("", scheme, sspi.SECPKG_CRED_OUTBOUND, nil)
	if err != nil {
		return nil, fmt.Errorf("logging in at the proxy %q with %s: %w", host, scheme, err)
	}
	return &Login{credentials, sspi.NewClientContext(credentials, sspi.ISC_REQ_CONNECTION), target}, nil
}

// Next returns the message that answers a challenge, which is empty at first.
func (l *Login) Next(challenge []byte) ([]byte, error) {
	var given *sspi.SecBufferDesc
	if len(challenge) > 0 {
		in := [1]sspi.SecBuffer{}
		in[0].Set(sspi.SECBUFFER_TOKEN, challenge)
		given = sspi.NewSecBufferDesc(in[:])
	}
	token := make([]byte, mostToken)
	out := [1]sspi.SecBuffer{}
	out[0].Set(sspi.SECBUFFER_TOKEN, token)
	answer := sspi.NewSecBufferDesc(out[:])
	switch status := l.context.Update(l.target, answer, given); status {
	case sspi.SEC_E_OK, sspi.SEC_I_CONTINUE_NEEDED:
	case sspi.SEC_I_COMPLETE_NEEDED, sspi.SEC_I_COMPLETE_AND_CONTINUE:
		if status := sspi.CompleteAuthToken(l.context.Handle, answer); status != sspi.SEC_E_OK {
			return nil, fmt.Errorf("completing a message for the proxy: %w", status)
		}
	default:
		return nil, fmt.Errorf("making a message for the proxy: %w", status)
	}
	return token[:out[0].BufferSize], nil
}

// Close gives back what the system holds for the log-in.
func (l *Login) Close() {
	_ = l.context.Release() // nothing depends on it any more
	_ = l.credentials.Release()
}
