package trust_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/manifest/trust/trusttest"
)

// listed refreshes a new client and lists the repository.
func listed(t *testing.T, r *trusttest.Repo, root []byte) (trust.Inventory, error) {
	t.Helper()
	c, err := trust.New(trust.Config{Root: root, Remote: r, Cache: trusttest.NewCache(), Now: trusttest.Start})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c.Inventory(t.Context())
}

func names(i trust.Inventory) []string {
	var names []string
	for _, m := range i.Metadata {
		names = append(names, m.Name)
	}
	return names
}

func TestInventoryListsEveryFileInTheOrderOfWriting(t *testing.T) {
	r := trusttest.New(t)
	r.PublishRoot()
	r.PublishRoot()
	i, err := listed(t, r, r.Root())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		r.FileOf(trusttest.Catalogue), r.FileOf(trusttest.ANS), r.FileOf(trusttest.GIE),
		r.FileOf(trusttest.Targets), r.FileOf("snapshot"),
		"metadata/1.root.json", "metadata/2.root.json", "metadata/3.root.json", "metadata/timestamp.json",
	}
	if got := names(i); !slices.Equal(got, want) {
		t.Errorf("metadata: got %q, want %q", got, want)
	}
	files := r.Files()
	for _, m := range i.Metadata {
		if string(m.Data) != string(files[m.Name]) {
			t.Errorf("%s: the bytes are not those of the repository", m.Name)
		}
	}
	for n, path := range []string{trusttest.DocChannel, trusttest.DocANS, trusttest.DocGIE} {
		got := i.Targets[n]
		if got.Path != path || got.File != r.TargetFile(path) || got.Length != int64(len(files[got.File])) {
			t.Errorf("target %d: got %+v", n, got)
		}
	}
	if len(i.Targets) != 3 {
		t.Errorf("got %d targets, want 3", len(i.Targets))
	}
	if role, at := i.Expires(); role != "timestamp" || !at.Equal(trusttest.Start().AddDate(0, 0, 1)) {
		t.Errorf("first to expire: got %s on %v", role, at)
	}
}

func TestInventoryBeginsAtTheTrustedRoot(t *testing.T) {
	r := trusttest.New(t)
	r.PublishRoot()
	r.PublishRoot()
	i, err := listed(t, r, r.Files()["metadata/2.root.json"])
	if err != nil {
		t.Fatal(err)
	}
	if got := names(i); slices.Contains(got, "metadata/1.root.json") || !slices.Contains(got, "metadata/3.root.json") {
		t.Errorf("got %q", got)
	}
}

func TestInventoryLeavesOutWhatNoClientFinds(t *testing.T) {
	r := trusttest.New(t)
	r.PutAs(trusttest.ANS, "components/galss/evil.json", []byte("{}"))
	r.PutAs(trusttest.GIE, trusttest.DocANS, []byte("{}"))
	r.Publish()
	i, err := listed(t, r, r.Root())
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range i.Targets {
		if strings.Contains(target.Path, "evil") || target.Path == trusttest.DocANS && target.Role != trusttest.ANS {
			t.Errorf("listed: %+v", target)
		}
	}
}

func TestInventoryRefuses(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(r *trusttest.Repo)
		want  string
	}{
		{"a-role-that-is-missing", func(r *trusttest.Repo) { r.Forge(r.FileOf(trusttest.GIE), nil) }, trust.CodeMissingRole},
		{"a-role-of-another-key", func(r *trusttest.Repo) {
			r.NewKey(trusttest.GIE)
			r.Publish()
		}, trust.CodeBadSignature},
		{"a-role-with-other-bytes", func(r *trusttest.Repo) {
			data := r.Files()[r.FileOf(trusttest.ANS)]
			data = append(slices.Clone(data[:len(data)-1]), ' ')
			r.Forge(r.FileOf(trusttest.ANS), data)
		}, trust.CodeTruncated},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := trusttest.New(t)
			test.spoil(r)
			_, err := listed(t, r, r.Root())
			if got := codeOf(err); got != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestInventoryRefusesWhatExpiredMeanwhile(t *testing.T) {
	r := trusttest.New(t)
	now := trusttest.Start()
	c, err := trust.New(trust.Config{
		Root: r.Root(), Remote: r, Cache: trusttest.NewCache(), Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Inventory(context.Background()); err == nil {
		t.Error("a list without a refresh")
	}
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	now = now.AddDate(0, 0, 3)
	if _, err := c.Inventory(t.Context()); codeOf(err) != trust.CodeExpired {
		t.Errorf("got %v, want %s", err, trust.CodeExpired)
	}
}
