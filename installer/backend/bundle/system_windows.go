package bundle

// Making symbolic links needs a privilege on Windows, and its files carry no
// executable bit.
const (
	systemPointer = File
	keepsModes    = false
)
