// Command gotuf is the peer that the benchmark of check compares with: the
// client of go-tuf as its documentation shows it, with a cache on the disk.
// It is part of no program.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

// main refreshes: gotuf URL ROOT CACHE.
func main() {
	if err := refresh(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func refresh(url, rootFile, cache string) error {
	root, err := os.ReadFile(rootFile)
	if err != nil {
		return err
	}
	c, err := config.New(url+"/metadata", root)
	if err != nil {
		return err
	}
	c.LocalMetadataDir, c.LocalTargetsDir = cache, filepath.Join(cache, "targets")
	if err := c.EnsurePathsExist(); err != nil {
		return err
	}
	u, err := updater.New(c)
	if err != nil {
		return err
	}
	return u.Refresh()
}
