//go:build unix

package durable_test

import (
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/releve-sante/releve/installer/durable"
)

func TestKeepAccess(t *testing.T) {
	dir := t.TempDir()
	d, err := durable.Open(dir)
	must(t, err)
	defer func() { must(t, d.Close()) }()
	must(t, durable.WriteFile(d, "from", []byte("old"), 0o600))
	must(t, os.Chmod(d.Path("from"), 0o666)) // more than a umask lets a new file have
	if os.Geteuid() == 0 {                   // nobody else may give a file away
		must(t, os.Chown(d.Path("from"), 65534, 65534))
	}
	must(t, durable.WriteFile(d, "to", []byte("new"), 0o600))
	must(t, d.KeepAccess("from", "to"))
	from, to := access(t, d, "from"), access(t, d, "to")
	if from != to {
		t.Errorf("access\n got %+v\nwant %+v", to, from)
	}
	if err := d.KeepAccess("none", "to"); err == nil {
		t.Error("the access of a file that is not there was kept")
	}
}

type accessTo struct {
	mode     fs.FileMode
	uid, gid uint32
}

func access(t *testing.T, d *durable.Root, name string) accessTo {
	t.Helper()
	info, err := d.Lstat(name)
	must(t, err)
	stat := info.Sys().(*syscall.Stat_t)
	return accessTo{info.Mode(), stat.Uid, stat.Gid}
}
