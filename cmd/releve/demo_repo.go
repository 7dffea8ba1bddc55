//go:build !nodemo

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
	"github.com/releve-sante/releve/manifest/reference"
)

// lineRate is how fast the demonstration's server sends packages, in bytes a
// second: about a fibre line, slow enough for progress to be seen.
const lineRate = 12 << 20

// standIn is a package of the demonstration: real name and version, random
// content.
type standIn struct {
	component, version string
	megabytes          int
	faulty             bool // its probe fails, on purpose
}

// standIns are the releases that the story of 2020 speaks of, and the next.
func standIns() []standIn {
	return []standIn{
		{component: "galss", version: "3.42.03", megabytes: 4},
		{component: "galss", version: "3.43.02", megabytes: 4},
		{component: "srvsvcnam", version: "3.40.02", megabytes: 3},
		{component: "srvsvcnam", version: "3.42.02", megabytes: 3},
		{component: faultyComponent, version: faultyVersion, megabytes: 3, faulty: true},
		{component: "cryptolib-cps", version: "5.1.5", megabytes: 6},
		{component: "cryptolib-cps", version: "5.1.8", megabytes: 6},
		{component: "cryptolib-cps", version: "5.2.1", megabytes: 7},
	}
}

// publishers maps each publisher's key to the component it alone signs for.
func publishers() map[string]string {
	return map[string]string{"gie-sesam-vitale": "galss", "cnam": "srvsvcnam", "ans": "cryptolib-cps"}
}

// served is the demonstration's repository, on a loopback address.
type served struct {
	address  string
	releases int
	bytes    int64
}

// publishRepository makes keys, signs the stand-ins with the rules of the
// reference catalogue, publishes, and serves the result on loopback.
func (d *demo) publishRepository(ctx context.Context) (served, error) {
	dir := filepath.Join(d.dir, "repository")
	repo, err := publish.Init(publish.Config{Dir: dir, Keys: publish.NewMemoryKeys(), Now: d.a.now})
	if err != nil {
		return served{}, err
	}
	s, err := d.fill(ctx, repo)
	if err = errors.Join(err, repo.Close()); err != nil {
		return s, err
	}
	root, err := os.ReadFile(filepath.Join(dir, "metadata", "1.root.json"))
	if err != nil {
		return s, err
	}
	d.a.flags.trustRoot = filepath.Join(d.dir, "root.json")
	if err := os.WriteFile(d.a.flags.trustRoot, root, 0o600); err != nil {
		return s, err
	}
	s.address, err = d.serve(ctx, dir)
	d.a.flags.repos = []string{s.address}
	return s, err
}

// fill signs delegations, releases, channel and advisories.
func (d *demo) fill(ctx context.Context, repo *publish.Repo) (s served, err error) {
	catalogue, err := reference.Open(ctx)
	if err != nil {
		return s, err
	}
	keys := publishers()
	for _, publisher := range sortedKeys(keys) {
		if err := repo.Delegate(publisher, []string{"components/" + keys[publisher] + "/**"}); err != nil {
			return s, err
		}
		if err := d.describe(repo, catalogue, keys[publisher]); err != nil {
			return s, err
		}
	}
	offers := map[string][]string{}
	for _, p := range standIns() {
		size, err := d.add(ctx, repo, catalogue, p)
		if err != nil {
			return s, err
		}
		s.releases++
		s.bytes += size
		offers[p.component] = append(offers[p.component], p.version)
	}
	for _, component := range sortedKeys(offers) {
		if err := repo.SetChannel(d.a.flags.channel, component, offers[component]); err != nil {
			return s, err
		}
	}
	advisories, err := manifest.Encode(manifest.Advisories{Schema: manifest.Schema, Advisories: catalogue.Advisories()})
	if err != nil {
		return s, err
	}
	if err := repo.SetAdvisories(advisories); err != nil {
		return s, err
	}
	return s, repo.Publish(ctx)
}

// describe gives a component its real title, and the settings file that the
// story watches.
func (d *demo) describe(repo *publish.Repo, catalogue manifest.Verified, component string) error {
	real, ok := catalogue.Component(component)
	if !ok {
		return fmt.Errorf("component %q is not in the reference catalogue", component)
	}
	return repo.SetComponent(component, publish.Description{
		Title: real.Title, Publisher: real.Publisher,
		Settings: []manifest.Setting{{Platform: manifest.Any, Path: settingsFile}},
	})
}

// add signs one stand-in. Its rules are those that the reference catalogue
// knows for the real release of the same version, so that what is refused
// here is what would be refused there.
func (d *demo) add(ctx context.Context, repo *publish.Repo, catalogue manifest.Verified, p standIn) (int64, error) {
	release := manifest.Release{Version: p.version, Platform: d.platform(), Backend: "bundle"}
	if real, ok := catalogue.Find(p.component, p.version, d.platform()); ok {
		release.Requires, release.Date, release.Source = real.Requires, real.Date, real.Source
	}
	release.Probes = []manifest.Probe{{
		Kind: manifest.ProbeFile, Path: "probe.txt", Contains: "ready",
		Because: manifest.Text{FR: "Le composant ne répond pas.", EN: "The component does not answer."},
	}}
	data, err := archive(p)
	if err != nil {
		return 0, err
	}
	_, err = repo.Add(ctx, publish.Addition{
		Component: p.component, Release: release,
		File: p.component + "-" + p.version + ".tar.zst", Payload: bytes.NewReader(data), Size: int64(len(data)),
	})
	return int64(len(data)), err
}

// platform is the platform of the story's machine.
func (d *demo) platform() manifest.Platform {
	return manifest.PlatformOf(d.fact("os.family"))
}

// archive packs a stand-in: a note, a probe, and random bytes, which no
// compression shortens.
func archive(p standIn) ([]byte, error) {
	var seed [32]byte
	copy(seed[:], p.component+" "+p.version)
	random := rand.NewChaCha8(seed)
	probe := "ready\n"
	if p.faulty {
		probe = "faulty on purpose\n"
	}
	var out bytes.Buffer
	zw, err := zstd.NewWriter(&out, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	tw := tar.NewWriter(zw)
	add := func(name string, size int64, content io.Reader) error {
		if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size, Format: tar.FormatPAX}); err != nil {
			return err
		}
		_, err := io.CopyN(tw, content, size)
		return err
	}
	note := fmt.Sprintf("Stand-in for %s %s, made by releve demo. Not the real component.\n", p.component, p.version)
	err = errors.Join(
		add("README.txt", int64(len(note)), bytes.NewBufferString(note)),
		add("probe.txt", int64(len(probe)), bytes.NewBufferString(probe)))
	for i := 0; err == nil && i < p.megabytes; i++ {
		err = add(fmt.Sprintf("lib/part-%02d.bin", i), 1<<20, random)
	}
	if err := errors.Join(err, tw.Close(), zw.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// serve answers on a free loopback port until the story closes it.
func (d *demo) serve(ctx context.Context, dir string) (string, error) {
	handler, err := publish.Handler(dir)
	if err != nil {
		return "", err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			handler.ServeHTTP(&pacedWriter{ResponseWriter: w}, r)
		}),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l) // ends with ErrServerClosed
	}()
	d.close = append(d.close, sync.OnceFunc(func() {
		_ = server.Close()
		<-ended
	}))
	return "http://" + l.Addr().String(), nil
}

// pacedWriter sends no faster than lineRate.
type pacedWriter struct{ http.ResponseWriter }

// Write sends p in pieces with pauses.
func (w *pacedWriter) Write(p []byte) (n int, err error) {
	const piece = lineRate / 50
	for len(p) > 0 {
		m, err := w.ResponseWriter.Write(p[:min(len(p), piece)])
		n += m
		if err != nil {
			return n, err
		}
		if m == piece {
			time.Sleep(time.Second / 50)
		}
		p = p[m:]
	}
	return n, nil
}
