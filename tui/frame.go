package tui

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/viewport"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/releve-sante/releve/tui/text"
)

// frame is what all screens share: a title, a body that scrolls, lines below
// it that do not, and the keys.
type frame struct {
	p             *text.Printer
	st            styles
	width, height int
	body          viewport.Model
	move          scrollKeys
	help          bool
}

// hint is a key and what it does, for the last line.
type hint struct{ key, does string }

func newFrame(o Options) frame {
	f := frame{p: o.Text, st: newStyles(o), body: viewport.New(0, 0), move: newScrollKeys()}
	if o.ASCII {
		f.p = f.p.ASCII()
	}
	f.resize(o.Width, o.Height)
	return f
}

func (f *frame) resize(width, height int) {
	if width <= 0 || height <= 0 {
		width, height = defaultWidth, defaultHeight
	}
	f.width, f.height = max(width, minWidth), max(height, minHeight)
}

func (f *frame) sheet() *sheet { return &sheet{st: f.st, width: f.width} }

// fill gives the body its lines and the height that foot leaves. A body that
// showed its end goes on showing it when follow is set.
func (f *frame) fill(lines []string, foot int, follow bool) {
	atEnd := f.body.AtBottom()
	f.body.Width = f.width
	f.body.Height = max(1, f.height-foot-3) // title, rule, keys
	f.body.SetContent(strings.Join(lines, "\n"))
	if follow && atEnd || f.body.PastBottom() {
		f.body.GotoBottom()
	}
}

// scrollKeys are the keys that move the body.
type scrollKeys struct{ up, down, pageUp, pageDown, top, end key.Binding }

func newScrollKeys() scrollKeys {
	return scrollKeys{
		up:       key.NewBinding(key.WithKeys("up", "k")),
		down:     key.NewBinding(key.WithKeys("down", "j")),
		pageUp:   key.NewBinding(key.WithKeys("pgup", "b")),
		pageDown: key.NewBinding(key.WithKeys("pgdown", " ", "f")),
		top:      key.NewBinding(key.WithKeys("home", "g")),
		end:      key.NewBinding(key.WithKeys("end", "G")),
	}
}

// toggleHelp shows or hides the keys, and says whether the key was for that.
func (f *frame) toggleHelp(m tea.KeyMsg) bool {
	if m.String() != "?" && (!f.help || m.Type != tea.KeyEsc) {
		return false
	}
	f.help = !f.help
	f.body.GotoTop()
	return true
}

// scroll moves the body, and says whether the key was for that.
func (f *frame) scroll(m tea.KeyMsg) bool {
	switch {
	case key.Matches(m, f.move.up):
		f.body.ScrollUp(1)
	case key.Matches(m, f.move.down):
		f.body.ScrollDown(1)
	case key.Matches(m, f.move.pageUp):
		f.body.PageUp()
	case key.Matches(m, f.move.pageDown):
		f.body.PageDown()
	case key.Matches(m, f.move.top):
		f.body.GotoTop()
	case key.Matches(m, f.move.end):
		f.body.GotoBottom()
	default:
		return false
	}
	return true
}

// below says how many lines of the body stand below the screen.
func (f *frame) below() string {
	n := f.body.TotalLineCount() - f.body.YOffset - f.body.Height
	if n <= 0 {
		return ""
	}
	return f.st.down + " " + strconv.Itoa(n)
}

// render puts the screen together: exactly as many lines as it is high.
func (f *frame) render(title, right string, foot []string, hints []hint) string {
	lines := []string{f.title(title, right), f.ruler()}
	lines = append(lines, strings.Split(f.body.View(), "\n")...)
	lines = append(lines, foot...)
	lines = append(lines, f.keys(hints))
	for i := range lines {
		lines[i] = strings.TrimRight(ansi.Truncate(lines[i], f.width, ""), " ")
	}
	if len(lines) > f.height {
		lines = append(lines[:f.height-1:f.height-1], lines[len(lines)-1])
	}
	return strings.Join(lines, "\n")
}

func (f *frame) ruler() string { return f.st.dim.Render(strings.Repeat(f.st.rule, f.width)) }

func (f *frame) title(left, right string) string {
	left = text.Fit(left, max(4, f.width-ansi.StringWidth(right)-1))
	space := max(1, f.width-ansi.StringWidth(left)-ansi.StringWidth(right))
	return strings.TrimRight(f.st.head.Render(left)+strings.Repeat(" ", space)+right, " ")
}

// keys is the last line. What does not fit is left out from the end; "?"
// shows all.
func (f *frame) keys(hints []hint) string {
	if f.help { // the keys of the page do nothing while its help is shown
		hints = []hint{{"Esc", f.p.Message("view-key-close", nil)}}
	} else {
		hints = append(hints[:len(hints):len(hints)], hint{"?", f.p.Message("view-key-help", nil)})
	}
	if f.body.TotalLineCount() > f.body.Height {
		hints = append(hints, hint{f.st.up + f.st.down, f.p.Message("view-key-scroll", nil)})
	}
	line, used := "", 0
	for _, h := range hints {
		w := ansi.StringWidth(h.key+" "+h.does) + 2
		if used+w-2 > f.width {
			continue
		}
		line += f.st.key.Render(h.key) + " " + h.does + "  "
		used += w
	}
	return strings.TrimRight(line, " ")
}

// helpLines are the keys of every screen.
func (f *frame) helpLines() []string {
	s := f.sheet()
	s.head(f.p.Message("view-help", nil))
	s.fields(2, []text.Field{
		{Label: f.st.up + " " + f.st.down, Value: f.p.Message("view-help-lines", nil)},
		{Label: "PgUp PgDn", Value: f.p.Message("view-help-pages", nil)},
		{Label: "Home End", Value: f.p.Message("view-help-ends", nil)},
		{Label: f.p.Message("view-key-enter", nil), Value: f.p.Message("view-help-enter", nil)},
		{Label: "Esc", Value: f.p.Message("view-help-back", nil)},
		{Label: "q", Value: f.p.Message("view-help-quit", nil)},
		{Label: "Ctrl+C", Value: f.p.Message("view-help-stop", nil)},
		{Label: "?", Value: f.p.Message("view-help-help", nil)},
	})
	return s.lines
}
