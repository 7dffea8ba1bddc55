package tui

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/releve-sante/releve/installer/plan"
)

var update = flag.Bool("update", false, "write the golden files")

var errSample = errors.New("the run failed")

// press is a key as bubbletea gives it.
func press(s string) tea.KeyMsg {
	switch s {
	case "enter":
		return tea.KeyMsg{Type: tea.KeyEnter}
	case "esc":
		return tea.KeyMsg{Type: tea.KeyEsc}
	case "ctrl+c":
		return tea.KeyMsg{Type: tea.KeyCtrlC}
	case "pgdown":
		return tea.KeyMsg{Type: tea.KeyPgDown}
	case "up":
		return tea.KeyMsg{Type: tea.KeyUp}
	case "end":
		return tea.KeyMsg{Type: tea.KeyEnd}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(s)}
}

// newTestSession is a session whose functions do nothing.
func newTestSession(o Options) *session {
	m := newSession(newFrame(o), o, func() {}, func(plan.Plan) {}, func() {})
	m.q = newQueue(morning)
	return m
}

// story leads a session through every screen, and gives each.
func story(o Options) []string {
	m := newTestSession(o)
	screens := []string{m.View()}
	do := func(msg tea.Msg) {
		m.Update(msg)
		screens = append(screens, m.View())
	}
	do(batch{loaded{Loaded: sampleLoaded()}})
	do(press("pgdown"))
	do(press("?"))
	m.Update(press("esc"))
	do(press("enter"))
	do(press("pgdown"))
	do(press("enter")) // question
	do(press("o"))     // confirmation
	do(press("enter")) // run
	do(batch(downloading()))
	do(press("ctrl+c"))
	do(press("ctrl+c"))
	do(batch(failing()))
	return screens
}

func failedStory(o Options) []string {
	m := newTestSession(o)
	m.Update(batch{loaded{err: errSample}})
	first := m.View()
	m.Update(batch{loaded{}})
	second := m.View()
	m.Update(press("enter"))
	return []string{first, second, m.View()}
}

func TestScreens(t *testing.T) {
	tests := []struct {
		lang          string
		width, height int
		ascii         bool
	}{
		{"fr", 80, 24, false}, {"en", 80, 24, false},
		{"fr", 40, 15, false}, {"en", 40, 15, false},
		{"fr", 80, 24, true}, {"fr", 40, 15, true},
	}
	for _, tt := range tests {
		name := fmt.Sprintf("%s-%dx%d", tt.lang, tt.width, tt.height)
		if tt.ascii {
			name += "-ascii"
		}
		t.Run(name, func(t *testing.T) {
			o := Options{
				Text: printer(t, tt.lang), Now: morning, NoColor: true, ASCII: tt.ascii,
				Width: tt.width, Height: tt.height,
			}
			screens := append(story(o), failedStory(o)...)
			for i, s := range screens {
				checkScreen(t, i, s, o)
			}
			golden(t, "testdata/"+name+".txt", strings.Join(screens, "\n"+strings.Repeat("~", tt.width)+"\n")+"\n")
		})
	}
}

// checkScreen holds a screen to what every screen promises.
func checkScreen(t *testing.T, i int, screen string, o Options) {
	t.Helper()
	lines := strings.Split(screen, "\n")
	if len(lines) != o.Height {
		t.Errorf("screen %d has %d lines, want %d:\n%s", i, len(lines), o.Height, screen)
	}
	for _, l := range lines {
		if w := ansi.StringWidth(l); w > o.Width {
			t.Errorf("screen %d has a line of %d cells: %q", i, w, l)
		}
		if o.ASCII && strings.ContainsFunc(l, func(r rune) bool { return r > unicode.MaxASCII }) {
			t.Errorf("screen %d is not ASCII: %q", i, l)
		}
		if strings.ContainsFunc(l, unicode.IsControl) {
			t.Errorf("screen %d holds a control character: %q", i, l)
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s reads\n%s\nwant\n%s", path, got, want)
	}
}

func TestColourOnlyRepeats(t *testing.T) {
	o := Options{Text: printer(t, "fr"), Now: morning, Width: 80, Height: 24}
	coloured := story(o)
	o.NoColor = true
	for i, want := range story(o) {
		got := ansi.Strip(coloured[i])
		if trimLines(got) != trimLines(want) {
			t.Errorf("screen %d without its colours reads\n%s\nwant\n%s", i, got, want)
		}
	}
	if !strings.Contains(strings.Join(coloured, ""), "\x1b[") {
		t.Error("there is no colour at all")
	}
}

func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func TestEverySizeHolds(t *testing.T) {
	for _, size := range [][2]int{{20, 8}, {25, 10}, {33, 12}, {59, 17}, {60, 20}, {72, 24}, {200, 60}} {
		o := Options{Text: printer(t, "fr"), Now: morning, NoColor: true, Width: size[0], Height: size[1]}
		for i, s := range story(o) {
			checkScreen(t, i, s, o)
		}
	}
}
