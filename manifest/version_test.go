package manifest

import "testing"

func TestVersionsAreComparedAsNumbers(t *testing.T) {
	tests := []struct {
		name string
		a, b string
		want int
	}{
		{"architecture-word", "5.2.6_x64", "5.2.6", 0},
		{"commas-of-a-version-resource", "5,2,6,0", "5.2.6", 0},
		{"commas-and-spaces", "5, 2, 6, 0", "5.2.6", 0},
		{"name-before-word-after", "fsv-1.40.1104-Signe", "1.40.1104", 0},
		{"word-after", "1.40.1104-Signe", "fsv-1.40.1104-Signe", 0},
		{"missing-numbers-are-zero", "3.43", "3.43.0", 0},
		{"leading-zeros", "3.42.03", "3.42.3", 0},
		{"numbers-not-letters", "3.42.10", "3.42.9", 1},
		{"mojave-before-catalina", "10.14.6", "10.15", -1},
		{"big-sur-alias-as-number", "10.16", "10.15.7", 1},
		{"tahoe-alias-as-number", "16.0", "15.6", 1},
		{"tahoe", "26.1", "16.0", 1},
		{"four-numbers", "2.0.0.2", "2.0.0", 1},
		{"v-before", "v1.2", "1.2", 0},
		{"build-metadata", "1.2+20240916.a", "1.2", 0},
		{"pre-release-before-release", "1.2-rc1", "1.2", -1},
		{"pre-release-after-older-release", "1.2-rc1", "1.1.9", 1},
		{"pre-releases-by-number", "1.2-rc2", "1.2-rc10", -1},
		{"pre-release-separators", "1.2-rc.2", "1.2_RC-2", 0},
		{"pre-release-words", "1.2-alpha9", "1.2-beta1", -1},
		{"pre-release-and-word", "1.2-rc1_x64", "1.2-rc1", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := parsed(t, tt.a), parsed(t, tt.b)
			if got := a.Compare(b); got != tt.want {
				t.Errorf("Compare(%q, %q)\n got %d\nwant %d", tt.a, tt.b, got, tt.want)
			}
			if got := b.Compare(a); got != -tt.want {
				t.Errorf("Compare(%q, %q)\n got %d\nwant %d", tt.b, tt.a, got, -tt.want)
			}
			if a.String() != tt.a {
				t.Errorf("String() = %q, want the publisher's %q", a.String(), tt.a)
			}
		})
	}
}

func parsed(t testing.TB, s string) Version {
	t.Helper()
	v, err := ParseVersion(s)
	if err != nil {
		t.Fatalf("ParseVersion(%q): %v", s, err)
	}
	return v
}
