//go:build !windows

package bundle

const (
	systemPointer = Link
	keepsModes    = true
)
