package story

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/releve-sante/releve/installer/journal"
	"github.com/releve-sante/releve/osdetect/process"
)

// Which cuts are made: all of them where the variable is "all", otherwise a
// sample of each change, by the number in it or by chance.
const (
	cutsVariable = "RELEVE_CUTS"
	allCuts      = "all"
	sample       = 1
)

// change is one of the machine, and what is known of it.
type change struct {
	b           *bench
	ts          *testscript.TestScript
	there, back []string    // the commands that make it, and take it back
	old, new    []string    // the machine before and after
	times       []time.Time // at which the lines of its journal are written
	made        int         // cuts
	elsewhere   int         // of them that never fell at their line
	keys        int         // of them after which keys were left that Windows would have rolled back
}

// cutShort ends runs of a change of the machine before their time, at each
// line of the journal and while an installer works, and requires after each
// that the next run of releve leaves the machine wholly as it was before the
// change or wholly as it is after it: cuts 'COMMAND...' 'COMMAND...'. The second
// command takes the change back.
func cutShort(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: cuts 'COMMAND...' 'COMMAND...'")
	}
	c := &change{b: of(ts), ts: ts, there: strings.Fields(args[0]), back: strings.Fields(args[1])}
	c.learn()
	all := c.cuts()
	chosen, seed := choose(slices.Clone(all))
	for _, at := range chosen {
		c.try(at)
	}
	fmt.Printf("cuts: %d of %d of %s (%s), %d made in all, %d never at their line, %d left keys\n",
		len(chosen), len(all), args[0], seed, c.made, c.elsewhere, c.keys)
}

// learn makes the change once and takes it back, to know both sides of it.
func (c *change) learn() {
	c.must(c.there)
	c.new = c.look()
	times, err := lastRun()
	c.ts.Check(err)
	c.times = times
	c.must(c.back)
	c.old = c.look() // with the history that it has from here on
	if len(differences(c.old, c.new)) == 0 {
		c.ts.Fatalf("%v changes nothing that is looked at", c.there)
	}
}

// must runs a command that has to succeed.
func (c *change) must(command []string) {
	cmd, err := c.b.command(c.ts, command)
	c.ts.Check(err)
	out, err := cmd.CombinedOutput()
	c.ts.Logf("%v\n%s", command, out)
	if wellEnded(err) != nil {
		c.ts.Fatalf("%v: %v", command, err)
	}
}

// cuts lists all of them. Between two lines that are written long after one
// another an installer works, and is cut in the middle as well.
func (c *change) cuts() []cut {
	const (
		long  = 100 * time.Millisecond
		parts = 6
	)
	var out []cut
	for i, at := range c.times {
		for _, alone := range []bool{false, true} {
			for _, n := range c.next() {
				out = append(out, cut{lines: i + 1, alone: alone, next: n})
			}
			if i+1 == len(c.times) || c.times[i+1].Sub(at) < long {
				continue
			}
			for part := 1; part < parts; part++ {
				out = append(out, cut{lines: i + 1, after: c.times[i+1].Sub(at) * time.Duration(part) / parts, alone: alone, next: recovery})
			}
		}
	}
	return out
}

// next lists what may run afterwards. A rollback is no way back where nothing
// came.
func (c *change) next() []next {
	if slices.Contains(c.back, "rollback") {
		return []next{recovery, again}
	}
	return []next{recovery, again, goBack}
}

// choose takes a sample and says which. What ends an installer in the middle
// of its work is left to a run of all cuts: Wine's Windows Installer rolls
// nothing back, and once a package did not go over what was left.
func choose(all []cut) (chosen []cut, seed string) {
	wanted := os.Getenv(cutsVariable)
	if wanted == allCuts {
		return all, allCuts
	}
	all = slices.DeleteFunc(all, func(c cut) bool { return c.after > 0 && !c.alone })
	number, err := strconv.ParseUint(wanted, 10, 32)
	if err != nil {
		number = uint64(rand.Uint32())
	}
	chance := rand.New(rand.NewPCG(number, 0))
	chance.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(sample, len(all))], fmt.Sprintf("%s=%d", cutsVariable, number)
}

// try cuts the change once, lets releve recover and looks at the machine. Then
// the machine is brought back for the next one. A cut at a line has to fall
// there: one that came later is a cut too, and is made again.
func (c *change) try(at cut) {
	const attempts = 10
	for left := attempts; ; left-- {
		// What was cut off twice is not begun again: the history tells.
		c.ts.Check(os.RemoveAll(filepath.Join(stateDir, history)))
		before, err := running(c.b.t.Context())
		c.ts.Check(err)
		got, err := c.b.run(c.ts, at, c.there)
		c.ts.Check(err)
		c.ts.Logf("%v: it had %d", at, got.lines)
		c.recover(at, got.lines, before)
		c.made++
		if got.lines == at.lines || at.after > 0 {
			return
		}
		if left == 1 {
			c.elsewhere++
			return
		}
	}
}

// recover has the next run of releve end what was begun, which has so many
// lines in its journal, and checks what there is then.
func (c *change) recover(at cut, lines int, before map[uint32]process.Process) {
	c.must(map[next][]string{recovery: {"releve", "--lang", "en", "--plain", "recover"}, again: c.there, goBack: c.back}[at.next])
	// What goes on may change the machine after the recovery.
	if left, err := waitFor(c.b.t.Context(), before); err != nil || len(left) > 0 {
		c.ts.Fatalf("%v: after the recovery these still run: %v, %v", at, left, err)
	}
	// The last line says that the run counts: a rollback after it is another one.
	certain := !slices.Contains(c.there, "rollback") || lines < len(c.times)
	now := c.look()
	if c.remnants(now) && !at.alone && at.next != again {
		c.ts.Logf("%v: Wine's Windows Installer left keys", at)
		c.keys++
		c.must(c.there)
		c.must(c.back)
		now = c.look()
	}
	if at.next == goBack || len(differences(c.old, now)) == 0 && !(at.next == again && certain) {
		c.same(at.String(), now, c.old)
		return
	}
	c.same(at.String(), now, c.new)
	c.must(c.back)
	c.same(at.String()+", taken back", c.look(), c.old)
}

// listing is a line about a product in the list of programs.
var listing = regexp.MustCompile(`^now    (HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\\{[0-9A-F-]+\}) `)

// remnants reports whether the machine is as before but for keys of a product
// that was not there. Wine's Windows Installer rolls nothing back when it was
// cut off, as that of Windows does with the next run of msiexec.
func (c *change) remnants(now []string) bool {
	differ := differences(c.old, now)
	return len(differ) > 0 && !slices.ContainsFunc(differ, func(line string) bool {
		key := listing.FindStringSubmatch(line)
		return key == nil || slices.ContainsFunc(c.old, func(old string) bool { return strings.HasPrefix(old, key[1]) })
	})
}

// same requires that the machine is on one side of the change.
func (c *change) same(when string, now, want []string) {
	if differ := differences(want, now); len(differ) > 0 {
		c.ts.Fatalf("%s: %d differences\nfrom before the change:\n%s\nfrom after it:\n%s", when, len(differ),
			strings.Join(differences(c.old, now), "\n"), strings.Join(differences(c.new, now), "\n"))
	}
}

// look describes the machine: its files and registry, what releve says of it,
// what releve keeps, and whether GALSS starts.
func (c *change) look() []string {
	lines, err := machineState()
	c.ts.Check(err)
	kept, err := keptFiles()
	c.ts.Check(err)
	lines = append(lines, kept...)
	cmd, err := c.b.command(c.ts, []string{"releve", "--lang", "en", "--json", "status"})
	c.ts.Check(err)
	said, err := cmd.Output()
	lines = append(lines, fmt.Sprintf("status %v %s", err, metadata.ReplaceAll(said, nil)))
	return append(lines, c.galss()...)
}

// galss tells whether GALSS runs, or else whether it starts.
func (c *change) galss() []string {
	all, err := process.List(c.b.t.Context())
	c.ts.Check(err)
	if n := len(process.Named(all, galssName)); n > 0 {
		return []string{fmt.Sprintf("GALSS runs, %d times", n)}
	}
	if _, err := os.Stat(galssProgram); err != nil {
		return nil
	}
	said, started := c.b.startGALSS(c.ts)
	c.b.stopGALSS()
	return []string{fmt.Sprintf("GALSS started: %v, %s", started, said)}
}

// history is where the journals of runs that are over lie in the state folder.
const history = "history"

// What differs from run to run: the age of what is known of the repository,
// and files that each run writes.
var (
	metadata = regexp.MustCompile(`"metadata":\{"age_ns".*?\]\},`)
	written  = regexp.MustCompile(`^(history|logs?)(\\|$)|\.log$|^result\.json$`)
)

// keptFiles lists what is in the state folder: no file of a run that is over
// may be among it.
func keptFiles() ([]string, error) {
	var lines []string
	err := filepath.WalkDir(stateDir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err = filepath.Rel(stateDir, name)
		if err == nil && !written.MatchString(name) {
			lines = append(lines, "kept "+runName.ReplaceAllString(name, anyRun))
		}
		return err
	})
	slices.Sort(lines)
	return lines, err
}

// lastRun tells when each line of the last journal was written.
func lastRun() ([]time.Time, error) {
	journals, err := filepath.Glob(filepath.Join(stateDir, history, "*.journal"))
	if err != nil || len(journals) == 0 {
		return nil, fmt.Errorf("no journal in the history: %w", err)
	}
	slices.Sort(journals) // named by the time
	data, err := os.ReadFile(journals[len(journals)-1])
	if err != nil {
		return nil, err
	}
	records, _, err := journal.Replay(data)
	times := make([]time.Time, 0, len(records))
	for _, r := range records {
		times = append(times, r.Time)
	}
	return times, err
}
