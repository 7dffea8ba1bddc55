package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/publish"
)

// documentLimit is the most a document given as a file may have, in bytes.
const documentLimit = 8 << 20

func (a *app) describeCommand() *cobra.Command {
	cmd := a.signs(sub("describe REPO COMPONENT FILE", "Say what a component is and how it is recognised", `
FILE is a JSON object with title {fr, en}, publisher, evidence, settings, programs
and users, as in component.json. Releases stay as they are.`,
		3, 3, func(cmd *cobra.Command, args []string) error {
			data, err := readDocument(args[2])
			if err != nil {
				return err
			}
			var d publish.Description
			if err := manifest.DecodeStrict(data, &d); err != nil {
				return &publish.Error{Reason: publish.CodeBadDocument, Name: args[2], Cause: err}
			}
			return a.change(cmd, args[0], func(r *publish.Repo) error {
				if err := r.SetComponent(args[1], d); err != nil {
					return err
				}
				a.say("described %s", args[1])
				return nil
			})
		}))
	days(cmd, "days", "the publisher", 91)
	return cmd
}

func (a *app) channelCommand() *cobra.Command {
	cmd := a.signs(sub("channel REPO CHANNEL COMPONENT VERSION...", "Say which versions of a component a channel offers", `
The list replaces the one before. Without a version the component is taken off
the channel. A listed version that is being rolled out goes on being so; any
other is offered to everybody. The key of the catalogue signs.`,
		3, 0, func(cmd *cobra.Command, args []string) error {
			return a.change(cmd, args[0], func(r *publish.Repo) error {
				channel, component, versions := args[1], args[2], args[3:]
				if err := r.SetChannel(channel, component, versions); err != nil {
					return err
				}
				if len(versions) == 0 {
					a.say("%s no longer offers %s", channel, component)
					return nil
				}
				a.say("%s offers %s %s", channel, component, strings.Join(versions, ", "))
				return nil
			})
		}))
	days(cmd, "days", "the catalogue", 91)
	return cmd
}

func (a *app) advisoriesCommand() *cobra.Command {
	cmd := a.signs(sub("advisories REPO FILE", "Replace the advisories by those of a file", `
FILE is the document advisories.json. The key of the catalogue signs.`,
		2, 2, func(cmd *cobra.Command, args []string) error {
			data, err := readDocument(args[1])
			if err != nil {
				return err
			}
			return a.change(cmd, args[0], func(r *publish.Repo) error {
				if err := r.SetAdvisories(data); err != nil {
					return err
				}
				a.say("replaced the advisories")
				return nil
			})
		}))
	days(cmd, "days", "the catalogue", 91)
	return cmd
}

// readDocument reads a file the publisher wrote.
func readDocument(name string) ([]byte, error) { return readFile(name, documentLimit) }

// readFile reads a file of at most limit bytes.
func readFile(name string, limit int64) ([]byte, error) {
	unreadable := func(err error) error {
		return &usageError{reason: CodeUnreadable, args: map[string]string{"Name": name}, cause: err}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(err)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, unreadable(err)
	}
	if int64(len(data)) > limit {
		return nil, unreadable(fmt.Errorf("more than %d bytes", limit))
	}
	return data, nil
}
