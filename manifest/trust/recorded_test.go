package trust_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// recordedOn is when the repository in testdata/recorded was made, with
// releve-repo: two publications, and a third one under a second root, which
// replaces a holder and the key of the timestamp. Whatever changes here or
// there, clients have to go on reading repositories like it.
func recordedOn() time.Time { return time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) }

func TestARecordedRepositoryIsRead(t *testing.T) {
	const dir = "testdata/recorded"
	root, err := os.ReadFile(dir + "/metadata/1.root.json")
	if err != nil {
		t.Fatal(err)
	}
	remote, err := trust.NewFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := trust.New(trust.Config{Root: root, Remote: remote, Cache: trusttest.NewCache(), Now: recordedOn})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"channels/stable.json": `"5.1.8"`, "components/cryptolib-cps/component.json": `"cryptolib-cps-5.1.8.tar.gz"`,
	} {
		blob, err := c.Authenticated(t.Context(), name)
		if err != nil || !strings.Contains(string(blob.Data), strings.Trim(want, `"`)) {
			t.Errorf("%s: got %s, %v", name, blob.Data, err)
		}
	}
	var got []int64
	for _, role := range c.Status().Roles {
		got = append(got, role.Version)
	}
	if want := []int64{2, 4, 4, 2, 2, 3}; !slices.Equal(got, want) {
		t.Errorf("versions: got %v, want %v", got, want)
	}
}
