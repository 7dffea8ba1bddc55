package impersonate

import (
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/sys/windows/registry"
)

// Keys under HKLM that Wine takes its version from.
const (
	currentVersion = `SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	productOptions = `SYSTEM\CurrentControlSet\Control\ProductOptions`
)

// Windows changes what the prefix says it is. Programs that already run, this
// one among them, go on seeing what they saw.
func Windows(build uint32) error {
	r, err := find(build)
	if err != nil {
		return err
	}
	// The version that was chosen with winecfg comes first and hides the rest.
	if key, err := registry.OpenKey(registry.CURRENT_USER, `Software\Wine`, registry.SET_VALUE); err == nil {
		_ = key.DeleteValue("Version")
		_ = key.Close()
	}
	number := strconv.Itoa(int(r.Build))
	texts := map[string]string{
		"CurrentBuild": number, "CurrentBuildNumber": number, "CurrentVersion": "6.3",
		"DisplayVersion": r.DisplayVersion, "ReleaseId": "2009", "EditionID": r.EditionID, "ProductName": r.ProductName,
	}
	numbers := map[string]uint32{"UBR": r.UBR, "CurrentMajorVersionNumber": 10, "CurrentMinorVersionNumber": 0}
	if err := write(currentVersion, texts, numbers); err != nil {
		return fmt.Errorf("impersonating build %d: %w", build, err)
	}
	if err := write(productOptions, map[string]string{"ProductType": r.ProductType}, nil); err != nil {
		return fmt.Errorf("impersonating build %d: %w", build, err)
	}
	return nil
}

// find returns the release with a build.
func find(build uint32) (Release, error) {
	all := Releases()
	i := slices.IndexFunc(all, func(r Release) bool { return r.Build == build })
	if i < 0 {
		return Release{}, fmt.Errorf("build %d is not known to the bench", build)
	}
	return all[i], nil
}

// write sets values in a key, in the view of 64-bit programs.
func write(path string, texts map[string]string, numbers map[string]uint32) error {
	key, _, err := registry.CreateKey(registry.LOCAL_MACHINE, path, registry.SET_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return fmt.Errorf("opening HKLM\\%s: %w", path, err)
	}
	defer key.Close()
	for name, value := range texts {
		if err := key.SetStringValue(name, value); err != nil {
			return fmt.Errorf("writing %s in HKLM\\%s: %w", name, path, err)
		}
	}
	for name, value := range numbers {
		if err := key.SetDWordValue(name, value); err != nil {
			return fmt.Errorf("writing %s in HKLM\\%s: %w", name, path, err)
		}
	}
	return nil
}
