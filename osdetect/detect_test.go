package osdetect

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"runtime"
	"testing"
)

func TestDetectThisMachine(t *testing.T) {
	family := map[string]string{"windows": "windows", "darwin": "macos", "linux": "linux"}[runtime.GOOS]
	if family == "" {
		t.Skip("no reader for this system")
	}
	f, err := Detect(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "not", "there", "yet")})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", f.Encode())
	if f["os.family"] != family || f["arch.process"] != runtime.GOARCH {
		t.Errorf("Detect: family %v on %v, want %s on %s", f["os.family"], f["arch.process"], family, runtime.GOARCH)
	}
	for _, path := range []string{"os.version", "arch.native", "elevated"} {
		if _, known := f.Lookup(path); !known {
			t.Errorf("Detect leaves %s unknown", path)
		}
	}
	if free, _ := f["disk.free_bytes"].(int64); free <= 0 {
		t.Errorf("Detect: disk.free_bytes %v for a directory that does not exist yet", f["disk.free_bytes"])
	}
	for path := range f {
		if p, listed := info(path); !listed || !p.Detected {
			t.Errorf("Detect finds %s, which the table of paths does not say", path)
		}
	}
	if kind, _ := f["session.kind"].(string); kind != Session() {
		t.Errorf("Detect: session.kind %q, Session: %q", kind, Session())
	}
	if again, err := ParseFacts(f.Encode()); err != nil || !maps.Equal(again, f) {
		t.Errorf("own facts are refused or changed: %v, %v", again, err)
	}
}

func TestDetectWithoutDir(t *testing.T) {
	f, err := Detect(t.Context(), Options{})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("no reader for this system")
	}
	if err != nil {
		t.Fatal(err)
	}
	if free, known := f.Lookup("disk.free_bytes"); known {
		t.Errorf("disk.free_bytes is %v of no volume", free)
	}
}

func TestDetectEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Detect(ctx, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Detect: error %v, want context.Canceled", err)
	}
}

func BenchmarkDetect(b *testing.B) {
	for b.Loop() {
		if _, err := Detect(b.Context(), Options{Dir: "."}); err != nil {
			b.Fatal(err)
		}
	}
}
