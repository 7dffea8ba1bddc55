// Command system is a service of Windows for the test bench: it runs one
// command as the account of services, without a console and without a user,
// as Intune and a scheduled task do.
//
//	system FILE
//
// FILE is JSON: the command, its folder and its environment. What the command
// says is left in FILE.out, its exit status in FILE.status.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: system FILE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "system:", err)
		os.Exit(1)
	}
}
