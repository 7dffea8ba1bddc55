package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
)

// TestMain lets the test run itself as the stand-in, with a command line that
// nobody takes apart on its way.
func TestMain(m *testing.M) {
	if os.Getenv("WMIC_TEST") != "" {
		main()
	}
	os.Exit(m.Run())
}

// asked runs a program with a command line and returns what it says through a
// pipe and into a file, and what it ends with.
func asked(t *testing.T, program, line string) (piped, filed []byte, code uint32) {
	t.Helper()
	command := func() *exec.Cmd {
		c := exec.CommandContext(t.Context(), program)
		c.Env = append(os.Environ(), "WMIC_TEST=1")
		c.SysProcAttr = &syscall.SysProcAttr{CmdLine: `"` + program + `" ` + line}
		return c
	}
	file := temporary(t)
	c := command()
	c.Stdout = file
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	code = uint32(c.ProcessState.ExitCode())
	var pipe bytes.Buffer
	c = command()
	c.Stdout = &pipe
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	filed, err = os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return pipe.Bytes(), filed, code
}

func self(t *testing.T) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// wide writes text as into a file.
func wide(text string) string { return string(encode([]string{text}, toFile, nil)[:2+2*len(text)])[2:] }

func TestBytesOfTheRealProgram(t *testing.T) {
	name := filepath.Base(self(t))
	piped, filed, code := asked(t, self(t), `path win32_process where (NAME="`+strings.ToUpper(name)+`" and ProcessId=`+strconv.Itoa(os.Getpid())+`) get Name`)
	width := max(len(name), len("Name"))
	want := []string{
		"Name" + strings.Repeat(" ", width-len("Name")) + "  ",
		name + strings.Repeat(" ", width-len(name)) + "  ", "",
	}
	if got := string(piped); got != strings.Join(want, "\r\r\n")+"\r\r\n" {
		t.Errorf("a pipe gets %q", got)
	}
	if got := string(filed); got != "\xff\xfe"+wide(strings.Join(want, "\r\n")+"\r\n") {
		t.Errorf("a file gets %q", got)
	}
	if code != statusOK {
		t.Errorf("ends with %#x", code)
	}
}

func TestNumberOfWMIArrives(t *testing.T) {
	if _, filed, code := asked(t, self(t), "path win32_service get name"); code != statusInvalidClass || len(filed) != 0 {
		t.Errorf("ends with %#x and %q", code, filed)
	}
}

// TestAsTheWMICOfTheSystem compares with the WMIC that is here: that of Wine,
// or that of Windows.
func TestAsTheWMICOfTheSystem(t *testing.T) {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		t.Fatal(err)
	}
	real := filepath.Join(system, "wbem", "wmic.exe")
	if _, err := os.Stat(real); err != nil {
		t.Skipf("there is no WMIC to compare with: %v", err)
	}
	// The column is as wide as the name of this test, which is the longest: the
	// WMIC of Wine looks at values alone for the width.
	name := filepath.Base(self(t))
	const line = "process get Name"
	realPiped, realFiled, _ := asked(t, real, line)
	piped, filed, _ := asked(t, self(t), line)
	var heading, row string
	for l := range strings.SplitSeq(string(piped), "\r\r\n") {
		switch strings.TrimRight(l, " ") {
		case "Name":
			heading = l
		case name:
			row = l
		}
	}
	if heading == "" || row == "" {
		t.Fatalf("no heading or not this process in %q", piped)
	}
	for _, l := range []string{heading, row} {
		if !bytes.Contains(realPiped, []byte(l+"\r")) || !bytes.Contains(piped, []byte(l+"\r")) {
			t.Errorf("through a pipe %q is not the same as of %s, which says %q", l, real, realPiped)
		}
		if !bytes.Contains(realFiled, []byte(wide(l+"\r\n"))) || !bytes.Contains(filed, []byte(wide(l+"\r\n"))) {
			t.Errorf("in a file %q is not the same as of %s, which says %q", l, real, realFiled)
		}
	}
	if !bytes.HasPrefix(realFiled, []byte{0xff, 0xfe}) {
		t.Errorf("%s begins a file with % x", real, realFiled[:2])
	}
}
