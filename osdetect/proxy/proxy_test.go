package proxy

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
)

func request(t testing.TB, address string) *http.Request {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Request{URL: u}
}

func TestRules(t *testing.T) {
	rules := Rules{
		HTTP: "proxy.hopital.example:3128", HTTPS: "http://secure.hopital.example:3129",
		Bypass: []string{"*.hopital.example", "intra.example", "10.*", "169.254/16", "192.168.1.0/24", "fd00::/8", "<local>", ""},
	}
	for address, want := range map[string]string{
		"http://releve.example/x":        "http://proxy.hopital.example:3128",
		"https://releve.example/x":       "http://secure.hopital.example:3129",
		"https://miroir.hopital.example": "",
		"https://hopital.example":        "http://secure.hopital.example:3129",
		"https://INTRA.example":          "",
		"https://not-intra.example":      "http://secure.hopital.example:3129",
		"https://serveur/releve":         "",
		"https://10.2.3.4":               "",
		"https://100.2.3.4":              "http://secure.hopital.example:3129",
		"https://169.254.9.9":            "",
		"https://192.168.1.77":           "",
		"https://192.168.2.77":           "http://secure.hopital.example:3129",
		"https://[fd00::1]/":             "",
	} {
		proxy, err := rules.For(request(t, address).URL)
		got := ""
		if proxy != nil {
			got = proxy.String()
		}
		if got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", address, got, err, want)
		}
	}
	if proxy, err := (Rules{}).For(request(t, "https://releve.example").URL); proxy != nil || err != nil {
		t.Errorf("no rules: got %v, %v", proxy, err)
	}
}

func TestPatternsEnd(t *testing.T) {
	for pattern, want := range map[string]bool{
		"*": true, "**": true, "releve.*": true, "*.example": true, "re*ple": true, "*x*x*x*x": false, "releve": false,
	} {
		if got := matches(pattern, "releve.example"); got != want {
			t.Errorf("%q: got %t, want %t", pattern, got, want)
		}
	}
}

func TestThisMachineHasNoProxy(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.1.2.3": true, "::1": true, "10.0.0.1": false, "releve.example": false,
	} {
		if got := local(host); got != want {
			t.Errorf("%q: got %t, want %t", host, got, want)
		}
	}
}

func TestTheEnvironmentIsNoticed(t *testing.T) {
	for name, want := range map[string]bool{"https_proxy": true, "HTTP_PROXY": true, "NO_PROXY": false, "PROXY": false} {
		env := func(asked string) string {
			if asked == name {
				return "x"
			}
			return ""
		}
		if got := named(env); got != want {
			t.Errorf("%s: got %t, want %t", name, got, want)
		}
	}
}

func TestPreferencesOfMacOS(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "preferences.plist"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		up        string // the only device in use
		https     string
		exception string
	}{
		"ethernet":         {"en4", "proxy.hopital.example:3128", "*.hopital.example"},
		"wi-fi":            {"en0", "", "*.local"},
		"inactive-service": {"en9", "", ""},
		"nothing":          {"none", "", ""},
	} {
		rules, err := parsePreferences(data, func(device string) bool { return device == tt.up })
		if err != nil || rules.HTTPS != tt.https || (tt.exception != "") != (len(rules.Bypass) > 0) {
			t.Errorf("%s: got %+v, %v", name, rules, err)
		}
		if tt.exception != "" && rules.Bypass[0] != tt.exception {
			t.Errorf("%s: got exceptions %q", name, rules.Bypass)
		}
	}
	for _, bad := range []string{"", "text", "<plist>", `<?xml version="1.0"?><plist version="1.0"><array/></plist>`} {
		if rules, err := parsePreferences([]byte(bad), func(string) bool { return true }); rules.HTTPS != "" {
			t.Errorf("%q: got %+v, %v", bad, rules, err)
		}
	}
}

func FuzzPreferences(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "preferences.plist"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		rules, err := parsePreferences(data, func(string) bool { return true })
		if err == nil {
			_, _ = rules.For(request(t, "https://releve.example").URL)
		}
	})
}

func TestConfigured(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "http_proxy"} {
		env := func(asked string) string { return map[string]string{name: "proxy:3128"}[asked] }
		if got := Configured(env); got != Environment {
			t.Errorf("with %s: got %q, want %q", name, got, Environment)
		}
	}
	for _, tt := range []struct {
		rules Rules
		want  Kind
	}{
		{Rules{}, None},
		{Rules{Bypass: []string{"*"}, BypassPlain: true}, None},
		{Rules{HTTP: "proxy:3128"}, Fixed},
		{Rules{HTTPS: "proxy:3128"}, Fixed},
	} {
		if got := tt.rules.kind(); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.rules, got, tt.want)
		}
	}
}
