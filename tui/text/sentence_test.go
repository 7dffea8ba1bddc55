package text

import "testing"

func TestFill(t *testing.T) {
	args := map[string]string{"A": "one", "B": "{{.A}}", "Empty": ""}
	tests := []struct {
		name, in, want string
		wantErr        bool
	}{
		{name: "no-place", in: "as it is", want: "as it is"},
		{name: "place", in: "is {{.A}}.", want: "is one."},
		{name: "argument-is-not-a-template", in: "{{.B}}", want: "{{.A}}"},
		{name: "missing-argument", in: "is {{.C}}.", want: "is ."},
		{name: "if-set", in: "{{if .A}}yes {{.A}}{{else}}no{{end}}!", want: "yes one!"},
		{name: "if-empty", in: "{{if .Empty}}yes{{else}}no{{end}}!", want: "no!"},
		{name: "if-without-else", in: "a{{if .C}}yes{{end}}b", want: "ab"},
		{name: "nested", in: "{{if .A}}{{if .C}}x{{else}}y{{end}}{{end}}z", want: "yz"},
		{name: "nested-in-else", in: "{{if .C}}x{{else}}{{if .A}}y{{end}}{{end}}z", want: "yz"},
		{name: "not-closed", in: "{{.A", wantErr: true},
		{name: "no-end", in: "{{if .A}}x", wantErr: true},
		{name: "end-alone", in: "x{{end}}", wantErr: true},
		{name: "second-else", in: "{{if .A}}x{{else}}y{{else}}z{{end}}", wantErr: true},
		{name: "unknown-place", in: "{{range .A}}", wantErr: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := fill(tt.in, args)
			if (err != nil) != tt.wantErr {
				t.Fatalf("fill(%q): error %v, want error: %v", tt.in, err, tt.wantErr)
			}
			if got != tt.want {
				t.Errorf("fill(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestForm(t *testing.T) {
	s := sentence{one: "one", other: "other"}
	tests := []struct {
		lang string
		n    int
		want string
	}{
		{French, 0, "one"}, {French, 1, "one"}, {French, 2, "other"},
		{English, 0, "other"}, {English, 1, "one"}, {English, 2, "other"},
	}
	for _, tt := range tests {
		if got := s.form(tt.lang, tt.n); got != tt.want {
			t.Errorf("form(%s, %d)\n got %q\nwant %q", tt.lang, tt.n, got, tt.want)
		}
	}
}

func TestEverySentenceCanBeFilled(t *testing.T) {
	for _, lang := range []string{French, English} {
		all := newLexicon(lang).all()
		if len(all) < 100 {
			t.Fatalf("%d texts in %s", len(all), lang)
		}
		for id, s := range all {
			for _, form := range []string{s.one, s.other} {
				if _, err := fill(form, nil); err != nil || form == "" {
					t.Errorf("%s in %s: %q: %v", id, lang, form, err)
				}
			}
		}
	}
}
