package main

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
)

// resultName is the file in the state folder that tells how the last changing
// command ended.
const resultName = "result.json"

// result is the document in resultName. Members are only ever added.
type result struct {
	Schema    int               `json:"schema"`
	Run       string            `json:"run,omitempty"` // "" when nothing was begun
	Time      string            `json:"time"`          // of the end, UTC
	Outcome   event.Outcome     `json:"outcome,omitempty"`
	Status    int               `json:"status"`
	Code      string            `json:"code,omitempty"`
	Cause     string            `json:"cause,omitempty"`
	Installed map[string]string `json:"installed,omitempty"`
	Refused   []reasonOf        `json:"refused,omitempty"`   // by a condition
	Questions []reasonOf        `json:"questions,omitempty"` // conditions that could not be decided; --allow-unknown accepts them
	Reboot    bool              `json:"reboot"`
	Deltas    []deltaUse        `json:"deltas,omitempty"` // packages of which only the differences were downloaded
}

// deltaUse says what a delta saved, in bytes.
type deltaUse struct {
	Component string `json:"component"`
	Version   string `json:"version"`
	From      string `json:"from"`
	Bytes     int64  `json:"bytes"`
	Full      int64  `json:"full"`
}

// reasonOf is why a release was not taken.
type reasonOf struct {
	Component string `json:"component,omitempty"` // "" when the whole plan is meant
	Version   string `json:"version,omitempty"`
	Code      string `json:"code"` // of the rule
	Fact      string `json:"fact,omitempty"`
	Required  string `json:"required"`
	Actual    string `json:"actual"` // "" when unknown
	Accepted  string `json:"accepted,omitempty"`
}

// record keeps the result of the last command as a JSON document, for
// deployment tools that look at a file rather than at output, and tells the
// log what was refused.
func (s *session) record(res installer.Result, p plan.Plan, status int, runErr error) {
	s.a.recorded = true
	doc := result{
		Schema: 1, Run: res.Run, Time: s.a.now().UTC().Format("2006-01-02T15:04:05Z"),
		Outcome: res.Outcome, Status: status,
		Installed: res.Installed, Reboot: res.Reboot,
		Refused: refusedBy(p), Questions: questionsOf(p),
	}
	for _, d := range res.Deltas {
		doc.Deltas = append(doc.Deltas, deltaUse(d))
	}
	for _, r := range doc.Refused {
		s.a.log.Warn("refused", "component", r.Component, "version", r.Version, "code", r.Code, "required", r.Required, "actual", r.Actual)
	}
	var ended statusError
	if runErr != nil && !errors.As(runErr, &ended) {
		doc.Cause = runErr.Error()
		var c coded
		if errors.As(runErr, &c) {
			doc.Code = c.Code()
		}
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // a person reads it too, and ">= 10.15" is frequent
	enc.SetIndent("", "  ")
	err := enc.Encode(doc)
	if err == nil {
		err = durable.WriteFile(s.state, resultName, text.Bytes(), 0o644)
	}
	if err != nil {
		s.a.log.Error("cannot write the result", "error", err.Error())
	}
}

// refusedBy lists every reason of every refusal of a plan.
func refusedBy(p plan.Plan) []reasonOf {
	var all []reasonOf
	for _, refusal := range p.Refusals {
		for _, r := range refusal.Reasons {
			one := because(refusal.Component, refusal.Version, r)
			one.Accepted = refusal.Accepted
			all = append(all, one)
		}
	}
	return all
}

// questionsOf lists the conditions of a plan that somebody has to accept.
func questionsOf(p plan.Plan) []reasonOf {
	var all []reasonOf
	for _, s := range p.Steps {
		for _, r := range s.Questions {
			all = append(all, because(s.Component, s.To, r))
		}
	}
	return all
}

func because(component, version string, r plan.Reason) reasonOf {
	return reasonOf{
		Component: component, Version: version, Code: r.Code,
		Fact: r.Fact, Required: r.Required, Actual: r.Actual,
	}
}
