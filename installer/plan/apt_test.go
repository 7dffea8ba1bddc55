package plan

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/manifesttest"
)

// childCatalogue names the catalogue that this test binary, run again as a
// child, decodes and plans with before it ends.
const childCatalogue = "RELEVE_PLAN_CATALOGUE"

func TestMain(m *testing.M) {
	if path := os.Getenv(childCatalogue); path != "" {
		if err := planChild(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// planChild is the whole work of a planning process: read, decode, plan,
// print a line for each step, as apt-get -s does.
func planChild(path string) error {
	debug.SetGCPercent(400) // as cmd/releve does while it plans
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	in, err := catalogueInput(data)
	if err != nil {
		return err
	}
	p, err := Make(in)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for _, s := range p.Steps {
		fmt.Fprintf(&out, "%s %s %s\n", s.Action, s.Component, s.To)
	}
	_, err = os.Stdout.Write(out.Bytes())
	return err
}

func catalogueInput(data []byte) (Input, error) {
	m, err := unpack(data)
	if err != nil {
		return Input{}, err
	}
	v, err := manifest.Open(context.Background(), m, "stable")
	if err != nil {
		return Input{}, err
	}
	return Input{
		Request:  Request{Action: Install, Components: targets("c00000")},
		Manifest: v, Platform: manifest.MacOS, Facts: mac("12.7").lookup,
	}, nil
}

// chain is a catalogue of entries releases: components of so many versions
// each, of which every one needs the next one.
func chain(entries, versions int) []manifest.Component {
	count := entries / versions
	var out []manifest.Component
	for i := range count {
		name := fmt.Sprintf("c%05d", i)
		c := manifest.Component{Schema: manifest.Schema, Name: name, Title: manifest.Text{FR: "Composant", EN: "Component"}}
		for v := 1; v <= versions; v++ {
			r := release(name, fmt.Sprintf("1.%d.0", v), atLeast("10.15"))
			if i+1 < count {
				needs(fmt.Sprintf("c%05d", i+1), ">= 1.0.0, < 3.0.0")(&r)
			}
			c.Releases = append(c.Releases, r)
		}
		out = append(out, c)
	}
	return out
}

// pack writes the signed documents of a catalogue into one file: for each its
// name and length on a line, then its bytes.
func pack(tb testing.TB, comps []manifest.Component) []byte {
	tb.Helper()
	m := manifesttest.Memory{}
	ch := manifest.Channel{Schema: manifest.Schema, Name: "stable"}
	for _, c := range comps {
		m.Put(tb, manifest.ComponentPath(c.Name), c)
		o := manifest.Offer{Component: c.Name}
		for _, r := range c.Releases {
			o.Versions = append(o.Versions, r.Version)
		}
		ch.Offers = append(ch.Offers, o)
	}
	m.Put(tb, manifest.ChannelPath("stable"), ch)
	var b bytes.Buffer
	for name, doc := range m {
		fmt.Fprintf(&b, "%s %d\n%s", name, len(doc), doc)
	}
	return b.Bytes()
}

func unpack(data []byte) (manifesttest.Memory, error) {
	m := manifesttest.Memory{}
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		name, size, _ := strings.Cut(string(line), " ")
		n, err := strconv.Atoi(size)
		if err != nil || n > len(rest) {
			return nil, fmt.Errorf("the catalogue of a benchmark is damaged at %q", line)
		}
		m[name], data = rest[:n], rest[n:]
	}
	return m, nil
}

// aptRoot writes the same chain as a Debian repository index with nothing
// installed, and returns the arguments that make apt-get look there alone.
func aptRoot(tb testing.TB, comps []manifest.Component) []string {
	tb.Helper()
	root := tb.TempDir()
	for _, dir := range []string{"state/lists/partial", "cache/archives/partial", "etc/apt.conf.d",
		"etc/preferences.d", "etc/sources.list.d", "etc/trusted.gpg.d", "repo"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	var b bytes.Buffer
	for _, c := range comps {
		for _, r := range c.Releases {
			fmt.Fprintf(&b, "Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: nobody\nInstalled-Size: 1\n", c.Name, r.Version)
			for _, n := range r.Needs {
				fmt.Fprintf(&b, "Depends: %[1]s (>= 1.0.0), %[1]s (<< 3.0.0)\n", n.Component)
			}
			fmt.Fprintf(&b, "Filename: ./%s_%s.deb\nSize: 100\nSHA256: %s\nDescription: x\n\n", c.Name, r.Version, strings.Repeat("a", 64))
		}
	}
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(root, name), data, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	write("repo/Packages", b.Bytes())
	write("etc/sources.list", []byte("deb [trusted=yes] file:"+filepath.Join(root, "repo")+" ./\n"))
	write("state/status", nil)
	args := []string{
		"-o", "Dir=" + root, "-o", "Dir::Etc=" + root + "/etc", "-o", "Dir::State=" + root + "/state",
		"-o", "Dir::State::status=" + root + "/state/status", "-o", "Dir::Cache=" + root + "/cache",
		"-o", "APT::Architecture=amd64", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none",
		"-o", "APT::Install-Recommends=0",
	}
	update := exec.CommandContext(tb.Context(), "apt-get", append(args, "update")...)
	if out, err := update.CombinedOutput(); err != nil {
		tb.Skipf("apt-get cannot read the index: %v\n%s", err, out)
	}
	return args
}

// cpu runs a program and returns the processor time it took.
func cpu(b *testing.B, cmd *exec.Cmd, want string) time.Duration {
	b.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("%s: %v\n%.2000s", cmd.Path, err, out)
	}
	if !bytes.Contains(out, []byte(want)) {
		b.Fatalf("%s did not plan %q:\n%.2000s", cmd.Path, want, out)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

func median(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/2]) / float64(time.Millisecond)
}

// BenchmarkAgainstApt compares whole processes, turn by turn: decode a
// catalogue and plan a chain through all of it, and apt-get -s install of the
// same chain, with and without the binary cache that apt keeps of its index.
func BenchmarkAgainstApt(b *testing.B) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		b.Skip("there is no apt-get here")
	}
	// A chain of 10,000 components is left out: apt-get needs 12 s for it.
	for _, c := range []struct{ entries, versions int }{{1_000, 1}, {1_000, 10}, {10_000, 10}} {
		b.Run(fmt.Sprintf("entries=%d/versions=%d", c.entries, c.versions), func(b *testing.B) {
			againstApt(b, c.entries, c.versions)
		})
	}
}

func againstApt(b *testing.B, entries, versions int) {
	comps := chain(entries, versions)
	file := filepath.Join(b.TempDir(), "catalogue")
	if err := os.WriteFile(file, pack(b, comps), 0o644); err != nil {
		b.Fatal(err)
	}
	args := aptRoot(b, comps)
	last := comps[len(comps)-1].Name
	simulate := append(slices.Clone(args), "-s", "install", "c00000")
	fresh := append(slices.Clone(args), "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=", "-s", "install", "c00000")
	var ours, apt, cached []time.Duration
	for b.Loop() {
		child := exec.CommandContext(b.Context(), os.Args[0])
		child.Env = append(os.Environ(), childCatalogue+"="+file)
		ours = append(ours, cpu(b, child, "install "+last+" "))
		apt = append(apt, cpu(b, exec.CommandContext(b.Context(), "apt-get", fresh...), "Inst "+last))
		cached = append(cached, cpu(b, exec.CommandContext(b.Context(), "apt-get", simulate...), "Inst "+last))
	}
	a, f, c := median(ours), median(apt), median(cached)
	b.ReportMetric(a, "releve-ms")
	b.ReportMetric(f, "apt-ms")
	b.ReportMetric(c, "apt-cached-ms")
	b.ReportMetric(a/f, "ratio")
	b.ReportMetric(a/c, "ratio-cached")
}

// BenchmarkPlan is planning alone, the catalogue being decoded.
func BenchmarkPlan(b *testing.B) {
	for _, entries := range []int{1_000, 10_000} {
		for _, versions := range []int{1, 10} {
			b.Run(fmt.Sprintf("entries=%d/versions=%d", entries, versions), func(b *testing.B) {
				in, err := catalogueInput(pack(b, chain(entries, versions)))
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Make(in); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkDecode is the decoding alone.
func BenchmarkDecode(b *testing.B) {
	for _, entries := range []int{1_000, 10_000} {
		data := pack(b, chain(entries, 10))
		b.Run(fmt.Sprintf("entries=%d", entries), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := catalogueInput(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
