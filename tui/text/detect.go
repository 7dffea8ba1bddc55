package text

import "strings"

// Detect chooses a language from the environment: the first of LC_ALL,
// LC_MESSAGES and LANG that is set decides. The product is French, so only a
// locale that says English, C or POSIX gives "en"; every other locale, and
// none at all (the rule on Windows), gives "fr".
func Detect(env func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		v := env(name)
		if v == "" {
			continue
		}
		lang, _, _ := strings.Cut(strings.ToLower(strings.NewReplacer("-", "_", ".", "_", "@", "_").Replace(v)), "_")
		switch lang {
		case "en", "c", "posix":
			return English
		}
		return French
	}
	return French
}
