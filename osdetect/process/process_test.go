package process

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unsafe"
)

// TestListHasThisProcess finds the one process whose answers are known.
func TestListHasThisProcess(t *testing.T) {
	all, err := List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The name that Windows asks the file system for may be of other case.
	same := Named(all, strings.ToUpper(filepath.Base(program)))
	for _, p := range same {
		if p.PID != uint32(os.Getpid()) {
			continue
		}
		if p.Parent != uint32(os.Getppid()) || !strings.EqualFold(p.Path, program) {
			t.Errorf("got parent %d, path %q; want %d, %q", p.Parent, p.Path, os.Getppid(), program)
		}
		if want := "-test."; !strings.Contains(p.CommandLine, want) && len(os.Args) > 1 {
			t.Errorf("got command line %q, want %q in it", p.CommandLine, want)
		}
		if p.Started.IsZero() || time.Since(p.Started) > 24*time.Hour || time.Since(p.Started) < -time.Minute {
			t.Errorf("started at %v", p.Started)
		}
		return
	}
	t.Errorf("process %d is not among %d, of which %d are called %q", os.Getpid(), len(all), len(same), filepath.Base(program))
}

func TestListEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if all, err := List(ctx); !errors.Is(err, context.Canceled) || all != nil {
		t.Errorf("got %d processes, error %v", len(all), err)
	}
}

func TestParseStat(t *testing.T) {
	const rest = " 7 7 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 12345 1000 10"
	tests := []struct {
		name string
		in   string
		want stat
		ok   bool
	}{
		{"plain", "42 (galsvlux) S 1" + rest, stat{name: "galsvlux", parent: 1, started: 123450 * time.Millisecond}, true},
		{"parentheses-in-the-name", "42 (a) R 9 (b) S 3" + rest, stat{name: "a) R 9 (b", parent: 3, started: 123450 * time.Millisecond}, true},
		{"ended", "42 (a) Z 1" + rest, stat{name: "a", parent: 1, started: 123450 * time.Millisecond, ended: true}, true},
		{"cut", "42 (a) S 1 7", stat{}, false},
		{"no-name", "42 S 1" + rest, stat{}, false},
		{"wrong-way-round", "42 )a( S 1" + rest, stat{}, false},
		{"start-beyond-time", "42 (a) S 1 7 7 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 9223372036854775807 0", stat{}, false},
		{"empty", "", stat{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := parseStat([]byte(tt.in)); got != tt.want || ok != tt.ok {
				t.Errorf("parseStat(%q)\n got %+v, %v\nwant %+v, %v", tt.in, got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestWholeName(t *testing.T) {
	tests := []struct {
		name  string
		short string
		paths []string
		want  string
	}{
		{"not-cut", "galsvosx", []string{"/x/other"}, "galsvosx"},
		{"cut", "SrvSVcnam_Monit", []string{"", "/Applications/SrvSVcnam_Moniteur"}, "SrvSVcnam_Moniteur"},
		{"nothing-fits", "SrvSVcnam_Monit", []string{"/usr/bin/python3"}, "SrvSVcnam_Monit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := wholeName(tt.short, tt.paths); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// started writes what macOS keeps of the start of a process.
func started(count uint32, text string) []byte {
	return append(binary.NativeEndian.AppendUint32(nil, count), text...)
}

func TestParseArguments(t *testing.T) {
	tests := []struct {
		name    string
		in      []byte
		program string
		args    []string
	}{
		{"arguments", started(2, "/x/galsvosx\x00\x00\x00\x00galsvosx\x00-r\x00HOME=/secret\x00"), "/x/galsvosx", []string{"galsvosx", "-r"}},
		{"lies-about-the-number", started(1<<31, "/x\x00a\x00b\x00"), "/x", []string{"a", "b"}},
		{"no-arguments", started(0, "/x\x00A=b\x00"), "/x", nil},
		{"cut", started(1, "/x"), "", nil},
		{"empty", nil, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if program, args := parseArguments(tt.in); program != tt.program || !reflect.DeepEqual(args, tt.args) {
				t.Errorf("got %q, %q\nwant %q, %q", program, args, tt.program, tt.args)
			}
		})
	}
}

// answer writes a counted text as the kernel does, at an address.
func answer(text string, base, gap uintptr, length int) []byte {
	const word = unsafe.Sizeof(base)
	units := utf16.Encode([]rune(text))
	if length < 0 {
		length = 2 * len(units)
	}
	out := make([]byte, 2*word, 2*int(word)+2*len(units))
	binary.NativeEndian.PutUint16(out, uint16(length))
	if word == 8 {
		binary.NativeEndian.PutUint64(out[word:], uint64(base+2*word+gap))
	} else {
		binary.NativeEndian.PutUint32(out[word:], uint32(base+2*word+gap))
	}
	for _, u := range units {
		out = binary.NativeEndian.AppendUint16(out, u)
	}
	return out
}

func TestCounted(t *testing.T) {
	const base = 0x10000
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"text", answer(`"C:\santé\galsvw64.exe" -r`, base, 0, -1), `"C:\santé\galsvw64.exe" -r`},
		{"empty", answer("", base, 0, -1), ""},
		{"longer-than-the-buffer", answer("galss", base, 0, 12), ""},
		{"points-behind-the-buffer", answer("galss", base, 1<<20, -1), ""},
		{"points-before-the-buffer", answer("galss", 0, 0, -1), ""},
		{"odd-length", answer("galss", base, 0, 3), "g"},
		{"cut", answer("galss", base, 0, -1)[:9], ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := counted(tt.in, base); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
