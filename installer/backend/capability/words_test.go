package capability

import "testing"

func TestLastWords(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"english", "Version: 1\r\n\r\nError: 0x80240438\r\n\r\nDISM failed.\r\nNo operation was performed.\r\n", "DISM failed. No operation was performed"},
		{"decimal", "Error: 87\r\n\r\nAdded is no number.\r\n", "Added is no number"},
		{"french", "\r\nErreur\u00a0: 87\r\n\r\nNom inconnu.\r\n", "Nom inconnu"},
		{"no-number", "Error: added by nobody", "added by nobody"},
		{"no-word", "  it\r\nended  ", "it ended"},
		{"number-alone", "Error: 5", ""},
		{"nothing", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := lastWords(tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
