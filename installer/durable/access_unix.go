//go:build unix

package durable

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
)

// KeepAccess gives the file to the owner, the group and the permission bits of
// the file from. It fails when this process may not give a file away.
func (r *Root) KeepAccess(from, to string) error {
	if err := check("access", to); err != nil {
		return err
	}
	info, err := r.Lstat(from)
	if err != nil {
		return err
	}
	target := filepath.FromSlash(to)
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		if err := r.root.Lchown(target, int(stat.Uid), int(stat.Gid)); err != nil {
			return fmt.Errorf("keeping the owner of %q: %w", from, err)
		}
	}
	return r.root.Chmod(target, info.Mode()&(fs.ModePerm|fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky))
}
