//go:build nodemo

package main

import "github.com/spf13/cobra"

// moreCommands are the commands that releases leave out: none here.
func (a *app) moreCommands() []*cobra.Command { return nil }
