package hsm

import (
	"slices"
	"strings"
	"testing"
)

func TestURIsBecomeArguments(t *testing.T) {
	const m = "?module-path=/usr/lib/m.so"
	tests := []struct{ name, uri, want string }{
		{"label-too", "pkcs11:token=ans;object=key;id=%01" + m, "--token-label ans --id 01"},
		{"encoded", "pkcs11:token=My%20token%3B;id=%01" + m, "--token-label My token; --id 01"},
		{"label-only", "pkcs11:token=ans;object=key" + m, ""},
		{"id", "pkcs11:token=ans;id=%00%ff" + m, "--token-label ans --id 00ff"},
		{"slot", "pkcs11:slot-id=3;id=k;type=private" + m, "--slot 3 --id 6b"},
		{"looks-like-a-flag", "pkcs11:token=--pin;id=k" + m, "--token-label --pin --id 6b"},
		{"no-module", "pkcs11:token=ans;id=%01", ""},
		{"relative-module", "pkcs11:token=ans;id=%01?module-path=m.so", ""},
		{"no-token", "pkcs11:id=%01" + m, ""},
		{"no-key", "pkcs11:token=ans" + m, ""},
		{"pin-in-it", "pkcs11:token=ans;id=%01" + m + "&pin-value=1234", ""},
		{"pin-elsewhere", "pkcs11:token=ans;id=%01" + m + "&pin-source=/pin", ""},
		{"serial", "pkcs11:token=ans;id=%01;serial=1" + m, ""},
		{"twice", "pkcs11:token=ans;token=cnam;id=%01" + m, ""},
		{"empty", "pkcs11:token=;id=%01" + m, ""},
		{"badly-encoded", "pkcs11:token=%zz;id=%01" + m, ""},
		{"line-break", "pkcs11:token=a%0ab;id=%01" + m, ""},
		{"certificate", "pkcs11:token=ans;id=%01;type=cert" + m, ""},
		{"no-number", "pkcs11:slot-id=x;id=%01" + m, ""},
		{"another-scheme", "awskms://key", ""},
		{"nothing", "pkcs11:", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := parseURI(tt.uri)
			got := ""
			if err == nil {
				got = strings.Join(l.arguments()[2:], " ")
			}
			if got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

func FuzzURI(f *testing.F) {
	f.Add("pkcs11:token=ans;id=%01?module-path=/m.so")
	f.Add("pkcs11:id=%01;slot-id=1?module-path=/m.so&x=y")
	f.Fuzz(func(t *testing.T, uri string) {
		l, err := parseURI(uri)
		if err != nil {
			return
		}
		if args := l.arguments(); len(args)%2 != 0 || slices.Contains(args, "") {
			t.Errorf("%q: got arguments %q", uri, args)
		}
	})
}
