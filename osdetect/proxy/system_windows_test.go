package proxy

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/windows/registry"
)

// TestSettingsOfWindows sets a proxy as a person does in the Internet options,
// on a machine that is thrown away.
func TestSettingsOfWindows(t *testing.T) {
	if os.Getenv("RELEVE_BENCH") == "" {
		t.Skip("changes the Internet options: needs RELEVE_BENCH, a machine to throw away")
	}
	key, _, err := registry.CreateKey(registry.CURRENT_USER, `Software\Microsoft\Windows\CurrentVersion\Internet Settings`, registry.ALL_ACCESS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(key.SetDWordValue("ProxyEnable", 0), key.DeleteValue("ProxyServer"), key.Close()); err != nil {
			t.Error(err)
		}
	})
	if err := errors.Join(key.SetStringValue("ProxyServer", "proxy.hopital.example:3128"), key.SetDWordValue("ProxyEnable", 1)); err != nil {
		t.Fatal(err)
	}
	s := settings()
	t.Logf("the proxy is named by: %s", s.kind) // by a script where Windows looks for one of its own accord
	if s.kind != Fixed && s.kind != Script {
		t.Errorf("got %q", s.kind)
	}
	if s.kind == Fixed {
		proxy, err := s.find(request(t, "https://releve.example/").URL)
		if err != nil || proxy == nil || proxy.Host != "proxy.hopital.example:3128" {
			t.Errorf("got %v, %v", proxy, err)
		}
	}
}
