package logline

import (
	"io/fs"
	"testing"
)

func TestOf(t *testing.T) {
	tests := []struct {
		name  string
		cause error
		pairs []string
		want  string
	}{
		{"reason-alone", nil, nil, "msi-busy"},
		{"cause", fs.ErrNotExist, nil, "msi-busy: file does not exist"},
		{"what-is-known", nil, []string{"version", "5.2.6", "file", "", "log", `C:\x`}, `msi-busy, version "5.2.6", log "C:\\x"`},
		{"from-outside", fs.ErrExist, []string{"line", "a\"\n[ ok ]"}, `msi-busy, line "a\"\n[ ok ]": file already exists`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Of("msi-busy", tt.cause, tt.pairs...); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
