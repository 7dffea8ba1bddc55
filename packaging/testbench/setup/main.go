// Command setup stands in for a vendor's setup program in the test bench: a
// bundle that installs "Composant SrvSvCnam" and that, as InstallShield does,
// hands the work to a child and ends before it.
//
//	setup /s /version:5.10.04             installs, without questions
//	setup /s /version:5.10.04 /exit:1618  does nothing and ends with that code
//	setup /s /version:5.10.04 /late:3010  installs and ends with that code
//	setup /s /version:5.10.04 /half:1603  installs half, shows no version, leaves a log in TEMP, and ends with that code
//	uninstall /s /remove                  the copy that was installed removes it all, by a copy of itself in TEMP
//
// Into /log:FILE it writes what a setup program that is refused would, in the
// code of a French Windows. Into /report:FILE it writes, line by line, which
// folder TEMP was and how many files lay in it; there it unpacks what it works
// with, and leaves it.
//
// Without /s it would ask, and ends with 1602. Over a newer version it ends
// with 1638.
package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// What Windows Installer means by these codes.
const (
	statusCancelled = 1602
	statusNewer     = 1638
	statusBroken    = 1603
)

// order is what the command line says.
type order struct {
	silent, remove, child bool
	version, report, log  string
	exit, late, half      int
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	o, err := read(args)
	if err == nil && !o.silent {
		fmt.Println("Voulez-vous installer le composant ?")
		return statusCancelled
	}
	if err == nil && o.exit != 0 {
		return o.exit
	}
	status := 0
	if err == nil {
		status, err = carryOut(o, args)
	}
	if err != nil {
		fmt.Println(err)
		return statusBroken
	}
	return status
}

// read reads the command line.
func read(args []string) (order, error) {
	var o order
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, ":")
		var err error
		switch name {
		case "/s":
			o.silent = true
		case "/remove":
			o.remove = true
		case "/child":
			o.child = true
		case "/version":
			o.version = value
		case "/report":
			o.report = value
		case "/log":
			o.log = value
		case "/exit":
			o.exit, err = strconv.Atoi(value)
		case "/late":
			o.late, err = strconv.Atoi(value)
		case "/half":
			o.half, err = strconv.Atoi(value)
		default:
			err = fmt.Errorf("argument %q is not known", arg)
		}
		if err != nil {
			return order{}, err
		}
	}
	if o.version == "" && !o.remove {
		return order{}, fmt.Errorf("no /version in %q", args)
	}
	return o, nil
}

// newer reports whether the version a is newer than b.
func newer(a, b string) bool {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(x, y string) int {
		m, _ := strconv.Atoi(x)
		n, _ := strconv.Atoi(y)
		return cmp.Compare(m, n)
	}) > 0
}
