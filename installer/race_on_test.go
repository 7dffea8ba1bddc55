//go:build race

package installer_test

// everyOp is the step of the crash matrix. The race detector makes it ten
// times slower and has little to find there: the engine is one goroutine.
const everyOp = 7

// fewCuts is of how many second cuts of the crash matrix one is tried.
const fewCuts = 997
