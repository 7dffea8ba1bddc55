package floor

import (
	"errors"
	"reflect"
	"testing"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/durable/durabletest"
	"github.com/releve-sante/releve/manifest"
)

func at(version string, safe ...string) manifest.Floor {
	return manifest.Floor{Platform: manifest.MacOS, Version: version, Safe: safe,
		Because: manifest.Text{FR: "Faille.", EN: "Hole."}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// loaded reads the memory and requires that nothing of it is damaged.
func loaded(t *testing.T, d durable.Dir) Memory {
	t.Helper()
	m, problems := Load(d)
	if len(problems) > 0 || m.Lost {
		t.Fatalf("the memory is damaged: %v", problems)
	}
	return m
}

// raised makes a memory of one floor.
func raised(t *testing.T, d durable.Dir, f manifest.Floor) {
	t.Helper()
	m := loaded(t, d)
	must(t, m.Raise(d, Floors{"galss": {f}}, true))
}

func TestOnlyUpwards(t *testing.T) {
	for name, c := range map[string]struct{ said, want manifest.Floor }{
		"higher":                  {at("3.44"), at("3.44")},
		"lower":                   {at("3.42", "3.41"), at("3.43.02", "3.42")},
		"equal-with-another-list": {at("3,43,2,0", "3.41"), at("3,43,2,0", "3.41")},
		"nothing-that-is-read":    {at("latest"), at("3.43.02", "3.42")},
	} {
		t.Run(name, func(t *testing.T) {
			d := durabletest.NewDisk()
			raised(t, d, at("3.43.02", "3.42"))
			m := loaded(t, d)
			must(t, m.Raise(d, Floors{"galss": {c.said}}, true))
			if got := loaded(t, d).Floors["galss"]; !reflect.DeepEqual(got, []manifest.Floor{c.want}) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestSystemsAndComponentsStandApart(t *testing.T) {
	d := durabletest.NewDisk()
	raised(t, d, at("3.43.02"))
	windows := at("3.1")
	windows.Platform = manifest.Windows
	m := loaded(t, d)
	must(t, m.Raise(d, Floors{"galss": {windows}, "cryptolib-cps": {at("5.1.8")}}, false))
	want := Floors{"galss": {at("3.43.02"), windows}, "cryptolib-cps": {at("5.1.8")}}
	if got := loaded(t, d).Floors; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	m = loaded(t, d)
	must(t, m.Raise(d, nil, true)) // documents that no longer speak of it
	if got := loaded(t, d).Floors; !reflect.DeepEqual(got, want) {
		t.Errorf("silence lowers: got %+v, want %+v", got, want)
	}
}

// spoil changes a file as a failing disk does.
func spoil(t *testing.T, d durable.Dir, name string, change func([]byte) []byte) {
	t.Helper()
	data, err := durable.ReadFile(d, name, maxSize)
	must(t, err)
	must(t, durable.WriteFile(d, name, change(data), 0o600))
}

func TestDamage(t *testing.T) {
	for name, change := range map[string]func([]byte) []byte{
		"empty":           func([]byte) []byte { return nil },
		"cut":             func(b []byte) []byte { return b[:len(b)/2] },
		"zeros":           func(b []byte) []byte { return make([]byte, len(b)) },
		"another-version": func(b []byte) []byte { return bytesReplaced(b, "3.43.02", "3.13.02") },
		"too-large":       func([]byte) []byte { return make([]byte, maxSize+1) },
	} {
		t.Run(name, func(t *testing.T) {
			d := durabletest.NewDisk()
			raised(t, d, at("3.43.02"))
			spoil(t, d, copies()[0], change)
			m, problems := Load(d)
			if len(problems) != 1 || m.Lost || !reflect.DeepEqual(m.Floors["galss"], []manifest.Floor{at("3.43.02")}) {
				t.Fatalf("one copy: lost %v, floors %+v, problems %v", m.Lost, m.Floors, problems)
			}
			must(t, m.Raise(d, nil, false))
			loaded(t, d)
			if _, err := durable.ReadFile(d, copies()[0]+damaged, 2*maxSize); err != nil {
				t.Errorf("the damaged copy is not kept: %v", err)
			}

			for _, file := range copies() {
				spoil(t, d, file, change)
			}
			for _, again := range []string{"first", "second"} { // it stays lost
				m, problems = Load(d)
				if !m.Lost || len(problems) != 2 {
					t.Fatalf("%s look: lost %v, problems %v", again, m.Lost, problems)
				}
				must(t, m.Raise(d, Floors{"galss": {at("3.1")}}, false))
			}
			must(t, m.Raise(d, Floors{"galss": {at("3.43.02")}}, true))
			if got := loaded(t, d).Floors["galss"]; !reflect.DeepEqual(got, []manifest.Floor{at("3.43.02")}) {
				t.Errorf("made again: got %+v", got)
			}
		})
	}
}

func bytesReplaced(b []byte, old, next string) []byte {
	for i := 0; i+len(old) <= len(b); i++ {
		if string(b[i:i+len(old)]) == old {
			return append(append(append([]byte{}, b[:i]...), next...), b[i+len(old):]...)
		}
	}
	return b
}

func TestNothingNewWritesNothing(t *testing.T) {
	d := durabletest.NewDisk()
	raised(t, d, at("3.43.02"))
	m := loaded(t, d)
	before := d.Ops()
	must(t, m.Raise(d, Floors{"galss": {at("3.43.02")}}, true))
	if d.Ops() != before {
		t.Error("a floor that is known is written again")
	}
}

// TestPowerFailsAnywhere cuts the power after each operation of raising a
// floor: it is then the old or the new one, and raising it again ends well.
func TestPowerFailsAnywhere(t *testing.T) {
	start := durabletest.NewDisk()
	raised(t, start, at("3.42"))
	raise := func(d durable.Dir) error {
		m, _ := Load(d)
		return m.Raise(d, Floors{"galss": {at("3.43")}}, true)
	}
	whole := start.Clone()
	must(t, raise(whole))
	for n := 1; n <= whole.Ops(); n++ {
		d := start.Clone()
		d.CutAfter(n)
		if err := raise(d); !errors.Is(err, durabletest.ErrPower) {
			t.Fatalf("cut at %s: got %v", whole.Op(n), err)
		}
		for seed := range uint64(40) {
			after := d.Restart(durabletest.LoseSome(seed))
			m := loaded(t, after)
			if v := m.Floors["galss"][0].Version; v != "3.42" && v != "3.43" {
				t.Fatalf("%s, seed %d: the floor is %s", whole.Op(n), seed, v)
			}
			must(t, raise(after))
			if v := loaded(t, after.Restart(durabletest.LoseAll())).Floors["galss"][0].Version; v != "3.43" {
				t.Fatalf("%s, seed %d: after the second call the floor is %s", whole.Op(n), seed, v)
			}
		}
	}
}
