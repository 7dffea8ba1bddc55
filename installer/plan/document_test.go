package plan

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/releve-sante/releve/manifest"
)

// fieldPlan is a plan with steps, refusals, questions and an unknown fact.
func fieldPlan(t testing.TB) Plan {
	t.Helper()
	comps := append(field(), component("other", release("other", "1", func(r *manifest.Release) {
		r.Requires = append(r.Requires, manifest.Rule{Code: "needs-card",
			Require: manifest.Condition{Fact: "card.cps", Is: "cps4"}})
	})))
	comps[1].Settings = []manifest.Setting{{Platform: manifest.MacOS, Path: "galss.ini"},
		{Platform: manifest.Windows, Path: "galss-windows.ini"}}
	comps[1].Programs = []manifest.Program{{Platform: manifest.MacOS, Process: "galsvosx"},
		{Platform: manifest.Windows, Process: "galsvw64.exe"}}
	comps[1].Evidence = []manifest.Evidence{{Kind: manifest.EvidenceBundle, Platform: manifest.Any},
		{Kind: manifest.EvidenceProcess, Platform: manifest.Windows, ID: "galsvw64.exe"}}
	f := mac("10.14.6")
	f["elevated"] = true
	p, err := Make(input(t, comps, f, by("cryptolib-cps@5.1.5"), Request{Action: Install}))
	if err != nil {
		t.Fatalf("Make: %v", err)
	}
	return p
}

func TestPlanRecordsWhatItLookedAt(t *testing.T) {
	p := fieldPlan(t)
	want := map[string]any{"os.version": "10.14.6", "os.family": "macos", "card.cps": nil}
	if !reflect.DeepEqual(p.Machine, want) {
		t.Errorf("the facts in the plan\n got %v\nwant %v", p.Machine, want)
	}
	if want := map[string]string{cryptolib: "5.1.5"}; !reflect.DeepEqual(p.Installed, want) {
		t.Errorf("the installed components in the plan\n got %v\nwant %v", p.Installed, want)
	}
	if p.Download != 300 || p.Disk != 1200 {
		t.Errorf("download %d and disk %d, want 300 and 1200", p.Download, p.Disk)
	}
	for _, s := range p.Steps {
		if s.Component == galss && (len(s.Settings) != 1 || s.Settings[0].Path != "galss.ini") {
			t.Errorf("the settings of galss are %v, want galss.ini alone", s.Settings)
		}
		if s.Component == galss && (len(s.Programs) != 1 || s.Programs[0].Process != "galsvosx" ||
			len(s.Evidence) != 1 || s.Evidence[0].Kind != manifest.EvidenceBundle) {
			t.Errorf("galss has programs %v and evidence %v, want those of this platform", s.Programs, s.Evidence)
		}
	}
	if p.Empty() || p.Refused() || !p.NeedsAnswer() {
		t.Errorf("empty %v, refused %v, needs an answer %v; want only the last", p.Empty(), p.Refused(), p.NeedsAnswer())
	}
	p.Request.AllowUnknown = true
	if p.NeedsAnswer() {
		t.Error("the plan still needs an answer after it was given")
	}
}

func TestDocumentSurvives(t *testing.T) {
	for _, p := range []Plan{fieldPlan(t), {Schema: Schema, Request: Request{Action: Update}}} {
		first, err := Encode(p)
		if err != nil {
			t.Fatalf("Encode: %v", err)
		}
		read, err := Decode(first)
		if err != nil {
			t.Fatalf("Decode: %v", err)
		}
		second, err := Encode(read)
		if err != nil {
			t.Fatalf("Encode: %v", err)
		}
		if !bytes.Equal(first, second) {
			t.Errorf("the document changed\n got %s\nwant %s", second, first)
		}
		if m := Moved(read, p); m != nil {
			t.Errorf("Moved after a round trip: %v", m)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	valid, err := Encode(fieldPlan(t))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, from, to, wantCode string }{
		{name: "another-schema", from: `"schema":1`, to: `"schema":2`, wantCode: CodeDocument},
		{name: "another-verb", from: `"request":{"action":"install"`, to: `"request":{"action":"destroy"`, wantCode: CodeDocument},
		{name: "another-action", from: `{"action":"install","backend":"bundle"`, to: `{"action":"format","backend":"bundle"`, wantCode: CodeDocument},
		{name: "negative-bytes", from: `"download":300`, to: `"download":-300`, wantCode: CodeDocument},
		{name: "negative-disk", from: `"disk":1200`, to: `"disk":-1`, wantCode: CodeDocument},
		{name: "two-steps-for-one", from: `"component":"srvsvcnam"`, to: `"component":"galss"`, wantCode: CodeDocument},
		{name: "nameless-step", from: `"component":"other"`, to: `"component":""`, wantCode: CodeDocument},
		{name: "fact-of-no-type", from: `"card.cps":null`, to: `"card.cps":[]`, wantCode: CodeDocument},
		{name: "unknown-field", from: `"schema":1`, to: `"schema":1,"force":true`, wantCode: manifest.CodeUnknownField},
		{name: "no-newline-at-the-end", from: "\n", to: "", wantCode: ""},
		{name: "twice", from: "\n", to: "{}", wantCode: manifest.CodeSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(string(valid), tt.from) {
				t.Fatalf("the document holds no %s: %s", tt.from, valid)
			}
			_, err := Decode([]byte(strings.ReplaceAll(string(valid), tt.from, tt.to)))
			got := ""
			if coded := (interface{ Code() string })(nil); errors.As(err, &coded) {
				got = coded.Code()
			}
			if got != tt.wantCode {
				t.Errorf("Decode: code %q of error %v, want %q", got, err, tt.wantCode)
			}
		})
	}
}

func TestDigestNamesThePlan(t *testing.T) {
	p := fieldPlan(t)
	first, err := Digest(p)
	if err != nil || len(first) != 64 {
		t.Fatalf("Digest: %q, error %v", first, err)
	}
	if again, _ := Digest(fieldPlan(t)); again != first {
		t.Errorf("the digest of an equal plan\n got %s\nwant %s", again, first)
	}
	p.Download++
	if other, _ := Digest(p); other == first {
		t.Error("another plan has the same digest")
	}
}

func TestDisk(t *testing.T) {
	request := Request{Action: Install, Components: targets(galss, srvsvcnam)}
	make := func(free any) Plan {
		f := mac("10.14.6")
		delete(f, "disk.free_bytes")
		if free != nil {
			f["disk.free_bytes"] = free
		}
		p, err := Make(input(t, field(), f, nil, request))
		if err != nil {
			t.Fatalf("Make: %v", err)
		}
		return p
	}
	for _, free := range []any{nil, int64(800), "plenty"} {
		if p := make(free); len(p.Steps) != 2 {
			t.Errorf("with %v bytes free there are %d steps, want 2", free, len(p.Steps))
		}
	}
	p := make(int64(799))
	want := "refused  : plan-disk-too-small(800|799)"
	if !p.Empty() || !p.Refused() || len(p.Reverse) != 0 || p.Download != 0 || !strings.Contains(lines(p), want) {
		t.Errorf("with one byte too few\n got %s\nwant %s and no steps", lines(p), want)
	}
	for _, r := range p.Refusals {
		if r.Chosen {
			t.Errorf("the refusal of %s %s says that something is taken instead", r.Component, r.Version)
		}
	}
}

// moving is what happens between a plan and its use.
type moving struct {
	name   string
	change func(in *Input, p *Plan)
	want   string // code, subject, was, is
}

func runMoved(t *testing.T, tests []moving) {
	t.Helper()
	base := input(t, field(), mac("10.14.6"), by("galss@3.42.03"), Request{Action: Install})
	old, err := Make(base)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, was := base, old
			was.Steps = append([]Step{}, old.Steps...)
			tt.change(&in, &was)
			present, err := Make(in)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if m := Moved(was, present); m != nil {
				got = strings.Join([]string{m.Code(), m.Subject, m.Was, m.Is}, " ")
			}
			if got != tt.want {
				t.Errorf("Moved\n got %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestMoved(t *testing.T) {
	free := func(bytes int64) func(*Input, *Plan) {
		return func(in *Input, _ *Plan) {
			f := mac("10.14.6")
			f["disk.free_bytes"] = bytes
			in.Facts = f.lookup
		}
	}
	runMoved(t, []moving{
		{name: "nothing", change: func(*Input, *Plan) {}},
		{name: "less-space-but-enough", change: free(5000)},
		{name: "too-little-space", change: free(5), want: "plan-machine-moved disk.free_bytes  5"},
		{
			name:   "another-system",
			change: func(in *Input, _ *Plan) { in.Facts = mac("10.15.7").lookup },
			want:   "plan-machine-moved os.version 10.14.6 10.15.7",
		},
		{
			name:   "a-fact-nobody-knows-any-more",
			change: func(in *Input, _ *Plan) { in.Facts = nil },
			want:   "plan-machine-moved os.family macos ",
		},
		{
			name:   "updated-by-somebody-else",
			change: func(in *Input, _ *Plan) { in.Installed = by("galss@3.43.02") },
			want:   "plan-machine-moved galss 3.42.03 3.43.02",
		},
		{
			name:   "installed-by-somebody-else",
			change: func(in *Input, _ *Plan) { in.Installed = by("galss@3.42.03", "zoo@1") },
			want:   "plan-machine-moved zoo  1",
		},
	})
}

func TestMovedDocuments(t *testing.T) {
	other := func(change ...func(map[string]*manifest.Component)) func(*Input, *Plan) {
		return func(in *Input, _ *Plan) { in.Manifest = input(t, field(change...), nil, nil, Request{}).Manifest }
	}
	before := input(t, field(), nil, nil, Request{}).Manifest.Digest()
	after := input(t, field(on(galss, "3.43.02", withdrawn(""))), nil, nil, Request{}).Manifest.Digest()
	runMoved(t, []moving{
		{
			name:   "withdrawn-since",
			change: other(on(cryptolib, "5.1.5", withdrawn(""))),
			want:   "plan-manifest-moved cryptolib-cps 5.1.5 ",
		},
		{
			name:   "changed-without-changing-a-step",
			change: other(on(galss, "3.43.02", withdrawn(""))),
			want:   "plan-manifest-moved manifest " + before + " " + after,
		},
		{
			name:   "altered",
			change: func(_ *Input, p *Plan) { p.Steps[0].To = "6.6.6" },
			want:   "plan-altered steps  ",
		},
		{
			name:   "refusal-taken-out",
			change: func(_ *Input, p *Plan) { p.Refusals = p.Refusals[1:] },
			want:   "plan-altered refusals  ",
		},
	})
}

func TestNotMovedByAnotherShortage(t *testing.T) {
	make := func(free int64) Plan {
		f := mac("10.14.6")
		f["disk.free_bytes"] = free
		p, err := Make(input(t, field(), f, nil, Request{Action: Install}))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if m := Moved(make(5), make(6)); m != nil {
		t.Errorf("Moved between two plans refused for want of space: %v", m)
	}
}
