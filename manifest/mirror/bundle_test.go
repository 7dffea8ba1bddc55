package mirror_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/store"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/mirror"
	"github.com/releve-sante/releve/manifest/publish"
	"github.com/releve-sante/releve/manifest/trust"
)

// published makes a repository of two components for two systems, in two
// channels, with a withdrawn release and one that no channel offers.
func published(t testing.TB) (dir string, root []byte) {
	t.Helper()
	dir = t.TempDir()
	r, err := publish.Init(publish.Config{Dir: dir, Keys: publish.NewMemoryKeys(), Now: time.Now})
	must(t, err)
	for _, release := range []struct {
		component, version string
		platform           manifest.Platform
		withdrawn          bool
	}{
		{"galss", "3.42", manifest.Windows, true},
		{"galss", "3.43", manifest.Windows, false},
		{"galss", "3.43", manifest.MacOS, false},
		{"galss", "4.0", manifest.Windows, false},
		{"cryptolib-cps", "5.1.5", manifest.Any, false},
	} {
		data := packed(t, release.version)
		next := manifest.Release{Version: release.version, Platform: release.platform, Backend: "bundle"}
		if release.withdrawn {
			next.Withdrawn = &manifest.Withdrawal{Because: manifest.Text{FR: "Retirée.", EN: "Withdrawn."}}
		}
		_, err := r.Add(t.Context(), publish.Addition{
			Component: release.component, Release: next, File: release.component + ".tar.gz",
			Payload: bytes.NewReader(data), Size: int64(len(data)),
		})
		must(t, err)
	}
	_, err = r.Attest(publish.Attestation{
		Component: "galss", Version: "3.43", Platform: manifest.MacOS, Data: []byte("{}"),
		Identity: "https://build.example/galss", Issuer: "https://issuer.example",
	})
	must(t, err)
	must(t, r.SetSigstoreRoot([]byte("{}")))
	must(t, r.SetChannel("stable", "galss", []string{"3.43", "3.42"}))
	must(t, r.SetChannel("stable", "cryptolib-cps", []string{"5.1.5"}))
	must(t, r.SetChannel("pilot", "galss", []string{"4.0"}))
	must(t, r.SetAdvisories([]byte(`{"schema":1,"advisories":[]}`)))
	must(t, r.Publish(t.Context()))
	root, err = r.Root()
	must(t, errors.Join(err, r.Close()))
	return dir, root
}

// packed is an archive of a file that cannot be compressed.
func packed(t testing.TB, version string) []byte {
	t.Helper()
	noise := make([]byte, 200_000)
	random := rand.New(rand.NewPCG(1, uint64(len(version))))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var data bytes.Buffer
	z := gzip.NewWriter(&data)
	w := tar.NewWriter(z)
	for name, content := range map[string][]byte{"VERSION": []byte(version), "noise": noise} {
		must(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}))
		_, err := w.Write(content)
		must(t, err)
	}
	must(t, errors.Join(w.Close(), z.Close()))
	return data.Bytes()
}

func opened(t testing.TB, dir string) *durable.Root {
	t.Helper()
	d, err := durable.Open(dir)
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	return d
}

func from(t testing.TB, source string, root []byte, s mirror.Selection) mirror.Config {
	t.Helper()
	remote, err := trust.NewRemote(source)
	must(t, err)
	return mirror.Config{Root: root, Remote: remote, Now: time.Now, Select: s}
}

// inside lists the names in a bundle, without digests.
func inside(t testing.TB, file string) []string {
	t.Helper()
	z, err := zip.OpenReader(file)
	must(t, err)
	var names []string
	for _, f := range z.File {
		dir, base := filepath.Split(f.Name)
		if digest, rest, ok := strings.Cut(base, "."); ok && len(digest) == 64 {
			base = rest
		}
		names = append(names, dir+base)
	}
	must(t, z.Close())
	return names
}

var stable = []string{
	"bundle.json", "metadata/1.root.json", "metadata/timestamp.json",
	"targets/advisories.json", "targets/channels/stable.json",
	"targets/components/cryptolib-cps/component.json", "targets/components/galss/component.json",
	"targets/sigstore/trusted_root.json",
}

func TestWhatIsInABundle(t *testing.T) {
	const (
		cryptolib = "targets/components/cryptolib-cps/5.1.5/any/cryptolib-cps.tar.gz"
		windows   = "targets/components/galss/3.43/windows/galss.tar.gz"
		macos     = "targets/components/galss/3.43/macos/galss.tar.gz"
		attested  = macos + ".sigstore.json"
		newer     = "targets/components/galss/4.0/windows/galss.tar.gz"
	)
	dir, root := published(t)
	for _, test := range []struct {
		name string
		s    mirror.Selection
		want []string
	}{
		{"one-system", mirror.Selection{Channels: []string{"stable"}, Platforms: []manifest.Platform{manifest.Windows}}, []string{cryptolib, windows}},
		{"two-systems", mirror.Selection{Channels: []string{"stable"}, Platforms: []manifest.Platform{manifest.MacOS, manifest.Windows}}, []string{cryptolib, macos, attested, windows}},
		{"every-system", mirror.Selection{Channels: []string{"stable"}}, []string{cryptolib, macos, attested, windows}},
		{"one-component", mirror.Selection{Channels: []string{"stable"}, Components: []string{"galss"}}, []string{macos, attested, windows}},
		{"two-channels", mirror.Selection{Channels: []string{"pilot", "stable"}, Components: []string{"galss"}}, []string{macos, attested, windows, newer, "targets/channels/pilot.json"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := t.TempDir()
			report, err := mirror.CreateBundle(t.Context(), from(t, dir, root, test.s), opened(t, out), "stick.zip", true)
			must(t, err)
			got := slices.DeleteFunc(inside(t, filepath.Join(out, "stick.zip")), func(name string) bool {
				return strings.Contains(name, ".snapshot.") || strings.Contains(name, ".targets.") || strings.Contains(name, ".catalogue.")
			})
			slices.Sort(got)
			want := slices.Sorted(slices.Values(append(slices.Clone(stable), test.want...)))
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if report.UntilRole != "timestamp" || len(report.Packages) != len(slices.DeleteFunc(slices.Clone(test.want), func(s string) bool { return !strings.HasSuffix(s, ".tar.gz") })) {
				t.Errorf("report: got %+v", report)
			}
			again, err := mirror.Verify(t.Context(), from(t, filepath.Join(out, "stick.zip"), root, mirror.Selection{}))
			if err != nil || again.Bytes != report.Bytes || again.Files != report.Files {
				t.Errorf("verified: got %+v, %v; want %+v", again, err, report)
			}
			if left, err := os.ReadDir(out); err != nil || len(left) != 1 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestEqualBundlesHaveEqualBytes whether they were made from a folder or from
// a server.
func TestEqualBundlesHaveEqualBytes(t *testing.T) {
	dir, root := published(t)
	server := httptest.NewServer(http.FileServerFS(os.DirFS(dir)))
	defer server.Close()
	var made [][]byte
	for _, source := range []struct {
		place string
		local bool
	}{{dir, true}, {dir, false}, {server.URL, false}} {
		out := t.TempDir()
		s := mirror.Selection{Channels: []string{"stable"}}
		_, err := mirror.CreateBundle(t.Context(), from(t, source.place, root, s), opened(t, out), "b.zip", source.local)
		must(t, err)
		data, err := os.ReadFile(filepath.Join(out, "b.zip"))
		must(t, err)
		made = append(made, data)
	}
	if !bytes.Equal(made[0], made[1]) || !bytes.Equal(made[0], made[2]) {
		t.Errorf("%d, %d and %d bytes differ", len(made[0]), len(made[1]), len(made[2]))
	}
}

func TestABundleIsRefused(t *testing.T) {
	dir, root := published(t)
	all := mirror.Selection{Channels: []string{"stable"}}
	for _, test := range []struct {
		name  string
		s     mirror.Selection
		spoil func(t *testing.T, dir string)
		want  string
	}{
		{"an-unknown-channel", mirror.Selection{Channels: []string{"stabel"}}, nil, manifest.CodeNoDocument},
		{"an-unknown-component", mirror.Selection{Channels: []string{"stable"}, Components: []string{"gals"}}, nil, mirror.CodeNotOffered},
		{"a-package-that-is-missing", all, func(t *testing.T, dir string) { must(t, os.Remove(aPackage(t, dir))) }, mirror.CodeIncomplete},
		{"a-package-that-was-changed", all, func(t *testing.T, dir string) {
			data, err := os.ReadFile(aPackage(t, dir))
			must(t, err)
			data[len(data)/2] ^= 1
			must(t, os.WriteFile(aPackage(t, dir), data, 0o600))
		}, mirror.CodeChanged},
		{"a-package-that-is-longer", all, func(t *testing.T, dir string) {
			f, err := os.OpenFile(aPackage(t, dir), os.O_APPEND|os.O_WRONLY, 0)
			must(t, err)
			_, err = f.WriteString("more")
			must(t, errors.Join(err, f.Close()))
		}, mirror.CodeChanged},
	} {
		t.Run(test.name, func(t *testing.T) {
			source, out := t.TempDir(), t.TempDir()
			must(t, os.CopyFS(source, os.DirFS(dir)))
			must(t, os.WriteFile(filepath.Join(out, "b.zip"), []byte("the former one"), 0o600))
			if test.spoil != nil {
				test.spoil(t, source)
			}
			_, err := mirror.CreateBundle(t.Context(), from(t, source, root, test.s), opened(t, out), "b.zip", true)
			if got := codeOf(err); got != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			left, err := os.ReadFile(filepath.Join(out, "b.zip"))
			if err != nil || string(left) != "the former one" {
				t.Errorf("the former bundle: %q, %v", left, err)
			}
			if entries, err := os.ReadDir(out); err != nil || len(entries) != 1 {
				t.Errorf("left behind: %v, %v", entries, err)
			}
		})
	}
}

// aPackage finds a package of GALSS in a repository.
func aPackage(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "targets/components/galss/3.43/windows/*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("got %q, %v", found, err)
	}
	return found[0]
}

// cutting serves a folder and breaks the first answers with a package in the
// middle.
type cutting struct {
	files http.Handler
	cuts  atomic.Int64
	sent  atomic.Int64 // bytes of packages
}

func (c *cutting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, ".tar.gz") {
		c.files.ServeHTTP(w, r)
		return
	}
	limit := int64(1) << 30
	if c.cuts.Add(-1) >= 0 {
		limit = 90_000
	}
	c.files.ServeHTTP(&limited{w, limit, &c.sent}, r)
}

type limited struct {
	http.ResponseWriter
	left int64
	sent *atomic.Int64
}

func (l *limited) Write(p []byte) (int, error) {
	n, err := l.ResponseWriter.Write(p[:min(int64(len(p)), l.left)])
	l.sent.Add(int64(n))
	if l.left -= int64(n); l.left == 0 {
		return n, io.ErrShortWrite
	}
	return n, err
}

// TestAnInterruptedTransferGoesOn cuts each transfer in its middle, and ends
// the run with it; the next run asks for the rest only.
func TestAnInterruptedTransferGoesOn(t *testing.T) {
	dir, root := published(t)
	for name, run := range map[string]func(c mirror.Config, d *durable.Root) error{
		"mirror": func(c mirror.Config, d *durable.Root) error {
			must(t, mirror.Claim(d))
			_, err := mirror.Run(t.Context(), c, d, false)
			return err
		},
		"bundle": func(c mirror.Config, d *durable.Root) error {
			_, err := mirror.CreateBundle(t.Context(), c, d, "b.zip", false)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			upstream := &cutting{files: http.FileServerFS(os.DirFS(dir))}
			upstream.cuts.Store(3)
			server := httptest.NewServer(upstream)
			defer server.Close()
			d := opened(t, t.TempDir())
			c := from(t, server.URL, root, mirror.Selection{Channels: []string{"stable"}, Components: []string{"galss"}})
			c.Download = store.Config{Tries: 1}
			runs := 1
			for ; ; runs++ {
				err := run(c, d)
				if err == nil {
					break
				}
				if codeOf(err) != trust.CodeCut || runs > 5 {
					t.Fatal(err)
				}
			}
			whole := int64(0)
			must(t, fs.WalkDir(os.DirFS(filepath.Join(dir, "targets/components/galss/3.43")), ".", func(_ string, e fs.DirEntry, err error) error {
				if err == nil && !e.IsDir() {
					info, infoErr := e.Info()
					must(t, infoErr)
					whole += info.Size()
				}
				return err
			}))
			if sent := upstream.sent.Load(); runs < 2 || sent > whole*105/100 {
				t.Errorf("%d runs sent %d bytes of %d", runs, sent, whole)
			}
		})
	}
}
