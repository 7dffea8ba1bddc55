package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// story is the journal of one run of two steps.
func story(run string) []Record {
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	return []Record{
		{Kind: Begin, Run: run, Time: at, Data: json.RawMessage(`{"plan":"p","steps":2}`)},
		{Kind: Intend, Run: run, Time: at, Data: json.RawMessage(`{"undo":"5.1.5"}`)},
		{Kind: Did, Run: run, Time: at.Add(time.Second)},
		{Kind: Intend, Run: run, Step: 1, Time: at.Add(time.Second), Data: json.RawMessage(`{"undo":"é \u2028"}`)},
		{Kind: Did, Run: run, Step: 1, Time: at.Add(2 * time.Second)},
		{Kind: End, Run: run, Time: at.Add(3 * time.Second)},
	}
}

func lines(t testing.TB, records []Record) []byte {
	t.Helper()
	var data []byte
	for _, r := range records {
		line, err := r.encode()
		must(t, err)
		data = append(data, line...)
	}
	return data
}

// isPrefix tells whether got is how want begins, as the file shows it.
func isPrefix(t testing.TB, got, want []Record) bool {
	t.Helper()
	return bytes.HasPrefix(lines(t, want), lines(t, got))
}

func TestReplayOfEveryTornFileIsAPrefix(t *testing.T) {
	want := story("run")
	data := lines(t, want)
	for n := range len(data) + 1 {
		for what, torn := range map[string][]byte{
			"cut":   data[:n],
			"zeros": append(bytes.Clone(data[:n]), make([]byte, 7)...),
			"noise": append(bytes.Clone(data[:n]), "deadbeef {}\n"...),
		} {
			got, good, err := Replay(torn)
			if err != nil || !isPrefix(t, got, want) || len(lines(t, got)) != good {
				t.Fatalf("%s at byte %d: got %d records, %d good bytes, %v", what, n, len(got), good, err)
			}
			if whole := bytes.Count(data[:n], []byte("\n")); len(got) != whole {
				t.Fatalf("%s at byte %d: got %d records, want %d", what, n, len(got), whole)
			}
		}
	}
}

func TestReplayFindsEveryFlippedBit(t *testing.T) {
	want := story("run")[:3]
	data := lines(t, want)
	last := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	for i := range last - 1 { // the end of a line belongs to the line after it
		bad := bytes.Clone(data)
		bad[i] ^= 1
		got, _, err := Replay(bad)
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) || corrupt.Line != bytes.Count(data[:i], []byte("\n"))+1 {
			t.Fatalf("bit of byte %d: got %v", i, err)
		}
		if !isPrefix(t, got, want) {
			t.Fatalf("bit of byte %d: got records %v", i, got)
		}
	}
}

// write appends records to the journal in d and archives it.
func write(d durable.Dir, records []Record) (acknowledged int, err error) {
	j, _, err := Open(d)
	if err != nil {
		return 0, err
	}
	for _, r := range records {
		if err := j.Append(r); err != nil {
			return acknowledged, errors.Join(err, j.Close())
		}
		acknowledged++
	}
	return acknowledged, j.Archive(records[0].Run)
}

func TestAppendedRecordsSurviveEveryCut(t *testing.T) {
	want := story("run")
	whole := durabletest.NewDisk()
	_, err := write(whole, want)
	must(t, err)
	points := 0
	for n := 1; n <= whole.Ops(); n++ {
		for _, after := range []bool{false, true} {
			d := durabletest.NewDisk()
			if d.CutBefore(n); after {
				d.CutBefore(0)
				d.CutAfter(n)
			}
			acknowledged, err := write(d, want)
			if !errors.Is(err, durabletest.ErrPower) {
				t.Fatalf("cut at %s: got %v", whole.Op(n), err)
			}
			for seed := range uint64(60) {
				points++
				where := fmt.Sprintf("%s, after %v, seed %d", whole.Op(n), after, seed)
				checkRecovered(t, where, d.Restart(durabletest.LoseSome(seed)), want, acknowledged)
			}
			checkRecovered(t, whole.Op(n)+", all lost", d.Restart(durabletest.LoseAll()), want, acknowledged)
			checkRecovered(t, whole.Op(n)+", killed", d.Restart(durabletest.Killed()), want, acknowledged)
		}
	}
	t.Logf("%d power cuts", points)
}

// checkRecovered opens the journal of a disk after a cut, and once more after
// another cut that loses what Open did not make durable.
func checkRecovered(t *testing.T, where string, d *durabletest.Disk, want []Record, acknowledged int) {
	t.Helper()
	j, got, err := Open(d)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	past, err := History(d, 10)
	must(t, err)
	if len(past) == 1 {
		if !isPrefix(t, want, past[0].Records) || len(got) != 0 {
			t.Fatalf("%s: archive holds %d records, journal %d", where, len(past[0].Records), len(got))
		}
		return
	}
	if !isPrefix(t, got, want) || len(got) < acknowledged {
		t.Fatalf("%s: got %d records, %d were acknowledged", where, len(got), acknowledged)
	}
	_, again, err := Open(d.Restart(durabletest.LoseAll()))
	if err != nil || len(again) != len(got) {
		t.Fatalf("%s: the second power cut left %d of %d records, %v", where, len(again), len(got), err)
	}
	if len(got) < len(want) {
		must(t, j.Append(want[len(got)]))
		_, more, err := Open(d.Restart(durabletest.LoseAll()))
		if err != nil || !isPrefix(t, more, want) || len(more) != len(got)+1 {
			t.Fatalf("%s: after one more append: %d records, %v", where, len(more), err)
		}
	}
}

func TestADamagedJournalIsSetAside(t *testing.T) {
	d := durabletest.NewDisk()
	for n := 1; n <= 2; n++ {
		data := lines(t, story("run"))
		data[len(data)/2] ^= 1
		must(t, durable.EnsureDir(d, dir))
		must(t, durable.WriteFile(d, current, data, 0o600))
		_, got, err := Open(d)
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) || corrupt.Code() != CodeCorrupt || corrupt.File != fmt.Sprintf("journal/corrupt-%d", n) {
			t.Fatalf("got %v", err)
		}
		if len(got) == 0 || !isPrefix(t, got, story("run")) {
			t.Errorf("got %d records of the damaged file", len(got))
		}
		if kept, err := durable.ReadFile(d, corrupt.File, MaxFile); !bytes.Equal(kept, data) {
			t.Errorf("the file kept aside differs: %v", err)
		}
		d = d.Restart(durabletest.LoseAll())
		if _, got, err := Open(d); err != nil || len(got) != 0 {
			t.Errorf("the next open: %d records, %v", len(got), err)
		}
	}
}

func TestAppendGoesOnAfterAFailure(t *testing.T) {
	for _, failure := range []error{syscall.ENOSPC, syscall.EIO} {
		for n := 1; n <= 8; n++ {
			d := durabletest.NewDisk()
			j, _, err := Open(d)
			must(t, err)
			d.FailAt(d.Ops()+n, failure)
			var want []Record
			for _, r := range story("run") {
				switch err := j.Append(r); {
				case err == nil:
					want = append(want, r)
				case !errors.Is(err, failure):
					t.Fatal(err)
				}
			}
			_, got, err := Open(d.Restart(durabletest.LoseAll()))
			if err != nil || len(want) != len(story("run"))-1 || !bytes.Equal(lines(t, got), lines(t, want)) {
				t.Errorf("%v at operation %d: got %d records, want %d, %v", failure, n, len(got), len(want), err)
			}
		}
	}
}

func TestAppendRefusesWhatReplayWould(t *testing.T) {
	j, _, err := Open(durabletest.NewDisk())
	must(t, err)
	large := json.RawMessage(`"` + string(bytes.Repeat([]byte("x"), MaxLine)) + `"`)
	for name, r := range map[string]Record{
		"no-kind":       {Run: "r"},
		"no-run":        {Kind: Begin},
		"negative-step": {Kind: Did, Run: "r", Step: -1},
		"not-json":      {Kind: Did, Run: "r", Data: json.RawMessage("{")},
		"too-long":      {Kind: Did, Run: "r", Data: large},
	} {
		if err := j.Append(r); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	must(t, j.Append(story("r")[0]))
	for _, name := range []string{"", "a/b", "..", "nul"} {
		if err := j.Archive(name); err == nil {
			t.Errorf("archived as %q", name)
		}
	}
	must(t, j.Close())
	if err := j.Append(story("r")[1]); !errors.Is(err, os.ErrClosed) {
		t.Errorf("append after close: got %v", err)
	}
}

func TestHistoryIsNewestFirstAndTolerant(t *testing.T) {
	d := durabletest.NewDisk()
	for i, run := range []string{"b", "a", "c"} {
		records := story(run)
		for k := range records {
			records[k].Time = records[k].Time.AddDate(0, 0, i)
		}
		_, err := write(d, records)
		must(t, err)
	}
	bad := lines(t, story("d"))
	bad[3] ^= 1
	must(t, durable.WriteFile(d, "history/damaged.journal", bad, 0o600))
	must(t, durable.WriteFile(d, "history/README", nil, 0o600))
	var got []string
	runs, err := History(d, 10)
	must(t, err)
	for _, r := range runs {
		got = append(got, fmt.Sprint(r.Name, len(r.Records), r.Damage != nil))
	}
	if want := []string{"c6 false", "a6 false", "b6 false", "damaged0 true"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if runs, err := History(d, 2); len(runs) != 2 || err != nil {
		t.Errorf("limit 2: got %d runs, %v", len(runs), err)
	}
}

// TestHistoryReadsNoMoreThanItShows holds that of many runs those written last
// are read, whatever they are called.
func TestHistoryReadsNoMoreThanItShows(t *testing.T) {
	at := t.TempDir()
	d, err := durable.Open(at)
	must(t, err)
	defer func() { must(t, d.Close()) }()
	day := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	must(t, durable.EnsureDir(d, history))
	for i, run := range []string{"b", "d", "a", "c"} {
		name := history + "/" + run + ending
		records := story(run)
		for k := range records {
			records[k].Time = day.AddDate(0, 0, i)
		}
		must(t, durable.WriteFile(d, name, lines(t, records), 0o600))
		must(t, os.Chtimes(filepath.Join(at, name), day, day.AddDate(0, 0, i)))
	}
	runs, err := History(d, 2)
	if err != nil || len(runs) != 2 || runs[0].Name != "c" || runs[1].Name != "a" {
		t.Errorf("got %+v, %v, want c and a", runs, err)
	}
}

func FuzzReplay(f *testing.F) {
	f.Add(lines(f, story("run")))
	f.Add([]byte("00000000 {}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		records, good, err := Replay(data)
		if good > len(data) || good > 0 && data[good-1] != '\n' {
			t.Fatalf("%d good bytes of %d", good, len(data))
		}
		again, whole, err2 := Replay(data[:good])
		if err2 != nil || whole != good || len(again) != len(records) {
			t.Fatalf("the good part: %d records, %d bytes, %v", len(again), whole, err2)
		}
		if err != nil && len(records) == 0 && good != 0 {
			t.Fatalf("%d good bytes without records: %v", good, err)
		}
	})
}

// BenchmarkAppend prints what one record costs on the disk of this machine.
func BenchmarkAppend(b *testing.B) {
	d, err := durable.Open(b.TempDir())
	must(b, err)
	j, _, err := Open(d)
	must(b, err)
	for b.Loop() {
		must(b, j.Append(story("run")[1]))
	}
	must(b, errors.Join(j.Close(), d.Close()))
}
