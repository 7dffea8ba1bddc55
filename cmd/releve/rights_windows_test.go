package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/releve-sante/releve/installer/elevate"
	"github.com/releve-sante/releve/osdetect/process"
	"github.com/releve-sante/releve/osdetect/reader"
)

// TestLookingWithClosedFolders runs what only looks on a workstation whose
// state folder a user may not open, and which no run of his may make.
func TestLookingWithClosedFolders(t *testing.T) {
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"status", []string{"wmic", "status"}, exitOK, "WMIC of Windows"},
		{"move", []string{"migrate", "pcsc", "--dry-run"}, exitRefused, CodeMigrationForbidden},
		{"start", []string{"start", "galss"}, exitFailed, "GALSS"},
		{"taking-back", []string{"wmic", "undo", "--dry-run"}, exitRights, "administrator"},
		{"status-of-runs", []string{"status"}, exitRights, "administrator"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			var out bytes.Buffer
			a := &app{
				in: strings.NewReader(""), out: &out, errOut: &out, now: clock(),
				env:     func(string) string { return "" },
				folder:  func(string) string { return dir },
				rights:  &rights{held: func() elevate.Rights { return elevate.Rights{} }},
				readers: func(context.Context, reader.Options) reader.Readers { return reader.Readers{Service: reader.Running} },
				desk:    desk{list: func(context.Context) ([]process.Process, error) { return nil, nil }},
			}
			if got := a.run(t.Context(), append(tt.args, "--lang", "en")); got != tt.status || !strings.Contains(out.String(), tt.want) {
				t.Errorf("status %d, want %d with %q: %s", got, tt.status, tt.want, &out)
			}
			if _, err := os.Lstat(filepath.Join(dir, "Releve", "releve.log")); err == nil {
				t.Error("a state folder was made")
			}
		})
	}
}

// TestEnvironmentLeadsNowhere holds that the folders of the system are not
// those that an account names.
func TestEnvironmentLeadsNowhere(t *testing.T) {
	t.Setenv("ProgramData", `C:\elsewhere`)
	t.Setenv("ProgramFiles", `C:\elsewhere`)
	for _, got := range []string{defaultState(systemFolder), defaultTarget(systemFolder)} {
		if got == "" || strings.HasPrefix(got, `C:\elsewhere`) {
			t.Errorf("got %q", got)
		}
	}
}
