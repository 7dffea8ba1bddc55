package manifest

import "testing"

// badSetups are faults in how a package is run and in what is stopped for it.
func badSetups() []badDocument {
	const c, s = "component", "releases[2].setup."
	return []badDocument{
		{name: "user-with-a-space", kind: c, path: "users[0]", value: `"DMP Connect"`, code: CodeValue},
		{name: "user-of-itself", kind: c, path: "users[0]", value: `"cryptolib-cps"`, code: CodeValue, blind: true},
		{name: "user-twice", kind: c, path: "users[1]", value: `"dmp-connect"`, code: CodeValue, blind: true},
		{name: "program-in-a-folder", kind: c, path: "programs[0].process", value: `"CPS/CCM.exe"`, code: CodeValue},
		{name: "program-of-any-system", kind: c, path: "programs[0].platform", value: `"any"`, code: CodeValue},
		{name: "program-without-a-name", kind: c, path: "programs[0].process", code: CodeMissingField},
		{name: "program-and-service", kind: c, path: "programs[1].process", value: `"a.exe"`, code: CodeValue, at: "programs[1].service"},
		{name: "service-that-is-started-by-a-path", kind: c, path: "programs[1].start", value: `"C:\\a.exe"`, code: CodeValue},
		{name: "service-with-a-quote", kind: c, path: "programs[1].service", value: `"a\"b"`, code: CodeValue},
		{name: "program-started-by-its-name", kind: c, path: "programs[0].start", value: `"CCM.exe"`, code: CodeValue, blind: true},
		{name: "program-started-from-elsewhere", kind: c, path: "programs[0].start", value: `"C:\\CPS\\..\\a.exe"`, code: CodeValue},
		{name: "property-in-small-letters", kind: c, path: s + "properties", value: `{"InstallDir":"x"}`, code: CodeValue},
		{name: "property-that-is-ours", kind: c, path: s + "properties", value: `{"REBOOT":"Force"}`, code: CodeValue},
		{name: "property-on-two-lines", kind: c, path: s + "properties", value: `{"A":"x\ny"}`, code: CodeCharacter, at: s + "properties.A"},
		{name: "argument-with-an-unknown-place", kind: c, path: s + "arguments[0]", value: `"/LOG={logfile}"`, code: CodeValue},
		{name: "argument-with-half-a-place", kind: c, path: s + "arguments[0]", value: `"/LOG={log"`, code: CodeValue},
		{name: "argument-with-the-other-half", kind: c, path: s + "arguments[0]", value: `"/LOG=log}"`, code: CodeValue},
		{name: "argument-with-two-logs", kind: c, path: s + "arguments[0]", value: `"/LOG={log} {log}"`, code: CodeValue, blind: true},
		{name: "two-arguments-with-a-log", kind: c, path: s + "arguments", value: `["/f2{log}", "/v\"/qn /l*v {log}\""]`, code: CodeValue, at: s + "arguments[1]", blind: true},
		{name: "argument-with-half-a-quote", kind: c, path: s + "arguments[0]", value: `"/v\"/qn"`, code: CodeValue, blind: true},
		{name: "argument-that-is-two", kind: c, path: s + "arguments[0]", value: `"/s /v\"/qn\""`, code: CodeValue, blind: true},
		{name: "uninstalled-with-an-unknown-place", kind: c, path: s + "uninstall.arguments[0]", value: `"/D={dir}"`, code: CodeValue},
		{name: "uninstalled-from-the-path", kind: c, path: s + "uninstall.path", value: `"uninstall.exe"`, code: CodeValue, blind: true},
		{name: "uninstalled-by-nothing", kind: c, path: s + "uninstall.path", code: CodeMissingField},
		{name: "exit-code-of-33-bits", kind: c, path: s + "success[0]", value: `4294967296`, code: CodeValue},
		{name: "a-day-to-install", kind: c, path: s + "minutes", value: `1440`, code: CodeValue},
	}
}

func TestSetupIsRead(t *testing.T) {
	c, err := ParseComponent(sample(t, "component"))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Programs) != 2 || c.Programs[0].Process != "CCM.exe" || c.Programs[1].Service != "CertPropSvc" {
		t.Errorf("programs are %+v", c.Programs)
	}
	if len(c.Users) != 2 || c.Users[0] != "dmp-connect" {
		t.Errorf("users are %q", c.Users)
	}
	s := c.Releases[2].Setup
	if s == nil || s.Signer != "Agence du Numérique en Santé" || s.Properties["WATCHONTIMER"] != "10" ||
		s.Uninstall == nil || len(s.Arguments) != 2 || s.Success[1] != -1<<31 || s.Minutes != 20 {
		t.Errorf("setup is %+v", s)
	}
}

func TestSetupArguments(t *testing.T) {
	for name, all := range map[string][]string{
		"log":                         {"/VERYSILENT", "/LOG={log}"},
		"log-within-quotes":           {"/s", `/v"/qn /l*v {log}"`},
		"log-within-quotes-of-quotes": {`/v"/qn /l*v \"{log}\""`},
		"product-code":                {"/x{82AB7DB2-140E-4166-A04E-1FD805EE0A74}", "{log}"},
		"spaces-without-quotes":       {"/D=C:\\Program Files\\a"},
		"none":                        nil,
	} {
		t.Run(name, func(t *testing.T) {
			if err := checkSetupArguments(all); err != nil {
				t.Errorf("%q: %v", all, err)
			}
		})
	}
}
