package osdetect

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// maxDirs is more directories than a PATH of Windows has room for in practice.
const maxDirs = 1000

// wmicOnPath lists every WMIC.exe in a directory of the PATH of the machine, in
// its order, or nil when that PATH cannot be read. The PATH of this process is
// that of a user, and of when he logged in.
func wmicOnPath() []string {
	path, err := registry.ExpandString(text(sessionManager+`\Environment`, "Path"))
	if err != nil || path == "" {
		return nil
	}
	found := []string{}
	for i, dir := range strings.Split(path, ";") {
		dir = strings.Trim(strings.TrimSpace(dir), `"`)
		if i == maxDirs || !filepath.IsAbs(dir) || strings.HasPrefix(dir, `\\`) { // nobody waits for a server
			continue
		}
		path := filepath.Join(dir, "WMIC.exe")
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			found = append(found, path)
		}
	}
	return found
}

// wmicOfSystem is the path that Windows has its own WMIC at.
func wmicOfSystem() string {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return ""
	}
	return filepath.Join(system, "wbem", "WMIC.exe")
}
