package mirror_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/manifest/mirror"
	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// served reads a durable.Dir as a static server does.
type served struct{ durable.Dir }

func (s served) Open(_ context.Context, name string, offset int64) (io.ReadCloser, int64, error) {
	f, err := s.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, 0, err
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, 0, err
	}
	return f, offset, nil
}

// asked counts what is asked of a remote.
type asked struct {
	trust.Remote
	targets int // files below targets/
}

func (a *asked) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, int64, error) {
	if strings.HasPrefix(name, "targets/") {
		a.targets++
	}
	return a.Remote.Open(ctx, name, offset)
}

func config(r *trusttest.Repo) mirror.Config {
	return mirror.Config{Root: r.Root(), Remote: r, Now: trusttest.Start}
}

func copied(t testing.TB, c mirror.Config, d durable.Dir) mirror.Report {
	t.Helper()
	must(t, mirror.Claim(d))
	report, err := mirror.Run(context.Background(), c, d, false)
	must(t, err)
	return report
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// state reads all that a workstation reads, and names it by the version of
// its timestamp.
func state(root []byte, remote trust.Remote, now func() time.Time) (string, error) {
	c, err := trust.New(trust.Config{Root: root, Remote: remote, Cache: trusttest.NewCache(), Now: now})
	if err != nil {
		return "", err
	}
	if err := c.Refresh(context.Background()); err != nil {
		return "", err
	}
	inventory, err := c.Inventory(context.Background())
	if err != nil {
		return "", err
	}
	for _, target := range inventory.Targets {
		if _, err := c.Authenticated(context.Background(), target.Path); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("timestamp %d", c.Status().Roles[1].Version), nil
}

func codeOf(err error) string {
	var coded interface{ Code() string }
	if errors.As(err, &coded) {
		return coded.Code()
	}
	return fmt.Sprint(err)
}

// next publishes a change to every document, and a new one.
func next(r *trusttest.Repo) {
	r.Put(trusttest.DocChannel, []byte(fmt.Sprintf(`{"of":"catalogue %d"}`, r.Version("timestamp"))))
	r.Put("components/galss/4.0/any/galss.zip", []byte(strings.Repeat("package", 1000)))
	r.Publish()
}

func TestAMirrorIsTheRepository(t *testing.T) {
	r, d := trusttest.New(t), durabletest.NewDisk()
	next(r)
	report := copied(t, config(r), d)
	if report.NewFiles != 4 || report.NewBytes != report.Bytes || report.UntilRole != "timestamp" {
		t.Errorf("first run: got %+v", report)
	}
	got, err := state(r.Root(), served{d}, trusttest.Start)
	if err != nil || got != "timestamp 11" {
		t.Errorf("got %q, %v", got, err)
	}
	upstream := &asked{Remote: r}
	c := config(r)
	c.Remote = upstream
	report = copied(t, c, d)
	if report.NewFiles != 0 || report.NewBytes != 0 || upstream.targets != 0 {
		t.Errorf("second run: got %+v, %d files of the upstream", report, upstream.targets)
	}
	r.Put(trusttest.DocANS, []byte(`{"of":"ans, again"}`))
	r.Publish()
	report = copied(t, c, d)
	if report.NewFiles != 1 || upstream.targets != 1 {
		t.Errorf("third run: got %+v, %d files of the upstream", report, upstream.targets)
	}
}

func TestABadUpstreamChangesNothing(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, r *trusttest.Repo, c *mirror.Config)
		want  string
	}{
		{"expired", func(_ *testing.T, _ *trusttest.Repo, c *mirror.Config) {
			c.Now = func() time.Time { return trusttest.Start().AddDate(0, 0, 2) }
		}, trust.CodeExpired},
		{"a-document-that-is-missing", func(_ *testing.T, r *trusttest.Repo, _ *mirror.Config) {
			next(r)
			r.Forge(r.TargetFile(trusttest.DocChannel), nil)
		}, trust.CodeNotFound},
		{"a-package-with-other-bytes", func(_ *testing.T, r *trusttest.Repo, _ *mirror.Config) {
			next(r)
			r.Forge(r.TargetFile("components/galss/4.0/any/galss.zip"), []byte(strings.Repeat("PACKAGE", 1000)))
		}, "network-wrong-content"},
		{"a-role-that-is-missing", func(_ *testing.T, r *trusttest.Repo, _ *mirror.Config) {
			next(r)
			r.Forge(r.FileOf(trusttest.GIE), nil)
		}, trust.CodeMissingRole},
		{"a-web-page", func(_ *testing.T, r *trusttest.Repo, _ *mirror.Config) {
			next(r)
			r.Serve("*", trusttest.HTML)
		}, trust.CodeNotJSON},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, d := trusttest.New(t), durabletest.NewDisk()
			c := config(r)
			copied(t, c, d)
			was, err := state(r.Root(), served{d}, trusttest.Start)
			must(t, err)
			test.spoil(t, r, &c)
			if _, err := mirror.Run(t.Context(), c, d, true); codeOf(err) != test.want {
				t.Fatalf("got %v, want %s", err, test.want)
			}
			if got, err := state(r.Root(), served{d}, trusttest.Start); err != nil || got != was {
				t.Errorf("serves %q, %v; want %q", got, err, was)
			}
		})
	}
}

// TestAnOlderUpstreamIsRefused also when the mirror lost what it knew.
func TestAnOlderUpstreamIsRefused(t *testing.T) {
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprintf("lost-%v", lost), func(t *testing.T) {
			r, d := trusttest.New(t), durabletest.NewDisk()
			old := r.Clone()
			next(r)
			copied(t, config(r), d)
			if lost {
				must(t, d.RemoveAll(mirror.Folder+"/trust"))
			}
			if _, err := mirror.Run(t.Context(), config(old), d, true); codeOf(err) != trust.CodeRolledBack {
				t.Fatalf("got %v, want %s", err, trust.CodeRolledBack)
			}
			if got, err := state(r.Root(), served{d}, trusttest.Start); err != nil || got != "timestamp 11" {
				t.Errorf("serves %q, %v", got, err)
			}
		})
	}
}

func TestPruneKeepsTheFormerState(t *testing.T) {
	r, d := trusttest.New(t), durabletest.NewDisk()
	var files []string // the channel of each state
	for n := range 4 {
		if n == 2 {
			r.PublishRoot()
		}
		next(r)
		files = append(files, r.TargetFile(trusttest.DocChannel), r.FileOf("snapshot"))
		must(t, mirror.Claim(d))
		report, err := mirror.Run(t.Context(), config(r), d, true)
		must(t, err)
		if n > 1 && report.Removed == 0 {
			t.Errorf("run %d removed nothing", n+1)
		}
	}
	for n, name := range files {
		_, err := d.Lstat(name)
		if gone := errors.Is(err, fs.ErrNotExist); gone != (n < 4) {
			t.Errorf("%s of state %d: %v", name, n/2+1, err)
		}
	}
	for _, name := range []string{"metadata/1.root.json", "metadata/2.root.json"} {
		if _, err := d.Lstat(name); err != nil {
			t.Error(err)
		}
	}
}

// TestPruneWithoutANote removes nothing when nobody knows what is in use.
func TestPruneWithoutANote(t *testing.T) {
	r, d := trusttest.New(t), durabletest.NewDisk()
	copied(t, config(r), d)
	must(t, durable.WriteFile(d, mirror.Folder+"/generations.json", []byte("{"), 0o600))
	next(r)
	report, err := mirror.Run(t.Context(), config(r), d, true)
	if err != nil || report.Removed != 0 {
		t.Errorf("got %+v, %v", report, err)
	}
}

func TestClaim(t *testing.T) {
	for _, test := range []struct{ name, has, want string }{
		{"an-empty-folder", "", "<nil>"},
		{"a-folder-with-something-else", "index.html", "<nil>"},
		{"a-mirror", mirror.Folder, "<nil>"},
		{"the-repository-of-a-publisher", "metadata", mirror.CodeNotAMirror},
		{"packages-of-somebody", "targets", mirror.CodeNotAMirror},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := durabletest.NewDisk()
			if test.has != "" {
				must(t, d.Mkdir(test.has, 0o755))
			}
			if got := codeOf(mirror.Claim(d)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestTheRootIsKept(t *testing.T) {
	r, d := trusttest.New(t), durabletest.NewDisk()
	if _, err := mirror.KeptRoot(d); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the first run: got %v", err)
	}
	copied(t, config(r), d)
	root, err := mirror.KeptRoot(d)
	if err != nil || string(root) != string(r.Root()) {
		t.Errorf("got %q, %v", root, err)
	}
}

// TestAMirrorIsReadWhileItIsWritten lets workstations read a mirror through a
// static server, again and again, while it follows its upstream.
func TestAMirrorIsReadWhileItIsWritten(t *testing.T) {
	r, dir := trusttest.New(t), t.TempDir()
	d := opened(t, dir)
	copied(t, config(r), d)
	server := httptest.NewServer(http.FileServerFS(os.DirFS(dir)))
	defer server.Close()
	root, done := r.Root(), make(chan struct{})
	var readers sync.WaitGroup
	var reads atomic.Int64
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				remote, err := trust.NewRemote(server.URL)
				if err == nil {
					_, err = state(root, remote, trusttest.Start)
				}
				if err != nil {
					t.Error(err)
					return
				}
				reads.Add(1)
			}
		})
	}
	for range 6 {
		next(r)
		copied(t, config(r), d)
	}
	close(done)
	readers.Wait()
	t.Logf("%d reads", reads.Load())
}
