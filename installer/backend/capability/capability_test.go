package capability

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/releve-sante/releve/installer/backend"
)

// fake is a Windows in memory, with a DISM that may end in any way.
type fake struct {
	state  State
	file   bool
	server *uint32
	later  bool   // changes wait for a restart
	fail   uint32 // code that adding and removing end with
	ask    uint32 // code that asking ends with
	err    error  // of starting DISM
	stop   error  // of writing the policy, once
	log    []string
	going  bool // a DISM that nobody waits for adds the feature while it is waited for
	waits  int
	seen   []uint32 // values of the policy while DISM changed something
}

func (f *fake) Present() (bool, error) { return f.file, nil }

func (f *fake) DISM(_ context.Context, _ time.Duration, args ...string) (Answer, error) {
	if f.err != nil {
		return Answer{}, f.err
	}
	line := strings.Join(args, " ")
	if strings.Contains(line, "/Get-CapabilityInfo") {
		words := map[State]string{Present: "Installed", Absent: "Not Present", Arriving: "Install Pending", Leaving: "Uninstall Pending"}
		return Answer{f.ask, []byte("Capability Identity : WMIC~~~~\r\nState : " + words[f.state] + "\r\n")}, nil
	}
	f.log = append(f.log, line)
	if f.server != nil {
		f.seen = append(f.seen, *f.server)
	}
	if f.fail != 0 {
		return Answer{f.fail, fmt.Appendf(nil, "\r\nError: 0x%x\r\n\r\nIt did not work.\r\n", f.fail)}, nil
	}
	add := strings.Contains(line, "/Add-Capability")
	switch {
	case f.later && add:
		f.state = Arriving
	case f.later:
		f.state = Leaving
	case add:
		f.state, f.file = Present, true
	default:
		f.state, f.file = Absent, false
	}
	if f.later {
		return Answer{rebootRequired, nil}, nil
	}
	return Answer{}, nil
}

func (f *fake) Working(context.Context) (bool, error) { return f.going, nil }

func (f *fake) Wait(context.Context, time.Duration) error {
	f.waits++
	if f.waits == 3 {
		f.going, f.state, f.file = false, Present, true
	}
	return nil
}

func (f *fake) UpdateServer() (*uint32, error) { return f.server, nil }

func (f *fake) SetUpdateServer(_ context.Context, v uint32) error {
	f.server = &v
	err := f.stop
	f.stop = nil
	return err
}

func job(to string, params map[string]string) backend.Job {
	action := backend.Install
	if to == "" {
		action = backend.Uninstall
	}
	return backend.Job{
		ID: "job-1", Action: action, Component: WMIC, To: to, Params: params,
		Progress: func(int64, int64) {}, Tell: func(string, map[string]string) {},
	}
}

func number(v uint32) *uint32 { return &v }

func version(t *testing.T, b *Backend) string {
	t.Helper()
	s, err := b.Inspect(t.Context(), backend.Subject{Name: WMIC})
	if err != nil {
		t.Fatal(err)
	}
	return s.Version
}

func TestRestoreAndTakeBack(t *testing.T) {
	for _, later := range []bool{false, true} {
		t.Run(fmt.Sprintf("restart-%v", later), func(t *testing.T) {
			f := &fake{state: Absent, later: later}
			b := New(f)
			for _, to := range []string{Installed, ""} {
				j := job(to, nil)
				u, err := b.Prepare(t.Context(), j)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 { // once more is the same
					out, err := b.Apply(t.Context(), j, u)
					if err != nil || out.Reboot != later {
						t.Fatalf("apply %q: reboot %v, %v", to, out.Reboot, err)
					}
				}
				if got := version(t, b); got != to {
					t.Errorf("version is %q, want %q", got, to)
				}
				if err := b.Settle(t.Context(), j, u, true); err != nil {
					t.Fatal(err)
				}
			}
			want := []string{
				"/English /Online /Add-Capability /CapabilityName:WMIC~~~~ /NoRestart",
				"/English /Online /Remove-Capability /CapabilityName:WMIC~~~~ /NoRestart",
			}
			if !slices.Equal(f.log, want) {
				t.Errorf("DISM was asked\n got %q\nwant %q", f.log, want)
			}
		})
	}
}

func TestRevert(t *testing.T) {
	for name, applied := range map[string]bool{"after-apply": true, "without-apply": false} {
		for _, before := range []State{Absent, Present} {
			t.Run(name+"-"+string(before), func(t *testing.T) {
				f := &fake{state: before, file: before == Present}
				b := New(f)
				to := Installed
				if before == Present {
					to = ""
				}
				old := version(t, b)
				j := job(to, nil)
				u, err := b.Prepare(t.Context(), j)
				if err != nil {
					t.Fatal(err)
				}
				if applied {
					if _, err := b.Apply(t.Context(), j, u); err != nil {
						t.Fatal(err)
					}
				}
				for range 2 {
					if _, err := b.Revert(t.Context(), j, u); err != nil {
						t.Fatal(err)
					}
				}
				if got := version(t, b); got != old || f.state != before {
					t.Errorf("version %q, state %q; want %q, %q", got, f.state, old, before)
				}
			})
		}
	}
}

func TestOfflineSource(t *testing.T) {
	f := &fake{state: Absent}
	b := New(f)
	j := job(Installed, map[string]string{Source: `E:\FoD de test`})
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Apply(t.Context(), j, u); err != nil {
		t.Fatal(err)
	}
	if want := `/Source:E:\FoD de test /LimitAccess`; !strings.HasSuffix(f.log[0], want) {
		t.Errorf("DISM was asked %q, want %q at the end", f.log[0], want)
	}
}

// TestPolicyComesBack passes the policy by and looks at it after every way the
// change can end.
func TestPolicyComesBack(t *testing.T) {
	bypass := map[string]string{BypassWSUS: Yes}
	tests := []struct {
		name   string
		server *uint32
		params map[string]string
		spoil  func(*fake)
		end    func(b *Backend, j backend.Job, u backend.Undo) error
		during uint32 // value while DISM worked
	}{
		{name: "success", server: number(1), params: bypass},
		{name: "failure-of-dism", server: number(1), params: bypass, spoil: func(f *fake) { f.fail = updateServer }},
		{name: "failure-of-the-service", server: number(1), params: bypass, spoil: func(f *fake) { f.stop = errors.New("it does not stop") }},
		{name: "not-asked-for", server: number(1), during: 1},
		{name: "no-server", server: nil, params: bypass},
		{name: "already-passed-by", server: number(0), params: bypass},
		{name: "killed-then-revert", server: number(1), params: bypass, end: reverted},
		{name: "killed-then-settle", server: number(1), params: bypass, end: settled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{state: Absent, server: tt.server}
			b := New(f)
			j := job(Installed, tt.params)
			u, err := b.Prepare(t.Context(), j)
			if err != nil {
				t.Fatal(err)
			}
			if tt.spoil != nil {
				tt.spoil(f)
			}
			if tt.end == nil {
				_, _ = b.Apply(t.Context(), j, u)
			} else { // the process died while DISM worked
				f.server = number(0)
				if err := tt.end(b, j, u); err != nil {
					t.Fatal(err)
				}
			}
			if (f.server == nil) != (tt.server == nil) || f.server != nil && *f.server != *tt.server {
				t.Errorf("the policy is %v afterwards, was %v", f.server, tt.server)
			}
			for _, v := range f.seen {
				if tt.server != nil && v != tt.during {
					t.Errorf("the policy was %d while DISM worked, want %d", v, tt.during)
				}
			}
		})
	}
}

func reverted(b *Backend, j backend.Job, u backend.Undo) error {
	_, err := b.Revert(context.Background(), j, u)
	return err
}

func settled(b *Backend, j backend.Job, u backend.Undo) error {
	return b.Settle(context.Background(), j, u, true)
}

func TestPolicyThatSomebodyElseWrote(t *testing.T) {
	f := &fake{state: Absent, server: number(1)}
	b := New(f)
	j := job(Installed, map[string]string{BypassWSUS: Yes})
	u, err := b.Prepare(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	f.server = number(7)
	if err := b.Settle(t.Context(), j, u, false); err != nil || *f.server != 7 {
		t.Errorf("the policy is %d, %v; want that it is left alone", *f.server, err)
	}
	f.server = nil
	if err := b.Settle(t.Context(), j, u, false); err != nil || f.server != nil {
		t.Errorf("a policy that is gone came back: %v, %v", f.server, err)
	}
}

func TestWhatDISMSays(t *testing.T) {
	tests := []struct {
		name string
		fake fake
		code string
	}{
		{"update-server", fake{fail: 0x800f0954}, CodeUpdateServer},
		{"update-server-on-insider-builds", fake{fail: 0x800f0950}, CodeUpdateServerToo},
		{"no-source", fake{fail: 0x800f081f}, CodeNoSource},
		{"forbidden", fake{fail: 0x800f0907}, CodeForbidden},
		{"offline", fake{fail: 0x80072ee7}, CodeOffline},
		{"disk-full", fake{fail: 112}, CodeDiskFull},
		{"disk-full-as-a-result", fake{fail: 0x80070070}, CodeDiskFull},
		{"source-not-found", fake{fail: 0x800f0906}, CodeNoSource},
		{"denied-by-windows-update", fake{fail: 0x8024500c}, CodeForbidden},
		{"no-connection", fake{fail: 0x8024402c}, CodeOffline},
		{"connection-refused", fake{fail: 0x80072efd}, CodeOffline},
		{"connection-too-slow", fake{fail: 0x80072ee2}, CodeOffline},
		{"other-operation", fake{fail: 0x800f0902}, CodeBusy},
		{"restart-first", fake{fail: 0x800f082f}, CodeRestartFirst},
		{"rights", fake{ask: 740}, CodeRights},
		{"access-denied", fake{fail: 5}, CodeRights},
		{"access-denied-as-a-result", fake{fail: 0x80070005}, CodeRights},
		{"not-known", fake{ask: 87}, CodeNotKnown},
		{"not-known-as-a-result", fake{ask: 0x800f080c}, CodeNotKnown},
		{"something-else", fake{fail: 0x80004005}, CodeFailed},
		{"no-dism", fake{err: fmt.Errorf("dism.exe: %w", fs.ErrNotExist)}, CodeNoDISM},
		{"no-end", fake{err: fmt.Errorf("dism.exe: %w", ErrTime)}, CodeTime},
		{"unknown-state", fake{state: "moon"}, CodeUnknownState},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.fake
			if f.state == "" {
				f.state = Absent
			}
			b := New(&f)
			j := job(Installed, nil)
			u, err := b.Prepare(t.Context(), j)
			if err == nil {
				_, err = b.Apply(t.Context(), j, u)
			}
			var e *Error
			if !errors.As(err, &e) || e.Code() != tt.code {
				t.Fatalf("error is %v, want %s", err, tt.code)
			}
			if f.fail != 0 && e.Args()["Said"] == "" {
				t.Errorf("what DISM said is lost: %v", e)
			}
			if _, err := b.Revert(t.Context(), j, []byte(`{"before":"absent"}`)); err != nil {
				t.Errorf("no way back: %v", err)
			}
			f.file = true // DISM did something before it failed, and still does not work
			if _, err := b.Revert(t.Context(), j, []byte(`{"before":"absent"}`)); err == nil && f.state != Absent {
				t.Error("what is still there counts as taken back")
			}
		})
	}
}

func TestStateInAnyCodeAndLanguage(t *testing.T) {
	french := "\r\nOutil Gestion et maintenance des images de d\x82ploiement\r\nVersion : 10.0.26100.1150\r\n\r\nIdentit\x82 de la fonctionnalit\x82 : WMIC~~~~\r\nNom : WMIC\r\n\x90tat : %s\r\nNom d'affichage : WMIC\r\n"
	english := "\r\nDeployment Image Servicing and Management tool\r\nVersion: 10.0.26100.1150\r\n\r\nCapability Identity : WMIC~~~~\r\nName : WMIC\r\nState : %s\r\nDisplay Name : WMIC\r\n"
	wide := func(s string) []byte {
		var out []byte
		for _, u := range utf16.Encode([]rune(s)) {
			out = binary.LittleEndian.AppendUint16(out, u)
		}
		return out
	}
	tests := []struct {
		name string
		data []byte
		want State
	}{
		{"english", fmt.Appendf(nil, english, "Installed"), Present},
		{"english-absent", fmt.Appendf(nil, english, "Not Present"), Absent},
		{"english-pending", fmt.Appendf(nil, english, "Install Pending"), Arriving},
		{"english-leaving", fmt.Appendf(nil, english, "Uninstall Pending"), Leaving},
		{"english-utf-16", wide(fmt.Sprintf(english, "Installed")), Present},
		{"english-utf-16-with-mark", append([]byte{0xff, 0xfe}, wide(fmt.Sprintf(english, "Not Present"))...), Absent},
		{"french-oem", fmt.Appendf(nil, french, "Install\x82"), Present},
		{"french-oem-absent", fmt.Appendf(nil, french, "Non pr\x82sent"), Absent},
		{"french-utf-8", []byte("État : Installation en attente\n"), Arriving},
		{"french-ansi", []byte("\xc9tat : Absent\r\n"), Absent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Answer{Output: tt.data}.state()
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestOthersAreNotChanged(t *testing.T) {
	b := New(&fake{state: Present, file: true})
	if s, err := b.Inspect(t.Context(), backend.Subject{Name: "galss"}); err != nil || s.Version != "" {
		t.Errorf("galss is %q, %v", s.Version, err)
	}
	if _, err := b.Prepare(t.Context(), backend.Job{Component: "galss", To: "1"}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("error is %v", err)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(uint32(0), []byte("State : Installed\r\n"))
	f.Add(uint32(1), []byte("Error: 0x800f0954\r\n"))
	f.Add(uint32(0x800f081f), []byte("\xff\xfeE\x00"))
	f.Fuzz(func(t *testing.T, code uint32, output []byte) {
		a := Answer{code, output}
		s, err := a.state()
		if (err == nil) != (s != "") {
			t.Errorf("%q gives %q and %v", output, s, err)
		}
		if e := a.failure(); (e == nil) != (code == 0 || code == rebootRequired) {
			t.Errorf("code %d gives %v", code, e)
		}
	})
}
