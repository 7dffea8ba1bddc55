package reader

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/releve-sante/releve/packaging/testbench/vpcd"
)

// bench skips on a machine without virtual readers, and starts the service
// behind them where it does not run.
func bench(t *testing.T) {
	t.Helper()
	if os.Getenv("RELEVE_BENCH") != "wine" {
		t.Skip("needs the virtual readers of the test bench (RELEVE_BENCH=wine)")
	}
	if !listening() {
		unix(t, "/usr/sbin/pcscd", "--disable-polkit")
		waitFor(t, "the virtual readers", listening)
	}
}

// listening reports whether the virtual readers wait for cards.
func listening() bool { return vpcd.Waiting(1) }

// unix starts a program of the system that Wine runs on.
func unix(t *testing.T, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), `C:\Windows\System32\start.exe`, append([]string{"/unix", program}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("starting %s: %v\n%s", program, err, out)
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 200 {
		if ok() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s: not so after 20 s", what)
}

// insert puts a card into a virtual reader until the test ends or remove is
// called.
func insert(t *testing.T, slot int, atr ATR) (remove func()) {
	t.Helper()
	ctx, remove := context.WithCancel(context.Background())
	t.Cleanup(remove)
	go func() {
		if err := vpcd.Present(ctx, vpcd.Address(slot), atr); err != nil {
			t.Logf("the card of slot %d: %v", slot, err) // the service was stopped
		}
	}()
	return remove
}

// until lists until ok, since a card is noticed within a second.
func until(t *testing.T, what string, ok func(Readers) bool) Readers {
	t.Helper()
	var r Readers
	for range 100 {
		if r = List(t.Context(), Options{}); ok(r) {
			return r
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s did not happen; the last answer was %+v", what, r)
	return r
}

func cards(r Readers) []Kind {
	var all []Kind
	for _, s := range r.Slots {
		all = append(all, s.Card)
	}
	return all
}

func TestVirtualReaders(t *testing.T) {
	bench(t)
	r := until(t, "two empty readers", func(r Readers) bool { return slices.Equal(cards(r), []Kind{NoCard, NoCard}) })
	if r.Service != Running || r.Slots[0].Name != "Virtual PCD 00 00" || r.Slots[1].Name != "Virtual PCD 00 01" {
		t.Errorf("readers %+v", r)
	}
	if len(r.Problems) != 0 || r.Slots[0].Contactless || r.Slots[0].Use != Free {
		t.Errorf("empty readers %+v", r)
	}
}

func TestCardsByATR(t *testing.T) {
	bench(t)
	for _, tt := range published {
		t.Run(tt.name, func(t *testing.T) {
			remove := insert(t, 0, tt.atr)
			r := until(t, "the card "+tt.name, func(r Readers) bool { return len(r.Slots) == 2 && r.Slots[0].State == Present })
			s := r.Slots[0]
			if s.Card != tt.kind || !slices.Equal(s.ATR, tt.atr) || s.Contactless != tt.contactless {
				t.Errorf("slot %+v, want %s", s, tt.kind)
			}
			if r.Slots[1].Card != NoCard {
				t.Errorf("the other slot %+v", r.Slots[1])
			}
			remove()
			until(t, "taking the card out", func(r Readers) bool { return slices.Equal(cards(r), []Kind{NoCard, NoCard}) })
		})
	}
}

// connect opens a session with a card, as a program that works with it does.
func connect(t *testing.T, name string, mode uintptr) (end func()) {
	t.Helper()
	dll := windows.NewLazySystemDLL("winscard.dll")
	var h, c uintptr
	if r, _, _ := dll.NewProc("SCardEstablishContext").Call(scopeSystem, 0, 0, uintptr(unsafe.Pointer(&h))); r != resultOK {
		t.Fatalf("SCardEstablishContext: 0x%08X", r)
	}
	p, err := windows.UTF16PtrFromString(name)
	if err != nil {
		t.Fatal(err)
	}
	var protocol uint32
	const t0OrT1 = 3
	r, _, _ := dll.NewProc("SCardConnectW").Call(h, uintptr(unsafe.Pointer(p)), mode, t0OrT1, uintptr(unsafe.Pointer(&c)), uintptr(unsafe.Pointer(&protocol)))
	if r != resultOK {
		t.Fatalf("SCardConnect: 0x%08X", r)
	}
	return func() {
		const leaveCard = 0
		_, _, _ = dll.NewProc("SCardDisconnect").Call(c, leaveCard)
		_, _, _ = dll.NewProc("SCardReleaseContext").Call(h)
	}
}

func TestCardsInUse(t *testing.T) {
	bench(t)
	remove := insert(t, 1, published[0].atr)
	r := until(t, "a card in the second slot", func(r Readers) bool { return len(r.Slots) == 2 && r.Slots[1].State == Present })
	for mode, want := range map[uintptr]Use{1: Exclusive, 2: Shared} {
		end := connect(t, r.Slots[1].Name, mode)
		in := until(t, "the use "+string(want), func(r Readers) bool { return r.Slots[1].Use == want })
		if inUse, known := in.InUse(); !inUse || !known || Facts(nil, in)["card.session"] != string(want) {
			t.Errorf("in use %v, known %v, facts %v", inUse, known, Facts(nil, in))
		}
		if in.Slots[1].Card != CPS3 {
			t.Errorf("a card in use is %s", in.Slots[1].Card)
		}
		end()
		until(t, "the end of the use", func(r Readers) bool { return r.Slots[1].Use == Free })
	}
	remove()
	until(t, "taking the card out", func(r Readers) bool { return slices.Equal(cards(r), []Kind{NoCard, NoCard}) })
}

func TestServiceStopsAndStarts(t *testing.T) {
	bench(t)
	unix(t, "/bin/sh", "-c", "kill $(cat /run/pcscd/pcscd.pid)")
	waitFor(t, "the end of the service", func() bool { return !listening() })
	r := until(t, "a service that is stopped", func(r Readers) bool { return r.Service == Stopped })
	if !slices.Equal(codes(r), []string{CodeStopped}) || len(r.Slots) != 0 || Facts(nil, r)["reader.count"] != nil {
		t.Errorf("readers %+v", r)
	}
	bench(t)
	until(t, "the readers again", func(r Readers) bool { return len(r.Slots) == 2 })
}

// TestServiceHangs stops the service in the middle of its work: the answer
// comes after the limit, and the next one when the service goes on.
func TestServiceHangs(t *testing.T) {
	bench(t)
	signal := func(name string) { unix(t, "/bin/sh", "-c", "kill -"+name+" $(cat /run/pcscd/pcscd.pid)") }
	held := func() bool {
		pid, _ := os.ReadFile(`Z:\run\pcscd\pcscd.pid`)
		status, err := os.ReadFile(`Z:\proc\` + strings.Trim(string(pid), "\n\x00") + `\status`)
		return err == nil && strings.Contains(string(status), "State:\tT")
	}
	signal("STOP")
	waitFor(t, "a service that is held", held)
	r := List(t.Context(), Options{})
	signal("CONT")
	if r.Service != Unreachable || !slices.Contains(codes(r), CodeHung) || Facts(nil, r)["reader.service"] != "unreachable" {
		t.Errorf("readers %+v", r)
	}
	until(t, "the readers again", func(r Readers) bool { return len(r.Slots) == 2 })
}

// TestStoppedAsking gives up at once when the person does.
func TestStoppedAsking(t *testing.T) {
	bench(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if r := List(ctx, Options{}); slices.Contains(codes(r), CodeHung) {
		t.Errorf("readers %+v", r)
	}
}

func BenchmarkList(b *testing.B) {
	if os.Getenv("RELEVE_BENCH") != "wine" {
		b.Skip("needs the virtual readers of the test bench (RELEVE_BENCH=wine)")
	}
	for b.Loop() {
		if r := List(b.Context(), Options{}); r.Service != Running {
			b.Fatalf("readers %+v", r)
		}
	}
}
