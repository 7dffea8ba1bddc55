package proxy

import (
	"io"
	"net"
	"os"
)

// mostPreferences is the largest file of network preferences that is read, in
// bytes.
const mostPreferences = 4 << 20

// preferencesFile is readable by everybody and writable by root.
const preferencesFile = "/Library/Preferences/SystemConfiguration/preferences.plist"

// isService is false for a daemon too: launchd gives it the environment that
// its property list names, which root alone can write.
func isService() bool { return false }

// settings reads the proxies of the network settings. What cannot be read is
// as if there were none: the request then says that nobody answers.
func settings() configured {
	f, err := os.Open(preferencesFile)
	if err != nil {
		return configured{}
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, mostPreferences))
	if err != nil {
		return configured{}
	}
	rules, err := parsePreferences(data, isUp)
	if err != nil {
		return configured{}
	}
	return configured{kind: rules.kind(), find: rules.For}
}

// isUp tells whether a device is in use: up, with an address that leads out.
func isUp(device string) bool {
	i, err := net.InterfaceByName(device)
	if err != nil || i.Flags&net.FlagUp == 0 {
		return false
	}
	addresses, err := i.Addrs()
	if err != nil {
		return false
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			return true
		}
	}
	return false
}
