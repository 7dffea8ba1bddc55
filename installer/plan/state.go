package plan

// Empty says that applying the plan would change nothing.
func (p Plan) Empty() bool { return len(p.Steps) == 0 }

// Refused says that something that was asked for is not done. A refused
// release in whose place the plan takes or keeps an accepted one does not
// count.
func (p Plan) Refused() bool {
	for _, r := range p.Refusals {
		if !r.Chosen {
			return true
		}
	}
	return false
}

// NeedsAnswer says that the plan has a step whose conditions nobody knows to
// hold, and that the request did not accept this beforehand.
func (p Plan) NeedsAnswer() bool {
	if p.Request.AllowUnknown {
		return false
	}
	for _, s := range p.Steps {
		if len(s.Questions) > 0 {
			return true
		}
	}
	return false
}

// Args fills the sentence of the reason's code. Component and version are
// those of the refusal, warning or step the reason stands with.
func (r Reason) Args(component, version string) map[string]string {
	if r.Component != "" {
		component, version = r.Component, r.Version
	}
	return map[string]string{
		"Component": component,
		"Version":   version,
		"Required":  r.Required,
		"Actual":    r.Actual,
		"Other":     r.Other,
	}
}
