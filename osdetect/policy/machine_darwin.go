package policy

// Machine reads the managed preferences of the machine, which a configuration
// profile writes. Those of an account, in a folder of its name beside it, are
// not read.
func Machine() *Source {
	return machineFile("/Library/Managed Preferences/fr.releve.plist", parsePlist)
}
