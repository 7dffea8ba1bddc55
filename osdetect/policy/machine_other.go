//go:build !windows && !darwin

package policy

// Machine reads the policy of a system that has no other place for it.
func Machine() *Source { return MachineFile("/etc/releve/policy.json") }
