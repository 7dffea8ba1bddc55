// Command msiexec stands in for msiexec.exe in the test bench: Wine's ends
// with other codes than that of Windows when something fails. It answers as a
// file says, one line for each run:
//
//	1618                ends with that code and does nothing
//	3010 work           lets the real one work and then ends with that code
//	1603 log TEXT       does nothing, and writes TEXT to the log, in UTF-16; \n ends a line
//
// Without a line that is left the real one works, and its code counts. The file
// is answers, the real one lies at real.
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/releve-sante/releve/osdetect/program"
)

const (
	answers = `C:\Windows\Temp\msiexec.txt`
	real    = `C:\Windows\Temp\msiexec-real.exe`
	limit   = 5 * time.Minute
)

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1603
	}
	os.Exit(status)
}

// answer is one line of the file.
type answer struct {
	status int
	work   bool
	log    string
}

func run(args []string) (status int, err error) {
	data, err := os.ReadFile(answers)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	first, rest, _ := strings.Cut(string(data), "\n")
	if strings.TrimSpace(first) == "" {
		return work()
	}
	a, err := read(strings.TrimSpace(first))
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(answers, []byte(rest), 0o600); err != nil {
		return 0, err
	}
	if a.log != "" {
		if err := writeLog(args, a.log); err != nil {
			return 0, err
		}
	}
	if a.work {
		if status, err := work(); err != nil || status != 0 {
			return status, err
		}
	}
	return a.status, nil
}

// read reads a line of the file.
func read(line string) (answer, error) {
	code, rest, _ := strings.Cut(line, " ")
	status, err := strconv.Atoi(code)
	if err != nil {
		return answer{}, fmt.Errorf("answer %q: %w", line, err)
	}
	verb, text, _ := strings.Cut(rest, " ")
	switch verb {
	case "":
		return answer{status: status}, nil
	case "work":
		return answer{status: status, work: true}, nil
	case "log":
		return answer{status: status, log: strings.ReplaceAll(text, `\n`, "\r\n")}, nil
	}
	return answer{}, fmt.Errorf("answer %q: unknown word %q", line, verb)
}

// writeLog writes to the file that the line names for it, as Windows does.
func writeLog(args []string, text string) error {
	for i, arg := range args[:max(0, len(args)-1)] {
		if arg != "/l*v" {
			continue
		}
		data := []byte{0xff, 0xfe}
		for _, unit := range utf16.Encode([]rune(text + "\r\n")) {
			data = binary.LittleEndian.AppendUint16(data, unit)
		}
		return os.WriteFile(args[i+1], data, 0o600)
	}
	return errors.New("the line names no log")
}

// work hands the line on as it came: quotes in it are not those of other
// programs.
func work() (int, error) {
	result, err := program.Run(context.Background(), program.Command{Path: real, Line: line(), Limit: limit, Discard: true})
	return result.Code, err
}
