package store_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/installer/store"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/delta/archive"
)

// update is a release, the files of the version before it, and the delta
// between them, with what a repository holds of it.
type update struct {
	base     fstest.MapFS
	plain    []byte
	artifact manifest.Artifact
	delta    manifest.Delta
	remote   shelf
}

// shelf is a Remote in memory, by name.
type shelf map[string][]byte

func (s shelf) Open(_ context.Context, name string, offset int64) (io.ReadCloser, int64, error) {
	data, ok := s[name]
	if !ok {
		return nil, 0, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return io.NopCloser(bytes.NewReader(data[offset:])), offset, nil
}

// put adds a file as a repository names it.
func (s shelf) put(name string, data []byte) (length int64, digest string) {
	sum := sha256.Sum256(data)
	digest = hex.EncodeToString(sum[:])
	s[path.Join("targets", path.Dir(name), digest+"."+path.Base(name))] = data
	return int64(len(data)), digest
}

func tarOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		must(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))}))
		_, err := io.WriteString(w, files[name])
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

// newUpdate is an update that changes a few bytes of one file of three.
func newUpdate(t testing.TB) *update {
	t.Helper()
	same, program := string(content(30_000, 1)), content(80_000, 2)
	old := map[string]string{"same.bin": same, "program.exe": string(program), "VERSION": "1"}
	program[40_000] ^= 1
	next := map[string]string{"same.bin": same, "program.exe": string(program), "VERSION": "2"}
	u := &update{base: fstest.MapFS{}, plain: tarOf(t, next), remote: shelf{}}
	for name, data := range old {
		u.base[name] = &fstest.MapFile{Data: []byte(data)}
	}
	var packed, d bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(u.plain)
	must(t, errors.Join(err, z.Close()))
	tree, err := archive.ReadTree(t.Context(), bytes.NewReader(tarOf(t, old)), 1<<30)
	must(t, err)
	_, err = archive.Make(t.Context(), &d, tree, bytes.NewReader(u.plain))
	must(t, err)
	sum := sha256.Sum256(u.plain)
	u.artifact = manifest.Artifact{
		Path:  "components/galss/2/any/galss-2.tar.gz",
		Plain: &manifest.Plain{Length: int64(len(u.plain)), SHA256: hex.EncodeToString(sum[:])},
	}
	u.delta = manifest.Delta{From: "1", Path: "components/galss/2/any/from-1.delta"}
	u.artifact.Length, u.artifact.SHA256 = u.remote.put(u.artifact.Path, packed.Bytes())
	u.delta.Length, u.delta.SHA256 = u.remote.put(u.delta.Path, d.Bytes())
	return u
}

func (u *update) store(d durable.Dir) *store.Store {
	return store.New(store.Config{Dir: d, Remote: u.remote})
}

// checkHeld opens the package in whatever form it is held.
func (u *update) checkHeld(t *testing.T, st *store.Store, name string) {
	t.Helper()
	p, err := st.Package(u.artifact)
	must(t, err)
	if p.Name() != name {
		t.Errorf("got name %q, want %q", p.Name(), name)
	}
	f, err := p.Open()
	must(t, err)
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		r, err = gzip.NewReader(f)
		must(t, err)
	}
	got, err := io.ReadAll(r)
	must(t, errors.Join(err, f.Close()))
	if !bytes.Equal(got, u.plain) {
		t.Errorf("the package holds %d other bytes, want %d", len(got), len(u.plain))
	}
}

// checkDisk wants exactly these files in the store.
func checkDisk(t *testing.T, d *durabletest.Disk, names ...string) {
	t.Helper()
	want := []string{"store/"}
	for _, name := range names {
		want = append(want, "store/"+name)
	}
	if got := slices.Sorted(maps.Keys(d.Snapshot())); !slices.Equal(got, want) {
		t.Errorf("the disk holds %q, want %q", got, want)
	}
}

func TestRebuild(t *testing.T) {
	u := newUpdate(t)
	delete(u.remote, "targets/components/galss/2/any/"+u.artifact.SHA256+".galss-2.tar.gz")
	d := durabletest.NewDisk()
	var told []int64
	must(t, u.store(d).Rebuild(t.Context(), u.artifact, u.delta, u.base, store.Watch{Progress: func(done, total int64) {
		if total != u.delta.Length {
			t.Errorf("total is %d, want %d", total, u.delta.Length)
		}
		told = append(told, done)
	}}))
	if !slices.IsSorted(told) || told[len(told)-1] != u.delta.Length {
		t.Errorf("progress went %v", told)
	}
	checkDisk(t, d, u.artifact.Plain.SHA256)
	d = d.Restart(durabletest.LoseAll())
	st := u.store(d)
	u.checkHeld(t, st, "galss-2.tar")
	must(t, st.Fetch(t.Context(), u.artifact, quiet)) // nothing is missing
	must(t, st.Rebuild(t.Context(), u.artifact, u.delta, nil, quiet))
	must(t, st.Prune(store.Digests(u.artifact)))
	u.checkHeld(t, st, "galss-2.tar")
	must(t, st.Prune(nil))
	if st.Has(u.artifact) {
		t.Error("it is held after it was pruned")
	}
}

// TestRebuildFails wants the code, nothing left on the disk, and a Fetch that
// still gets the package.
func TestRebuildFails(t *testing.T) {
	carrier := func(u *update) string {
		return path.Join("targets", path.Dir(u.delta.Path), u.delta.SHA256+"."+path.Base(u.delta.Path))
	}
	tests := []struct {
		name   string
		change func(u *update)
		want   string
	}{
		{"patched-file-changed", func(u *update) { u.base["program.exe"].Data[7] ^= 1 }, store.CodeNotRebuilt},
		{"kept-file-changed", func(u *update) { u.base["same.bin"].Data[7] ^= 1 }, store.CodeNotRebuilt},
		{"kept-file-longer", func(u *update) { u.base["same.bin"].Data = append(u.base["same.bin"].Data, 'x') }, store.CodeNotRebuilt},
		{"kept-file-missing", func(u *update) { delete(u.base, "same.bin") }, store.CodeNotRebuilt},
		{"no-files-at-all", func(u *update) { clear(u.base) }, store.CodeNotRebuilt},
		{"delta-missing", func(u *update) { delete(u.remote, carrier(u)) }, store.CodeNotFound},
		{"delta-damaged", func(u *update) { u.remote[carrier(u)][20] ^= 1 }, store.CodeWrongContent},
		{"delta-for-another-package", func(u *update) { u.artifact.Plain.SHA256 = strings.Repeat("0", 64) }, store.CodeNotRebuilt},
		{"delta-makes-more", func(u *update) { u.artifact.Plain.Length-- }, store.CodeNotRebuilt},
		{"delta-makes-less", func(u *update) { u.artifact.Plain.Length++ }, store.CodeNotRebuilt},
		{"signed-nonsense", func(u *update) {
			u.delta.Length, u.delta.SHA256 = u.remote.put(u.delta.Path, content(5_000, 3))
		}, store.CodeNotRebuilt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUpdate(t)
			tt.change(u)
			d := durabletest.NewDisk()
			st := u.store(d)
			if err := st.Rebuild(t.Context(), u.artifact, u.delta, u.base, quiet); code(err) != tt.want {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
			checkDisk(t, d.Restart(durabletest.KeepAll()))
			must(t, st.Fetch(t.Context(), u.artifact, quiet))
			u.checkHeld(t, st, "galss-2.tar.gz")
		})
	}
}

func TestRebuildOnlyWhatIsSigned(t *testing.T) {
	u := newUpdate(t)
	bare := u.artifact
	bare.Plain = nil
	if err := u.store(durabletest.NewDisk()).Rebuild(t.Context(), bare, u.delta, u.base, quiet); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("without a digest of the tar: got %v", err)
	}
	wrong := u.artifact
	wrong.Plain = &manifest.Plain{Length: 1, SHA256: "../" + u.artifact.Plain.SHA256[3:]}
	if err := u.store(durabletest.NewDisk()).Rebuild(t.Context(), wrong, u.delta, u.base, quiet); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("with a path as digest: got %v", err)
	}
}

// TestADamagedTarIsFetchedWhole changes what was rebuilt after it was kept.
func TestADamagedTarIsFetchedWhole(t *testing.T) {
	u, d := newUpdate(t), durabletest.NewDisk()
	st := u.store(d)
	must(t, st.Rebuild(t.Context(), u.artifact, u.delta, u.base, quiet))
	u.plain[100] ^= 1
	must(t, durable.WriteFile(d, "store/"+u.artifact.Plain.SHA256, u.plain, 0o600))
	u.plain[100] ^= 1
	p, err := st.Package(u.artifact)
	must(t, err)
	if _, err := p.Open(); code(err) != store.CodeDamaged {
		t.Fatalf("got %v", err)
	}
	must(t, st.Fetch(t.Context(), u.artifact, quiet))
	u.checkHeld(t, st, "galss-2.tar.gz")
}

// TestRebuildStopped ends the context after the download: the delta stays for
// the next run, what was begun does not.
func TestRebuildStopped(t *testing.T) {
	u, d := newUpdate(t), durabletest.NewDisk()
	ctx, cancel := context.WithCancel(t.Context())
	err := u.store(d).Rebuild(ctx, u.artifact, u.delta, stopping{u.base, cancel}, quiet)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	checkDisk(t, d, u.delta.SHA256)
	clear(u.remote)
	must(t, u.store(d).Rebuild(t.Context(), u.artifact, u.delta, u.base, quiet))
	u.checkHeld(t, u.store(d), "galss-2.tar")
}

// stopping ends a context when the first file is opened.
type stopping struct {
	fs.FS
	stop func()
}

func (s stopping) Open(name string) (fs.File, error) {
	s.stop()
	return s.FS.Open(name)
}

// TestEveryCutOfARebuild cuts the power at every operation. What is held
// afterwards is whole, and the next call gets the package either way.
func TestEveryCutOfARebuild(t *testing.T) {
	u := newUpdate(t)
	run := func(d durable.Dir) error {
		return u.store(d).Rebuild(context.Background(), u.artifact, u.delta, u.base, quiet)
	}
	whole := durabletest.NewDisk()
	must(t, run(whole))
	points := 0
	for n := 1; n <= whole.Ops(); n++ {
		d := durabletest.NewDisk()
		d.CutAfter(n)
		if err := run(d); !errors.Is(err, durabletest.ErrPower) {
			t.Fatalf("cut at %s: got %v", whole.Op(n), err)
		}
		for seed := range uint64(6) {
			points++
			after := d.Restart(durabletest.LoseSome(seed))
			if got, ok := after.Snapshot()["store/"+u.artifact.Plain.SHA256]; ok && got != string(u.plain) {
				t.Fatalf("%s, seed %d: a tar with other bytes", whole.Op(n), seed)
			}
			if err := run(after); err != nil {
				t.Fatalf("%s, seed %d: the next run: %v", whole.Op(n), seed, err)
			}
			u.checkHeld(t, u.store(after.Restart(durabletest.LoseAll())), "galss-2.tar")
			must(t, u.store(after).Prune(store.Digests(u.artifact)))
			checkDisk(t, after, u.artifact.Plain.SHA256)
		}
	}
	t.Logf("%d power cuts", points)
}

// TestAFullDiskWhileRebuilding fails each operation for lack of space: it is
// told as that, and once there is space the package is to be had.
func TestAFullDiskWhileRebuilding(t *testing.T) {
	u := newUpdate(t)
	whole := durabletest.NewDisk()
	must(t, u.store(whole).Rebuild(t.Context(), u.artifact, u.delta, u.base, quiet))
	for n := 1; n <= whole.Ops(); n++ {
		d := durabletest.NewDisk()
		d.FailAt(n, syscall.ENOSPC)
		st := u.store(d)
		if err := st.Rebuild(t.Context(), u.artifact, u.delta, u.base, quiet); !errors.Is(err, syscall.ENOSPC) || code(err) != "" {
			t.Errorf("%s: got %v", whole.Op(n), err)
		}
		if part, ok := d.Snapshot()["store/"+u.artifact.Plain.SHA256+".part"]; ok {
			t.Errorf("%s: %d bytes of the tar were left", whole.Op(n), len(part))
		}
		must(t, st.Fetch(t.Context(), u.artifact, quiet))
		if !st.Has(u.artifact) {
			t.Errorf("%s: not held after a fetch", whole.Op(n))
		}
	}
}
