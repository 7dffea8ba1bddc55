package machine

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

func TestNames(t *testing.T) {
	want := []string{
		"catalina", "mojave", "server-2022-rds", "sonoma", "tahoe",
		"win10-22h2-pss", "win11-24h2-pss", "win11-25h2-pcsc", "win11-26h1-arm64",
	}
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("Names()\n got %q\nwant %q", got, want)
	}
}

func TestEveryMachineIsCanonical(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			f, err := Load(name)
			if err != nil {
				t.Fatal(err)
			}
			want, err := files.ReadFile(name + ".json")
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Encode(); !bytes.Equal(got, want) {
				t.Errorf("%s.json is not what Encode writes\n got %s\nwant %s", name, got, want)
			}
			for _, path := range []string{"os.family", "os.version", "arch.native", "session.kind", "disk.free_bytes", "galss.mode"} {
				if _, known := f.Lookup(path); !known {
					t.Errorf("%s.json lacks %s", name, path)
				}
			}
			// Cards seen in a remote session are those of another machine.
			if _, known := f.Lookup("card.cps"); known == (f["session.kind"] == "remote") {
				t.Errorf("%s.json: card.cps is known: %v, in a session that is %v", name, known, f["session.kind"])
			}
		})
	}
}

func TestLoadUnknown(t *testing.T) {
	for _, name := range []string{"", "leopard", "../machine", "mojave.json"} {
		_, err := Load(name)
		if unknown := new(UnknownError); !errors.As(err, &unknown) || unknown.Code() != CodeUnknown {
			t.Errorf("Load(%q): error %v, want *UnknownError", name, err)
		}
	}
}
