package statedir

import "testing"

// TestDescriptorIsTheDocumentedOne is the golden text: whoever changes it
// changes who may write what SYSTEM runs.
func TestDescriptorIsTheDocumentedOne(t *testing.T) {
	if want := "O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"; descriptor != want {
		t.Errorf("got %q, want %q", descriptor, want)
	}
	if got := judge(descriptor, "S-1-5-21-1-2-3-500"); got != sound {
		t.Errorf("our own descriptor is judged %v", got)
	}
}

func TestJudge(t *testing.T) {
	const me, user = "S-1-5-21-1-2-3-500", "S-1-5-21-1-2-3-1001"
	for name, tt := range map[string]struct {
		text string
		want standing
	}{
		"by-number":             {"O:S-1-5-32-544G:S-1-5-32-544D:PAI(A;OICI;FA;;;S-1-5-18)(A;OICI;FA;;;S-1-5-32-544)", sound},
		"rights-by-number":      {"O:SYG:SYD:P(A;OICI;0x1f01ff;;;BA)(A;OICI;0x1f01ff;;;SY)", sound},
		"with-audit":            {"O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)S:AI(AU;SA;FA;;;WD)", sound},
		"without-group":         {"O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)", sound},
		"the-administrators":    {"O:" + me + "G:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)", loose},
		"a-users":               {"O:" + user + "G:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)", foreign},
		"nobodys":               {"D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)", foreign},
		"inherits":              {"O:BAG:BAD:AI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)", loose},
		"users-too":             {"O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)", loose},
		"everybody-in-place":    {"O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;WD)", loose},
		"system-twice":          {"O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;SY)", loose},
		"one-denied":            {"O:BAG:BAD:PAI(D;OICI;FA;;;SY)(A;OICI;FA;;;BA)", loose},
		"less-than-all":         {"O:BAG:BAD:PAI(A;OICI;FR;;;SY)(A;OICI;FA;;;BA)", loose},
		"not-below":             {"O:BAG:BAD:PAI(A;;FA;;;SY)(A;OICI;FA;;;BA)", loose},
		"inherited":             {"O:BAG:BAD:PAI(A;OICIID;FA;;;SY)(A;OICI;FA;;;BA)", loose},
		"no-list-is-everything": {"O:BAG:BAD:NO_ACCESS_CONTROL", loose},
		"empty-list":            {"O:BAG:BAD:P", loose},
		"conditional":           {`O:BAG:BAD:PAI(XA;OICI;FA;;;SY;(@User.Title=="x:y"))(A;OICI;FA;;;BA)`, loose},
		"owner-in-a-condition":  {`O:` + user + `D:PAI(XA;OICI;FA;;;SY;("O:BA"))(A;OICI;FA;;;BA)`, foreign},
		"nothing":               {"", foreign},
		"cut":                   {"O:", foreign},
	} {
		t.Run(name, func(t *testing.T) {
			if got := judge(tt.text, me); got != tt.want {
				t.Errorf("got %v, want %v: %+v", got, tt.want, parseSDDL(tt.text))
			}
		})
	}
}

func FuzzJudge(f *testing.F) {
	f.Add(descriptor, "")
	f.Add("O:BAG:BAD:PAI(A;;;;;)(", "BA")
	f.Add("D:(:", "x")
	f.Fuzz(func(t *testing.T, text, self string) {
		if judge(text, self) == sound && len(parseSDDL(text).rules) != 2 {
			t.Errorf("%q is sound", text)
		}
	})
}
