//go:build !race

package installer_test

// everyOp is the step of the crash matrix: every operation.
const everyOp = 1

// fewCuts is of how many second cuts of the crash matrix one is tried.
const fewCuts = 53
