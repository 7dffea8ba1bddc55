//go:build !race

package installer_test

// everyOp is the step of the crash matrix: every operation.
const everyOp = 1
