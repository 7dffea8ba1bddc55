package proxy

import (
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-ieproxy"
	"golang.org/x/sys/windows"
)

// scriptTime bounds the search for a proxy by script, which may wait for a
// server that does not answer.
const scriptTime = 10 * time.Second

// isService tells whether the process runs as one of the accounts of Windows
// that no person logs in to.
func isService() bool {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return false
	}
	for _, account := range []windows.WELL_KNOWN_SID_TYPE{
		windows.WinLocalSystemSid, windows.WinLocalServiceSid, windows.WinNetworkServiceSid,
	} {
		if user.User.Sid.IsWellKnown(account) {
			return true
		}
	}
	return false
}

// settings reads what Windows says: the Internet options of this account, or
// of the machine where policy says so, else those of "netsh winhttp". For a
// service the account is the service's own, which only administrators reach.
func settings() configured {
	conf := ieproxy.GetConf()
	s := &system{script: conf.Automatic, known: map[string]string{}}
	if conf.Static.Active {
		named := func(scheme string) string {
			if address, ok := conf.Static.Protocols[scheme]; ok {
				return address
			}
			return conf.Static.Protocols[""]
		}
		s.static = Rules{
			HTTP: named("http"), HTTPS: named("https"),
			Bypass: strings.FieldsFunc(conf.Static.NoProxy, func(r rune) bool { return strings.ContainsRune(",; ", r) }),
		}
	}
	kind := s.static.kind()
	if s.script.Active {
		kind = Script
	}
	return configured{kind: kind, find: s.find}
}

// system is the settings of Windows.
type system struct {
	script ieproxy.ProxyScriptConf
	static Rules

	mu    sync.Mutex
	known map[string]string // by scheme and host: what the script said
}

func (s *system) find(u *url.URL) (*url.URL, error) {
	if s.script.Active {
		if address := s.scripted(u); address != "" {
			return parse(address)
		}
	}
	return s.static.For(u)
}

// scripted asks the script, which Windows finds, fetches and runs, once for
// each server. It learns the server only, not the file.
func (s *system) scripted(u *url.URL) string {
	server := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}).String()
	s.mu.Lock()
	defer s.mu.Unlock()
	if address, ok := s.known[server]; ok {
		return address
	}
	answer := make(chan string, 1)
	go func() { answer <- s.script.FindProxyForURL(server) }()
	timer := time.NewTimer(scriptTime)
	defer timer.Stop()
	select {
	case address := <-answer:
		s.known[server] = strings.TrimSpace(address)
	case <-timer.C:
		s.known[server] = ""
	}
	return s.known[server]
}
