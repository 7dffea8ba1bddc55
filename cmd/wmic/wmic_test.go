package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/releve-sante/releve/osdetect/process"
)

// server is a command line of 59 characters, as long as the one in the only
// published sample of what WMIC answers about GALSS.
const server = `"C:\Program Files\santesocial\galss\galsvw64.exe" -autostar`

func machine(context.Context) ([]process.Process, error) {
	zone := time.FixedZone("", 2*60*60)
	return []process.Process{
		{PID: 4, Name: "System"},
		{
			PID: 5120, Parent: 900, Session: 1, Name: "galsvw64.exe", CommandLine: server,
			Path:    `C:\Program Files\santesocial\galss\galsvw64.exe`,
			Started: time.Date(2026, 11, 2, 7, 59, 1, 2345000, zone),
		},
		{PID: 77, Parent: 4, Name: "lecteur à puce.exe", CommandLine: "lecteur"},
	}, nil
}

// ask answers a command line as text, and what goes to standard error.
func ask(t *testing.T, line string) (out, errOut string, status uint32) {
	t.Helper()
	answer, complaint := temporary(t), temporary(t)
	status = run(t.Context(), line, sink{answer}, sink{complaint}, machine)
	return text(t, answer), text(t, complaint), status
}

func temporary(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// text reads what a file was given, which must be UTF-16 with its mark.
func text(t *testing.T, f *os.File) string {
	t.Helper()
	data, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	if len(data) == 0 {
		return ""
	}
	if len(data)%2 != 0 || data[0] != 0xff || data[1] != 0xfe {
		t.Fatalf("a file begins with % x", data[:min(4, len(data))])
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i < len(data); i += 2 {
		units = append(units, uint16(data[i])|uint16(data[i+1])<<8)
	}
	return string(utf16.Decode(units))
}

func TestQuestionOfGALSS(t *testing.T) {
	out, complaint, status := ask(t, `path win32_process where NAME="GALSVW64.EXE" get Commandline`)
	want := "CommandLine" + strings.Repeat(" ", 50) + "\r\n" + server + "  \r\n\r\n"
	if out != want || complaint != "" || status != 0 {
		t.Errorf("got %q, %q, status %d\nwant %q", out, complaint, status, want)
	}
}

func TestServerThatDoesNotRun(t *testing.T) {
	out, complaint, status := ask(t, ` path win32_process where NAME="GALSVW32.EXE" get Commandline`)
	if out != "\r\n" || complaint != "No Instance(s) Available.\r\n" || status != 0 {
		t.Errorf("got %q, %q, status %d; want a line end alone", out, complaint, status)
	}
}

func TestNearForms(t *testing.T) {
	const one = "ProcessId  \r\n5120       \r\n\r\n"
	tests := []struct{ name, line, want string }{
		{"lower-case", `path win32_process where name="galsvw64.exe" get processid`, one},
		{"upper-case", `PATH WIN32_PROCESS WHERE NAME="GALSVW64.EXE" GET PROCESSID`, one},
		{"alias", `process where name="galsvw64.exe" get ProcessId`, one},
		{"condition-in-quotes", `process where "name='galsvw64.exe'" get ProcessId`, one},
		{"condition-in-quotes-with-quotes", `process where "name=\"galsvw64.exe\"" get ProcessId`, one},
		{"parentheses", `path win32_process where (name="galsvw64.exe") get ProcessId`, one},
		{"single-quotes", `path win32_process where name='galsvw64.exe' get ProcessId`, one},
		{"spaces-around", `path win32_process where ( name = "galsvw64.exe" ) get ProcessId`, one},
		{"like", `process where "name like 'galsvw%'" get ProcessId`, one},
		{"like-one-character", `process where "name like 'galsvw_4.exe'" get ProcessId`, one},
		{"number", `process where ProcessId=5120 get ProcessId`, one},
		{"and", `process where "name like 'galsvw%' and sessionid=1" get ProcessId`, one},
		{"or", `process where "name='galsvw32.exe' or name='galsvw64.exe'" get ProcessId`, one},
		{"not", `process where "name<>'System' and parentprocessid!=4" get ProcessId`, one},
		{"backslashes", `process where "executablepath='C:\\Program Files\\santesocial\\galss\\galsvw64.exe'" get ProcessId`, one},
		{"get-in-a-value", `process where "name='galsvw64.exe' and name<>'get'" get ProcessId`, one},
		{"property-twice", `process where name="galsvw64.exe" get ProcessId,processid`, one},
		{"format-table", `process where name="galsvw64.exe" get ProcessId /format:table`, one},
		{
			"columns-by-name", `process where name="galsvw64.exe" get SessionId,Name, ParentProcessId`,
			"Name          ParentProcessId  SessionId  \r\ngalsvw64.exe  900              1          \r\n\r\n",
		},
		{
			"list", `process where name="galsvw64.exe" get SessionId,Name /value`,
			"\r\n\r\nName=galsvw64.exe\r\nSessionId=1\r\n\r\n\r\n\r\n",
		},
		{
			"time", `process where name="galsvw64.exe" get CreationDate`,
			"CreationDate               \r\n20261102075901.002345+120  \r\n\r\n",
		},
		{
			"all-with-an-empty-value", `process get Name,CommandLine /format:list`,
			"\r\n\r\nCommandLine=\r\nName=System\r\n\r\n\r\nCommandLine=" + server +
				"\r\nName=galsvw64.exe\r\n\r\n\r\nCommandLine=lecteur\r\nName=lecteur à puce.exe\r\n\r\n\r\n\r\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, complaint, status := ask(t, tt.line); got != tt.want || status != statusOK {
				t.Errorf("%s\n got %q, %q, status %#x\nwant %q", tt.line, got, complaint, status, tt.want)
			}
		})
	}
}

func TestWhatIsNotAnswered(t *testing.T) {
	tests := []struct {
		name, line string
		want       uint32
	}{
		{"nothing", "", statusNotSupported},
		{"other-alias", "os get caption", statusNotSupported},
		{"other-class", "path win32_service get name", statusInvalidClass},
		{"no-class", "path", statusInvalidQuery},
		{"no-verb", "process", statusNotSupported},
		{"other-verb", `process where name="x" call terminate`, statusNotSupported},
		{"delete", `process where name="x" delete`, statusNotSupported},
		{"all-properties", "process get", statusNotSupported},
		{"unknown-property", "process get Moon", statusInvalidQuery},
		{"unknown-property-in-condition", `process where moon="x" get name`, statusInvalidQuery},
		{"unknown-format", "process get name /format:csv", statusNotSupported},
		{"other-machine", "/node:server process get name", statusNotSupported},
		{"open-quote", `process where name="x get name`, statusInvalidQuery},
		{"open-parenthesis", `process where (name="x" get name`, statusInvalidQuery},
		{"greater", `process where processid>4 get name`, statusNotSupported},
		{"half-condition", `process where name= get name`, statusInvalidQuery},
		{"no-condition", `process where get name`, statusNotSupported},
		{"rest-after-condition", `process where name="x" name="y" get name`, statusInvalidQuery},
		{"deep-parentheses", `process where ` + strings.Repeat("(", 50) + ` get name`, statusInvalidQuery},
		{"set-after-like", `process where "name like '[a-z]%'" get name`, statusNotSupported},
		{"too-long", strings.Repeat("a", maxLine+1), statusInvalidQuery},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, complaint, status := ask(t, tt.line)
			if status != tt.want || out != "" || !strings.HasPrefix(complaint, "ERROR:\r\nDescription = ") {
				t.Errorf("got status %#x, %q, %q; want %#x, no answer and a reason", status, out, complaint, tt.want)
			}
		})
	}
}

func TestListThatCannotBeHad(t *testing.T) {
	answer, complaint := temporary(t), temporary(t)
	status := run(t.Context(), "process get name", sink{answer}, sink{complaint}, func(context.Context) ([]process.Process, error) {
		return nil, errors.New("access denied")
	})
	if got := text(t, complaint); status != statusFailed || text(t, answer) != "" || !strings.Contains(got, "access denied") {
		t.Errorf("status %#x, %q", status, got)
	}
}

func TestBytes(t *testing.T) {
	lines := []string{"é", ""}
	narrow := func(s string) []byte { return []byte(strings.ReplaceAll(s, "é", "\x82")) }
	tests := []struct {
		name string
		to   kind
		want string
	}{
		{"file", toFile, "\xff\xfe\xe9\x00\r\x00\n\x00\r\x00\n\x00"},
		{"pipe", toPipe, "\x82\r\r\n\r\r\n"},
		{"console", toConsole, "\xe9\x00\r\x00\n\x00\r\x00\n\x00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(encode(lines, tt.to, narrow)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzQuestion(f *testing.F) {
	for _, line := range []string{
		`path win32_process where NAME="GALSVW64.EXE" get Commandline`,
		`process where "name like '%a_b%' and (processid=4 or sessionid<>1)" get name,handle /value`,
		`process where (name='x') get name /format:table`,
		`process where name="\"" get name`,
	} {
		f.Add(line)
	}
	all, _ := machine(f.Context())
	f.Fuzz(func(t *testing.T, line string) {
		q, err := parse(line)
		if err != nil {
			if r := asRefusal(err); r.code == statusOK || r.why == "" {
				t.Errorf("%q is refused with %+v", line, r)
			}
			return
		}
		rows := q.rows(all)
		lines := render(q, rows)
		if len(rows) > len(all) || lines[len(lines)-1] != "" {
			t.Errorf("%q gives %q", line, lines)
		}
		if !q.list && len(rows) > 0 && len(lines) != len(rows)+2 {
			t.Errorf("%q gives %d lines for %d instances", line, len(lines), len(rows))
		}
	})
}
