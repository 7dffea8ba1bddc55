package publish_test

import (
	"fmt"
	"testing"

	"github.com/releve-sante/releve/manifest/publish"
)

// BenchmarkDemonstration makes keys, three publishers and twelve releases,
// offers and publishes them, as the demonstration does before it begins.
func BenchmarkDemonstration(b *testing.B) {
	for b.Loop() {
		r, _ := newRepo(b)
		for _, name := range []string{"galss", "srvsvcnam", "cryptolib-cps"} {
			if err := r.Delegate(name, []string{"components/" + name + "/**"}); err != nil {
				b.Fatal(err)
			}
			var versions []string
			for v := range 4 {
				versions = append(versions, fmt.Sprintf("1.%d", v))
				if _, err := r.Add(b.Context(), addition(b, name, versions[v])); err != nil {
					b.Fatal(err)
				}
			}
			if err := r.SetChannel("stable", name, versions); err != nil {
				b.Fatal(err)
			}
		}
		if err := r.Publish(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkKey makes and opens one encrypted key: the price of scrypt.
func BenchmarkKey(b *testing.B) {
	password := func(string, bool) ([]byte, error) { return []byte("secret"), nil }
	for b.Loop() {
		dir := b.TempDir()
		keys, err := publish.NewDirKeys(dir, password, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := keys.Create("ans"); err != nil {
			b.Fatal(err)
		}
		if keys, err = publish.NewDirKeys(dir, password, nil); err != nil {
			b.Fatal(err)
		}
		if _, err := keys.Signer("ans"); err != nil {
			b.Fatal(err)
		}
	}
}
