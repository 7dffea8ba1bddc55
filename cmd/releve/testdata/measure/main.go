// Command measure runs a program and prints what it cost. It exists because
// Linux counts the memory of a process from before it is exec'd, that of
// whoever started it: this one is small. It is part of no program.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// main prints nanoseconds of processor time, nanoseconds of wall time and
// KiB of memory: measure PROGRAM ARGUMENT...
func main() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stderr = os.Stderr
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	used := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	fmt.Println(used.Utime.Nano()+used.Stime.Nano(), wall.Nanoseconds(), used.Maxrss)
}
