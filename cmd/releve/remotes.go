package main

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/releve-sante/releve/installer/store"
	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/osdetect/policy"
	"github.com/releve-sante/releve/osdetect/proxy"
)

// maxCAFile is the largest file of certificates that is read, in bytes.
const maxCAFile = 1 << 20

// adoptAddresses lets the administrator choose where metadata and packages
// come from. What the policy only proposes gives way to the command line.
func (a *app) adoptAddresses(cmd *cobra.Command) {
	a.adoptList(cmd, "repo", &a.flags.repos, policy.Repositories, a.policy.Repositories)
	a.adoptList(cmd, "packages", &a.flags.packages, policy.Packages, a.policy.Packages)
	if decided := a.policy.CAFile; decided != "" {
		given := cmd.Flags().Changed("ca-file")
		if given && a.policy.Fixed(policy.CAFile) && decided != a.flags.caFile {
			a.policyWins("--ca-file "+a.flags.caFile, policy.CAFile, decided)
		}
		if !given || a.policy.Fixed(policy.CAFile) {
			a.flags.caFile = decided
		}
	}
}

func (a *app) adoptList(cmd *cobra.Command, flag string, value *[]string, key policy.Key, decided []string) {
	if len(decided) == 0 {
		return
	}
	given := cmd.Flags().Changed(flag)
	if given && a.policy.Fixed(key) && !slices.Equal(decided, *value) {
		a.policyWins("--"+flag+" "+addresses(*value), key, addresses(decided))
	}
	if !given || a.policy.Fixed(key) {
		*value = slices.Clone(decided)
	}
}

// addresses writes a list without passwords.
func addresses(list []string) string {
	shorn := make([]string, len(list))
	for i, address := range list {
		shorn[i] = trust.Address(address)
	}
	return shown(shorn)
}

// remotes are where metadata and packages come from: nil when no repository
// is named. Packages come from the repositories unless --packages says
// otherwise; since their digests are signed, any server may carry them.
func (a *app) remotes() (metadata trust.Remote, packages store.Remote, err error) {
	options, err := a.remoteOptions()
	if err != nil {
		return nil, nil, err
	}
	if len(a.flags.repos) > 0 {
		if metadata, err = a.remote("--repo", a.flags.repos, options); err != nil {
			return nil, nil, err
		}
		packages = metadata
	}
	if len(a.flags.packages) > 0 {
		if packages, err = a.remote("--packages", a.flags.packages, options); err != nil {
			return nil, nil, err
		}
	}
	return metadata, packages, nil
}

// remote opens the addresses of an option.
func (a *app) remote(flag string, list []string, options []trust.Option) (trust.Remote, error) {
	remote, err := trust.NewRemotes(a.now, list, options...)
	var c coded
	if err != nil && !errors.As(err, &c) {
		return nil, &cliError{code: CodeBadChoice, args: map[string]string{
			"Flag": flag, "Value": addresses(list), "Choices": "https://…, http://…, DIR, FILE",
		}, cause: err}
	}
	if several, ok := remote.(*trust.Mirrors); ok {
		several.Tell(func(f trust.MirrorFailure) {
			a.log.Warn("a mirror failed", "mirror", f.Mirror, "error", f.Err.Error())
		})
	}
	return remote, err
}

// remoteOptions are how every address of this invocation is read.
func (a *app) remoteOptions() ([]trust.Option, error) {
	options := append(proxyLogin(), trust.Proxy(trust.ProxyFinder(proxy.Find(a.env))))
	if a.flags.forbiddenIsMissing {
		options = append(options, trust.ForbiddenIsMissing())
	}
	if a.flags.caFile != "" {
		data, err := readLimited(a.flags.caFile, maxCAFile)
		if err != nil {
			return nil, err
		}
		authorities, err := trust.Authorities(data)
		if err != nil {
			return nil, &cliError{code: CodeBadCAFile, args: map[string]string{"Path": a.flags.caFile}, cause: err}
		}
		options = append(options, authorities)
	}
	return options, nil
}
