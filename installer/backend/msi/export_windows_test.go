package msi

// Guarded and Search show where packages are looked for, and which of them
// only Windows Installer can have put there.
var (
	Guarded = guarded
	Search  = search
)
