package main

import (
	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/manifest/publish"
)

func (a *app) keyCommand() *cobra.Command {
	return group("key", "Make a key, or write its public part", `
A private key never leaves the machine of its holder; its public part, NAME.pub,
is what the others get. A key on a token or with a key management service is a
file KEYS/NAME.ref with one line, its URI: pkcs11:..., awskms://..., gcpkms://...,
azurekms://..., hashivault://..., or that of any other sigstore-kms program.`,
		a.keyCreateCommand(), a.keyPublicCommand())
}

func (a *app) keyCreateCommand() *cobra.Command {
	var out string
	cmd := sub("create NAME --out DIR", "Make an encrypted key, NAME.key, and its public part, NAME.pub", `
The name stands in the metadata, for everybody to read: call the key after the
office that holds it, not after a person.`,
		1, 1, func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return badUsage(cmd, "--out is needed")
			}
			keys, err := a.openKeys(cmd.Context(), out)
			if err != nil {
				return err
			}
			if _, err := keys.Create(args[0]); err != nil {
				return err
			}
			key, err := publish.PublicKeyOf(keys, args[0])
			if err != nil {
				return err
			}
			a.say("made %s in %s, identifier %s", key.Name, out, key.ID)
			a.say("hand out %s.pub; keep %s.key and its password to yourself, with a copy in another place", key.Name, key.Name)
			return nil
		})
	cmd.Flags().StringVar(&out, "out", "", "directory for the key, made if need be")
	return cmd
}

func (a *app) keyPublicCommand() *cobra.Command {
	return a.signs(sub("public NAME --keys KEYS", "Print the public part of a key, for NAME.pub", `
For a key on a token or with a key management service this asks it.`,
		1, 1, func(cmd *cobra.Command, args []string) error {
			keys, err := a.keys(cmd.Context(), "")
			if err != nil {
				return err
			}
			key, err := publish.PublicKeyOf(keys, args[0])
			if err != nil {
				return err
			}
			_, err = a.out.Write(key.PEM)
			return err
		}))
}

func (a *app) rotateCommand() *cobra.Command {
	var add, remove []string
	var threshold int
	cmd := a.signs(sub("rotate REPO ROLE [flags]", "Change the keys of a publisher or of the catalogue", `
The key of targets signs. Where what is published does not carry enough
signatures of the keys that remain, the role is signed anew by those that are
here, or waits for its holders. The keys of root, targets, snapshot and
timestamp are changed by "releve-repo root".`,
		2, 2, func(cmd *cobra.Command, args []string) error {
			keys, err := readPublicKeys(add)
			if err != nil {
				return err
			}
			return a.change(cmd, args[0], func(r *publish.Repo) error {
				err := r.Rotate(args[1], publish.KeyChange{Add: keys, Remove: remove, Threshold: threshold})
				if err != nil {
					return err
				}
				a.say("changed the keys of %s", args[1])
				return nil
			})
		}))
	cmd.Flags().StringArrayVar(&add, "add", nil, "key to add, NAME.pub (repeatable)")
	cmd.Flags().StringArrayVar(&remove, "remove", nil, "name of a key to remove (repeatable)")
	cmd.Flags().IntVar(&threshold, "threshold", 0, "how many must sign; as before if not given")
	days(cmd, "targets-days", "targets", 182)
	days(cmd, "days", "the role, if it is signed anew", 91)
	return cmd
}

func readPublicKeys(files []string) ([]publish.PublicKey, error) {
	var keys []publish.PublicKey
	for _, file := range files {
		key, err := publish.ReadPublicKey(file)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}
