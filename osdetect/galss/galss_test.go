package galss_test

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/releve-sante/releve/osdetect/galss"
)

// sample reads a file of testdata.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parse(t testing.TB, text string) galss.File {
	t.Helper()
	f, err := galss.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// pss is a correct file with one serial channel; old and new pairs change it.
func pss(t testing.TB, pairs ...string) string {
	t.Helper()
	return strings.NewReplacer(pairs...).Replace(string(sample(t, "pss.ini")))
}

func TestMode(t *testing.T) {
	tests := []struct {
		name, text string
		want       galss.Mode
	}{
		{"serial", pss(t), galss.PSS},
		{"pcsc", string(sample(t, "pcsc-mac.ini")), galss.PCSC},
		{"pcsc-behind-the-pss-library", "[PROTOCOLE0]\nNomLib=pssinosx.framework\n[CONFIG]\nNbCanaux=1\n[CANAL1]\nTCanal=3\n", galss.PCSC},
		{"one-of-each-is-pss", "[CONFIG]\nNbCanaux=2\n[CANAL1]\nTCanal=3\n[CANAL2]\nTCanal=1\n", galss.PSS},
		{"channel-that-does-not-count", "[CONFIG]\nNbCanaux=1\n[CANAL1]\nTCanal=3\n[CANAL2]\nTCanal=1\n", galss.PCSC},
		{"no-number-of-channels", "[CANAL4]\nTCanal=1\n", galss.PSS},
		{"case-and-spaces", "[ config ]\n nbcanaux = 1 \n[Canal1]\n TCANAL\t= 3 \n", galss.PCSC},
		{"quotes", "[CONFIG]\nNbCanaux=\"1\"\n[CANAL1]\nTCanal='1'\n", galss.PSS},
		{"first-of-two-counts", "[CONFIG]\nNbCanaux=1\n[CANAL1]\nTCanal=3\nTCanal=1\n[CANAL1]\nTCanal=1\n", galss.PCSC},
		{"comment-is-no-key", "[CONFIG]\nNbCanaux=1\n[CANAL1]\n;TCanal=1\nTCanal=3\n", galss.PCSC},
		{"unknown-type", "[CONFIG]\nNbCanaux=1\n[CANAL1]\nTCanal=7\n", galss.Other},
		{"no-type", "[CONFIG]\nNbCanaux=1\n[CANAL1]\nIndex=1\n", galss.Other},
		{"empty", "", galss.None},
		{"no-channel", "[CONFIG]\nNbCanaux=0\n", galss.None},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, end := range []string{"\n", "\r\n", "\r"} {
				text := strings.ReplaceAll(strings.ReplaceAll(tt.text, "\r\n", "\n"), "\r", "\n")
				if got := parse(t, strings.ReplaceAll(text, "\n", end)).Mode(); got != tt.want {
					t.Errorf("Mode with line end %q\n got %q\nwant %q", end, got, tt.want)
				}
			}
		})
	}
}

func TestSamplesAreWithoutProblems(t *testing.T) {
	for _, name := range []string{"pss.ini", "pcsc-mac.ini"} {
		for _, p := range parse(t, string(sample(t, name))).Check() {
			t.Errorf("%s: %v", name, p)
		}
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name, text string
		number     int
		code       string
		place      string
	}{
		{"config-missing", pss(t, "[CONFIG]", "[CONFIGURATION]"), 32781, galss.CodeNoConfig, "[CONFIG]"},
		{"count-missing", pss(t, "NbCanaux=1", "Nb=1"), 32781, galss.CodeNoConfig, "[CONFIG] NbCanaux"},
		{"count-zero", pss(t, "NbCanaux=1", "NbCanaux=0"), 32771, galss.CodeCount, "[CONFIG] NbCanaux"},
		{"count-too-large", pss(t, "NbCanaux=1", "NbCanaux=256"), 32771, galss.CodeCount, "[CONFIG] NbCanaux"},
		{"count-is-no-number", pss(t, "NbCanaux=1", "NbCanaux=-1"), 32771, galss.CodeCount, "[CONFIG] NbCanaux"},
		{"channel-missing", pss(t, "NbCanaux=1", "NbCanaux=2"), 32772, galss.CodeNoChannel, "[CANAL2]"},
		{"protocol-missing", pss(t, "Protocole=0", "P=0"), 32772, galss.CodeNoChannel, "[CANAL1] Protocole"},
		{"protocol-unknown", pss(t, "Protocole=0", "Protocole=1"), 32773, galss.CodeNoProtocol, "[CANAL1] Protocole"},
		{"protocol-no-number", pss(t, "Protocole=0", "Protocole=x"), 32773, galss.CodeNoProtocol, "[CANAL1] Protocole"},
		{"pss-protocol-missing", pss(t, "[PROTOCOLE0]", "[PROTOCOL0]"), 32774, galss.CodeNoLibrary, "[PROTOCOLE0]"},
		{"library-missing", pss(t, "NomLib=", "Lib="), 32774, galss.CodeNoLibrary, "[PROTOCOLE0] NomLib"},
		{"type-missing", pss(t, "TCanal=1", "TCanal="), 32775, galss.CodeIncomplete, "[CANAL1] TCanal"},
		{"index-missing", pss(t, "Index=8", "I=8"), 32775, galss.CodeIncomplete, "[CANAL1] Index"},
		{"timings", pss(t, "Config=1000,1,15000", "Config=1000"), 32778, galss.CodeTimings, "[PROTOCOLE0] Config"},
		{"type-unknown", pss(t, "TCanal=1", "TCanal=9"), 32780, galss.CodeWrongChannel, "[CANAL1] TCanal"},
		{"serial-without-speed", pss(t, "=9600,1,8,0,0", "=COM8"), 32780, galss.CodeWrongChannel, "[CANAL1] Caracteristiques"},
		{"serial-with-the-speed-alone", pss(t, "=9600,1,8,0,0", "=9600,1"), 32780, galss.CodeWrongChannel, "[CANAL1] Caracteristiques"},
		{"pcsc-with-speed", pss(t, "TCanal=1", "TCanal=3"), 32780, galss.CodeWrongChannel, "[CANAL1] Caracteristiques"},
		{"pad-missing", pss(t, "[CANAL1.PAD1]", "[CANAL1.PAD7]"), 32783, galss.CodeWrongPAD, "[CANAL1.PAD1] PAD"},
		{"pad-too-large", pss(t, "PAD=2", "PAD=256"), 32783, galss.CodeWrongPAD, "[CANAL1.PAD1] PAD"},
		{"no-pad", pss(t, "NbPAD=1", "NbPAD=0"), 32783, galss.CodeWrongPAD, "[CANAL1] NbPAD"},
		{"lad-no-number", pss(t, "LAD=2", "LAD=two"), 32784, galss.CodeWrongLAD, "[CANAL1.PAD1.LAD3] LAD"},
		{"lad-name-missing", pss(t, "NomLAD=CPS", "NomLAD="), 32785, galss.CodeWrongName, "[CANAL1.PAD1.LAD1] NomLAD"},
		{"lad-name-too-long", pss(t, "NomLAD=CPS", "NomLAD=CarteCPS3"), 32785, galss.CodeWrongName, "[CANAL1.PAD1.LAD1] NomLAD"},
		{"alias-too-long", pss(t, "TRANSPA1", "TRANSPA10"), 32785, galss.CodeWrongName, "[CANAL1.PAD1.LAD1] NomAlias1"},
		{"section-twice", pss(t) + "[config]\n", 0, galss.CodeTwiceInFile, "[config]"},
		{"key-twice", pss(t, "TCanal=1", "TCanal=1\ntcanal=3"), 0, galss.CodeTwiceInFile, "[CANAL1] tcanal"},
		{"utf8-mark", "\ufeff" + pss(t), 32769, galss.CodeEncoding, "galss.ini"},
		{"utf16", "[\x00C\x00O\x00", 32769, galss.CodeEncoding, "galss.ini"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			problems := parse(t, tt.text).Check()
			if len(problems) == 0 {
				t.Fatal("no problem was found")
			}
			p := problems[0]
			if p.Code() != tt.code || p.Number != tt.number || p.Place() != tt.place {
				t.Errorf("first problem\n got %s %d at %s\nwant %s %d at %s", p.Code(), p.Number, p.Place(), tt.code, tt.number, tt.place)
			}
			if len(problems) > 1 && tt.number != 0 && tt.code != galss.CodeWrongPAD && tt.code != galss.CodeNoLibrary {
				t.Errorf("more than the one problem: %v", problems[1:])
			}
		})
	}
}

// TestLastChannelIsMetFirst holds the order in which GALSS takes the channels.
func TestLastChannelIsMetFirst(t *testing.T) {
	text := strings.ReplaceAll(string(sample(t, "pcsc-mac.ini")), "TCanal=3", "TCanal=7")
	facts := galss.Facts([]byte(text), nil)
	if got, want := facts[galss.FactPlace], "[CANAL2] TCanal = 7"; got != want {
		t.Errorf("first problem at %q, want %q", got, want)
	}
}

// TestHostileFileIsAnswered gives a file that asks for sixteen million
// addresses, and one that is almost nothing but headers.
func TestHostileFileIsAnswered(t *testing.T) {
	for name, text := range map[string]string{
		"counts":  pss(t, "NbCanaux=1", "NbCanaux=255", "NbPAD=1", "NbPAD=255", "NbLAD=3", "NbLAD=255"),
		"headers": strings.Repeat("[CANAL1]\n", 100_000),
		"keys":    "[CANAL1]\n" + strings.Repeat("a=1\r", 200_000),
	} {
		f := parse(t, text)
		if n := len(f.Check()); n == 0 || n > 50 {
			t.Errorf("%s: %d problems, want some and a short list", name, n)
		}
		_, _ = f.Mode(), f.Readers()
	}
	if _, err := galss.Parse(make([]byte, galss.Limit+1)); err == nil {
		t.Error("a file above the limit was accepted")
	}
}

func TestReaders(t *testing.T) {
	got := parse(t, string(sample(t, "pcsc-mac.ini"))).Readers()
	want := []galss.Reader{{Name: "Ingenico TL TELIUM(1)", Card: "CPS"}, {Name: "Ingenico TL TELIUM(2)", Card: "Vitale"}}
	if !slices.Equal(got, want) {
		t.Errorf("Readers\n got %v\nwant %v", got, want)
	}
}

func TestFacts(t *testing.T) {
	tests := []struct {
		name  string
		data  []byte
		err   error
		mode  any
		n     any
		place any
	}{
		{"serial", sample(t, "pss.ini"), nil, "pss", 0, "none"},
		{"no-file", nil, &fs.PathError{Err: fs.ErrNotExist}, "none", 32769, "galss.ini"},
		{"locked", nil, errors.New("sharing violation"), nil, 32769, "galss.ini = sharing violation"},
		{"too-large", make([]byte, galss.Limit+1), nil, nil, 32769, "galss.ini = 1048577"},
		{"unicode", []byte("\ufeff" + pss(t)), nil, nil, 32769, "galss.ini = Unicode"},
		{"wrong-type", []byte(pss(t, "TCanal=1", "TCanal=7\x1b[2J")), nil, nil, 32780, "[CANAL1] TCanal = 7?[2J"},
		{"a-key-twice-has-no-number", []byte(pss(t, "TCanal=1", "TCanal=1\nTCanal=3")), nil, "pss", 0, "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			facts := galss.Facts(tt.data, tt.err)
			if facts["galss.mode"] != tt.mode || facts["galss.problem"] != tt.n || facts["galss.problem_at"] != tt.place {
				t.Errorf("Facts = %v", facts)
			}
		})
	}
}

func TestSetChangesOneValue(t *testing.T) {
	tests := []struct{ name, text, section, key, value, want string }{
		{"in-place", "[a]\r; x=1\r\n x =  1 \t\n[b]\nx=1", "A", "X", "22", "[a]\r; x=1\r\n x =  22 \t\n[b]\nx=1"},
		{"quotes-go", "[a]\nx=\"1\"\n", "a", "x", "2", "[a]\nx=2\n"},
		{"empty-value", "[a]\nx=\ny=1\n", "a", "x", "2", "[a]\nx=2\ny=1\n"},
		{"new-key-behind-the-last", "[a]\rx=1\r\r; end\r[b]\r", "a", "y", "2", "[a]\rx=1\ry=2\r\r; end\r[b]\r"},
		{"new-key-in-an-empty-section", "[a]", "a", "y", "2", "[a]\r\ny=2\r\n"},
		{"new-section", "[a]\nx=1", "b", "y", "2", "[a]\nx=1\n[b]\ny=2\n"},
		{"ansi", "[a]\nx=1\n", "a", "x", "Lecteur à œil €", "[a]\nx=Lecteur \xe0 \x9cil \x80\n"},
		{"first-of-two", "[a]\nx=1\nx=1\n[a]\nx=1\n", "a", "x", "2", "[a]\nx=2\nx=1\n[a]\nx=1\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := parse(t, tt.text).Set(tt.section, tt.key, tt.value)
			if err != nil || string(f.Bytes()) != tt.want {
				t.Errorf("Set: %v\n got %q\nwant %q", err, f.Bytes(), tt.want)
			}
			if got, ok := f.Value(tt.section, tt.key); got != tt.value || !ok {
				t.Errorf("Value after Set = %q, %v", got, ok)
			}
		})
	}
	for _, value := range []string{"a;b", " a", "a\n", "a\x00", "\"a\"", "Ж", "\xff", "a\u0085", "\u202eb"} {
		if _, err := parse(t, "[a]").Set("a", "x", value); !errors.Is(err, galss.ErrText) {
			t.Errorf("Set to %q: got %v, want ErrText", value, err)
		}
	}
}

// FuzzParse says that reading and writing loses nothing, and that an edit
// changes one line or adds lines.
func FuzzParse(f *testing.F) {
	f.Add(sample(f, "pss.ini"), "Index", "3")
	f.Add(sample(f, "pcsc-mac.ini"), "TCanal", "")
	f.Add([]byte("[CANAL1\r\n]=[\n\r=;\x00\xff[CANAL1]"), "x y", "é")
	f.Fuzz(func(t *testing.T, data []byte, key, value string) {
		file, err := galss.Parse(data)
		if err != nil {
			return
		}
		if got := file.Bytes(); string(got) != string(data) {
			t.Fatalf("written again\n got %q\nwant %q", got, data)
		}
		_, _, _ = file.Mode(), file.Readers(), file.Check()
		if strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" || key == "" {
			return
		}
		next, err := file.Set("CANAL1", key, value)
		if err != nil {
			return
		}
		if got, ok := next.Value("CANAL1", key); !ok || got != value {
			t.Fatalf("Value after Set = %q, %v, want %q; file %q", got, ok, value, next.Bytes())
		}
		before, after := cut(data), cut(next.Bytes())
		if different(before, after) > 1 && len(after) == len(before) || len(after) > len(before)+2 || len(after) < len(before) {
			t.Fatalf("Set changed more than its line\n got %q\nwant about %q", after, before)
		}
	})
}

func cut(data []byte) []string {
	text := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\r", "\n")
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func different(a, b []string) int {
	n := 0
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

func TestReaderFacts(t *testing.T) {
	two := []galss.Slot{{Reader: "Ingenico TL TELIUM(1)"}, {Reader: "Ingenico TL TELIUM(2)"}}
	tests := []struct {
		name, file string
		slots      []galss.Slot
		want       any
	}{
		{"both-there", "pcsc-mac.ini", two, "none"},
		{"renumbered", "pcsc-mac.ini", []galss.Slot{two[0], {Reader: "Ingenico TL TELIUM(3)"}}, "Ingenico TL TELIUM(2)"},
		{"no-reader", "pcsc-mac.ini", nil, "Ingenico TL TELIUM(1)"},
		{"serial-names-none", "pss.ini", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := galss.ReaderFacts(parse(t, string(sample(t, tt.file))), tt.slots)[galss.FactMissing]; got != tt.want {
				t.Errorf("%s: got %v, want %v", galss.FactMissing, got, tt.want)
			}
		})
	}
}
