package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/windows/registry"

	"github.com/releve-sante/releve/packaging/testbench/impersonate"
	"github.com/releve-sante/releve/packaging/testbench/vpcd"
)

// bench is what a script has running beside it.
type bench struct {
	t        *testing.T
	programs string
	galss    *exec.Cmd
	cards    [2]context.CancelFunc
}

type benchKey struct{}

func of(ts *testscript.TestScript) *bench { return ts.Value(benchKey{}).(*bench) }

// close ends what runs. The prefix itself is thrown away.
func (b *bench) close() {
	for slot := range b.cards {
		b.remove(slot)
	}
	b.stopGALSS()
}

// impersonated changes the Windows that programs see: impersonate BUILD.
func impersonated(ts *testscript.TestScript, _ bool, args []string) {
	build, err := strconv.ParseUint(args[0], 10, 32)
	ts.Check(err)
	ts.Check(impersonate.Windows(uint32(build)))
}

// writeSettings copies a file to where GALSS reads its settings, byte by byte:
// galss-ini FILE.
func writeSettings(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(copyFile(ts.MkAbs(args[0]), `C:\Windows\galss.ini`))
}

// removeWMIC takes wmic.exe away: nowmic.
func removeWMIC(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(preferNative("wmic.exe"))
	for _, dir := range []string{`C:\Windows\System32\wbem`, `C:\Windows\SysWOW64\wbem`} {
		if err := os.Remove(filepath.Join(dir, "wmic.exe")); err != nil && !os.IsNotExist(err) {
			ts.Fatalf("%v", err)
		}
	}
}

// preferNative lets Wine run the file of this name instead of its own program.
func preferNative(program string) error {
	key, _, err := registry.CreateKey(registry.CURRENT_USER, `Software\Wine\DllOverrides`, registry.SET_VALUE)
	if err != nil {
		return err
	}
	return errors.Join(key.SetStringValue(program, "native"), key.Close())
}

// programDISM puts the stand-in of dism.exe into System32 and tells it what to
// answer, and to restore WMIC with the one of the bench: dism FILE.
func programDISM(ts *testscript.TestScript, _ bool, args []string) {
	answers := map[string]any{"wmic": filepath.Join(of(ts).programs, "wmic.exe")}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &answers))
	data, err := json.Marshal(answers)
	ts.Check(err)
	ts.Check(preferNative("dism.exe"))
	ts.Check(copyFile(filepath.Join(of(ts).programs, "dism.exe"), `C:\Windows\System32\dism.exe`))
	ts.Check(os.MkdirAll(`C:\Windows\Temp`, 0o755))
	ts.Check(os.WriteFile(`C:\Windows\Temp\dism.json`, data, 0o600))
}

// installPackage installs a package of the bench: msi PACKAGE.
func installPackage(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec(`C:\Windows\System32\msiexec.exe`, "/i", filepath.Join(os.Getenv("RELEVE_BENCH_MSI"), args[0]), "/qn"))
}

// programInstaller puts the stand-in of msiexec.exe in the place of the real
// one, and tells it what to answer: msiexec FILE.
func programInstaller(ts *testscript.TestScript, _ bool, args []string) {
	const real, moved = `C:\Windows\System32\msiexec.exe`, `C:\Windows\Temp\msiexec-real.exe`
	if _, err := os.Stat(moved); os.IsNotExist(err) {
		ts.Check(copyFile(real, moved))
	}
	ts.Check(copyFile(filepath.Join(of(ts).programs, "msiexec.exe"), real))
	ts.Check(copyFile(ts.MkAbs(args[0]), `C:\Windows\Temp\msiexec.txt`))
	ts.Check(preferNative("msiexec.exe"))
}

// insertCard puts a card into a virtual reader, and starts the readers when
// they do not run: card SLOT CARD.
func insertCard(ts *testscript.TestScript, _ bool, args []string) {
	b, slot := of(ts), slotOf(ts, args)
	atr, err := vpcd.ATR(args[1])
	ts.Check(err)
	b.startReaders(ts)
	b.remove(slot)
	ctx, cancel := context.WithCancel(context.Background())
	b.cards[slot] = cancel
	go func() {
		if err := vpcd.Present(ctx, vpcd.Address(slot), atr); err != nil {
			b.t.Logf("card in slot %d: %v", slot, err)
		}
	}()
	time.Sleep(cardSeen)
}

// cardSeen is how long pcscd takes to notice a card, which it looks for by
// asking again and again.
const cardSeen = time.Second

// removeCard takes a card out: nocard SLOT.
func removeCard(ts *testscript.TestScript, _ bool, args []string) {
	of(ts).remove(slotOf(ts, args))
	time.Sleep(cardSeen)
}

func (b *bench) remove(slot int) {
	if b.cards[slot] != nil {
		b.cards[slot]()
		b.cards[slot] = nil
	}
}

func slotOf(ts *testscript.TestScript, args []string) int {
	slot, err := strconv.Atoi(args[0])
	if err != nil || slot < 0 || slot > 1 {
		ts.Fatalf("%q is not a slot: 0 or 1", args[0])
	}
	return slot
}

// startReaders starts pcscd outside the prefix where it does not run, and waits
// until both virtual readers take cards.
func (b *bench) startReaders(ts *testscript.TestScript) {
	if vpcd.Waiting(0) && vpcd.Waiting(1) {
		return
	}
	ts.Check(b.unix("/usr/sbin/pcscd", "--disable-polkit"))
	if !within(func() bool { return vpcd.Waiting(0) && vpcd.Waiting(1) }) {
		ts.Fatalf("the virtual readers are not there after %v", patience)
	}
}

// unix starts a program of the system that Wine runs on, and does not wait for
// it: start.exe tells no status of such programs.
func (b *bench) unix(program string, args ...string) error {
	cmd := exec.CommandContext(b.t.Context(), `C:\Windows\System32\start.exe`, append([]string{"/unix", program}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("starting %s: %w\n%s", program, err, out)
	}
	return nil
}

// machinePath is the PATH that a program started from the desktop gets.
func machinePath() (string, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Control\Session Manager\Environment`, registry.QUERY_VALUE)
	if err != nil {
		return "", err
	}
	defer key.Close()
	path, _, err := key.GetStringValue("Path")
	if err != nil {
		return "", err
	}
	return registry.ExpandString(path)
}
