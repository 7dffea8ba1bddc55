package manifest

import "strconv"

// ParseComponent reads and checks the document of a component. The error is a
// *SyntaxError without Document, which the caller knows.
func ParseComponent(data []byte) (*Component, error) {
	return parse(data, (*Component).check, shapes{})
}

// ParseChannel reads and checks the document of a channel; errors as
// ParseComponent's. Whether its offers exist only Open can tell.
func ParseChannel(data []byte) (*Channel, error) {
	return parse(data, (*Channel).check, shapes{})
}

// ParseAdvisories reads and checks the document of the advisories; errors as
// ParseComponent's.
func ParseAdvisories(data []byte) (*Advisories, error) {
	return parse(data, (*Advisories).check, shapes{})
}

func parse[T any](data []byte, check func(*T) *SyntaxError, known shapes) (*T, error) {
	out := new(T)
	if err := decode(data, out, true, known); err != nil {
		return nil, err
	}
	if err := check(out); err != nil {
		return nil, err
	}
	return out, nil
}

// Limits of what a document may say. They are far above what any publisher
// needs; what they keep out is the accident and the attack.
const (
	maxEntries  = 64       // of any list within a release, component or advisory
	maxText     = 1000     // characters of a sentence
	maxPath     = 260      // characters of a path on a workstation
	maxArtifact = 16 << 30 // bytes
	maxUnpacked = 64 << 30 // bytes
	maxFiles    = 1_000_000
	maxProbe    = 120 // seconds
)

// checkSchema refuses a document of another generation.
func checkSchema(n int) *SyntaxError {
	if n != Schema {
		return outside("schema", strconv.Itoa(Schema), strconv.Itoa(n))
	}
	return nil
}

// outside is the error of a field whose value is not allowed.
func outside(field, expected, found string) *SyntaxError {
	e := &SyntaxError{Reason: CodeValue, Expected: expected, Found: visible(found)}
	return e.under(field)
}

func missing(field string) *SyntaxError {
	e := &SyntaxError{Reason: CodeMissingField, Expected: field}
	return e.under(field)
}

// badVersion is the error of a text that is no version.
func badVersion(text string) *SyntaxError {
	return &SyntaxError{Reason: CodeValue, Expected: versionNotation, Found: visible(text)}
}

// badRange is the error of a text that is no range.
func badRange(text string) *SyntaxError {
	return &SyntaxError{Reason: CodeValue, Expected: rangeNotation, Found: visible(text)}
}

// first returns the first fault of several checks.
func first(faults ...*SyntaxError) *SyntaxError {
	for _, f := range faults {
		if f != nil {
			return f
		}
	}
	return nil
}

// each checks the elements of a list of the document, at most limit of them.
func each[T any](field string, limit int, list []T, check func(*T) *SyntaxError) *SyntaxError {
	if len(list) > limit {
		return outside(field, "<= "+strconv.Itoa(limit), strconv.Itoa(len(list)))
	}
	for i := range list {
		if err := check(&list[i]); err != nil {
			return err.entry(field, i)
		}
	}
	return nil
}

// check looks at everything but the releases in the order of the document.
func (c *Component) check() *SyntaxError {
	if err := first(
		checkSchema(c.Schema),
		checkForm("name", c.Name, nameNotation, isName),
		checkText("title", &c.Title),
		checkLine("publisher", c.Publisher),
		each("evidence", maxEntries, c.Evidence, (*Evidence).check),
		each("settings", maxEntries, c.Settings, (*Setting).check),
		duplicateSettings(c.Settings),
		each("programs", maxEntries, c.Programs, (*Program).check),
		c.checkUsers(),
		checkFloors(c.Floors),
	); err != nil {
		return err
	}
	seen := make(map[releaseKey]platforms, len(c.Releases))
	for i := range c.Releases {
		if err := c.Releases[i].check(c.Name, seen); err != nil {
			return err.entry("releases", i)
		}
	}
	return nil
}

// checkUsers checks that the users of a component are others, each once.
func (c *Component) checkUsers() *SyntaxError {
	seen := map[string]bool{c.Name: true}
	return each("users", maxEntries, c.Users, func(name *string) *SyntaxError {
		if !isName(*name) {
			return &SyntaxError{Reason: CodeValue, Expected: nameNotation, Found: visible(*name)}
		}
		if seen[*name] {
			return &SyntaxError{Reason: CodeValue, Expected: "another component", Found: *name}
		}
		seen[*name] = true
		return nil
	})
}

func (c *Channel) check() *SyntaxError {
	if err := first(checkSchema(c.Schema), checkForm("name", c.Name, nameNotation, isName)); err != nil {
		return err
	}
	seen := make(map[string]bool, len(c.Offers))
	for i := range c.Offers {
		o := &c.Offers[i]
		if err := o.check(); err != nil {
			return err.entry("offers", i)
		}
		if seen[o.Component] {
			return duplicate("component", o.Component).entry("offers", i)
		}
		seen[o.Component] = true
	}
	return nil
}

func (o *Offer) check() *SyntaxError {
	if err := checkForm("component", o.Component, nameNotation, isName); err != nil {
		return err
	}
	if len(o.Versions) == 0 {
		return outside("versions", ">= 1", "0")
	}
	seen := make(map[releaseKey]bool, len(o.Versions))
	for i, text := range o.Versions {
		v, err := ParseVersion(text)
		if err != nil {
			return badVersion(text).entry("versions", i)
		}
		k := keyOf(v)
		if _, twice := seen[k]; twice {
			same := &SyntaxError{Reason: CodeDuplicate, Found: visible(text)}
			return same.entry("versions", i)
		}
		seen[k] = false
	}
	return each("rollouts", maxEntries, o.Rollouts, func(r *Rollout) *SyntaxError { return r.check(seen) })
}

func (a *Advisories) check() *SyntaxError {
	if err := checkSchema(a.Schema); err != nil {
		return err
	}
	seen := make(map[string]bool, len(a.Advisories))
	for i := range a.Advisories {
		one := &a.Advisories[i]
		if err := one.check(); err != nil {
			return err.entry("advisories", i)
		}
		if seen[one.ID] {
			return duplicate("id", one.ID).entry("advisories", i)
		}
		seen[one.ID] = true
	}
	return nil
}

func (a *Advisory) check() *SyntaxError {
	return first(
		checkForm("id", a.ID, identifierNotation, isIdentifier),
		oneOf("severity", a.Severity, Blocking, Warning, Info),
		checkCondition("when", &a.When),
		checkText("title", &a.Title),
		checkText("because", &a.Because),
		each("remedies", maxEntries, a.Remedies, (*Remedy).check),
		checkLine("source", a.Source),
		checkDate("date", a.Date),
		optional("confidence", a.Confidence, Confirmed, Inferred),
	)
}

func (r *Remedy) check() *SyntaxError {
	return first(
		checkForm("code", r.Code, codeNotation, isCode),
		checkText("text", &r.Text),
		checkLine("command", r.Command),
	)
}

// duplicate is the error of an entry that names the same as an earlier one.
func duplicate(field, found string) *SyntaxError {
	e := &SyntaxError{Reason: CodeDuplicate, Found: visible(found)}
	return e.under(field)
}
