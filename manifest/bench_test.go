package manifest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	goversion "github.com/hashicorp/go-version"
)

// catalogue is a component document of n releases like those of a real one.
func catalogue(b *testing.B, n int) []byte {
	b.Helper()
	c := Component{Schema: Schema, Name: "galss", Title: Text{"GALSS", "GALSS"}}
	for i := range n {
		version := fmt.Sprintf("%d.%d.%d", i/100, i/10%10, i%10)
		c.Releases = append(c.Releases, Release{
			Version: version, Platform: Windows, Date: "2024-09-16", Backend: "bundle",
			Artifact: &Artifact{
				Path:   "components/galss/" + version + "/windows/galss-" + version + ".tar.zst",
				Length: 7340032, SHA256: fmt.Sprintf("%064x", i), Unpacked: 20971520, Entries: 41,
			},
			Requires: []Rule{{
				Code:    "windows-too-old",
				Require: Condition{Fact: "os.build", In: ">= 19045, != 28000"},
				Because: Text{"Le système est trop ancien.", "The system is too old."},
			}},
			Needs: []Need{{Component: "fsv", In: ">= 1.4.0, < 3.0.0"}},
		})
	}
	data, err := Encode(c)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

// BenchmarkParseComponent times ParseComponent, checks included, against
// encoding/json into the same type.
func BenchmarkParseComponent(b *testing.B) {
	for _, n := range []int{10, 1000, 10000} {
		data := catalogue(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			var ours, peer time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := ParseComponent(data); err != nil {
					b.Fatal(err)
				}
				middle := time.Now()
				if err := json.Unmarshal(data, new(Component)); err != nil {
					b.Fatal(err)
				}
				ours += middle.Sub(start)
				peer += time.Since(middle)
			}
			b.ReportMetric(float64(ours.Microseconds())/float64(b.N), "µs/parse")
			b.ReportMetric(float64(peer.Microseconds())/float64(b.N), "µs/encoding-json")
			b.ReportMetric(float64(ours)/float64(peer), "ratio")
		})
	}
}

func BenchmarkParseVersion(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseVersion("3.42.03"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("go-version", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := goversion.NewVersion("3.42.03"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkRange(b *testing.B) {
	const text = ">= 1.4.0, < 3.0.0"
	v := parsed(b, "2.1.7")
	r, err := ParseRange(text)
	if err != nil {
		b.Fatal(err)
	}
	peer, err := goversion.NewConstraint(text)
	if err != nil {
		b.Fatal(err)
	}
	pv := goversion.Must(goversion.NewVersion("2.1.7"))
	for name, run := range map[string]func() bool{
		"parse":            func() bool { _, err := ParseRange(text); return err == nil },
		"parse-go-version": func() bool { _, err := goversion.NewConstraint(text); return err == nil },
		"check":            func() bool { return r.Contains(v) },
		"check-go-version": func() bool { return peer.Check(pv) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !run() {
					b.Fatal("refused")
				}
			}
		})
	}
}

func BenchmarkRuleCheck(b *testing.B) {
	b.ReportAllocs()
	r := Rule{Require: Condition{All: []Condition{
		{Fact: "os.family", Is: "macos"}, {Fact: "os.version", In: ">= 10.15"},
	}}}
	l := mojave()
	for b.Loop() {
		if r.Check(l).Holds != False {
			b.Fatal("holds")
		}
	}
}
