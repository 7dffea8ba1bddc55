package statedir

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSecureOnWindows makes, repairs and keeps the folder with the calls of
// Windows. Wine keeps no access lists, so what they are afterwards is read
// back on Windows alone.
func TestSecureOnWindows(t *testing.T) {
	if os.Getenv("RELEVE_BENCH") == "" {
		t.Skip("needs an administrator on a machine of its own: runs in the bench")
	}
	path := filepath.Join(realDir(t), "Releve")
	got, err := Secure(path)
	if err != nil || !got.Made {
		t.Fatalf("making it: %+v, %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(path, "journal"), []byte("ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err = Secure(path); err != nil || got.Made || got.Aside != "" {
		t.Errorf("the second time: %+v, %v", got, err)
	}
	data, err := os.ReadFile(filepath.Join(path, "journal"))
	if err != nil || string(data) != "ours" {
		t.Errorf("what lay in it: %q, %v", data, err)
	}
	text, _, err := describe(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("security afterwards: %s", text)
	if os.Getenv("RELEVE_BENCH") == "windows" && judge(text, "") != sound {
		t.Errorf("security is %s", text)
	}
	file := filepath.Join(realDir(t), "Releve")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err = Secure(file); err != nil || got.Aside == "" || !got.Made {
		t.Errorf("a file in its place: %+v, %v", got, err)
	}
}
