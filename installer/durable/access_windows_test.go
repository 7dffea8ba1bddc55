package durable_test

import (
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/releve-sante/releve/installer/durable"
)

// TestKeepAccess gives everybody a right to one file and expects it of the
// other. Wine keeps rights as those of Unix, so that not every list comes
// back as it was given.
func TestKeepAccess(t *testing.T) {
	d, err := durable.Open(t.TempDir())
	must(t, err)
	defer func() { must(t, d.Close()) }()
	must(t, durable.WriteFile(d, "from", []byte("old"), 0o600))
	must(t, durable.WriteFile(d, "to", []byte("new"), 0o600))
	given, err := windows.SecurityDescriptorFromString("D:P(A;;FA;;;BA)(A;;FA;;;SY)(A;;FRFW;;;WD)")
	must(t, err)
	list, _, err := given.DACL()
	must(t, err)
	must(t, windows.SetNamedSecurityInfo(d.Path("from"), windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil))
	must(t, d.KeepAccess("from", "to"))
	from, to := listOf(t, d, "from"), listOf(t, d, "to")
	if from != to || !strings.Contains(to, ";;;WD)") {
		t.Errorf("access list\n got %s\nwant %s", to, from)
	}
}

func listOf(t *testing.T, d *durable.Root, name string) string {
	t.Helper()
	s, err := windows.GetNamedSecurityInfo(d.Path(name), windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	must(t, err)
	return s.String()
}
