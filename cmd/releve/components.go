package main

import (
	"context"
	"slices"
	"strings"

	"github.com/releve-sante/releve/installer/backend"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/manifest/reference"
	"github.com/releve-sante/releve/osdetect"
	"github.com/releve-sante/releve/osdetect/component"
	"github.com/releve-sante/releve/osdetect/proxy"
)

// recognise finds out which of the components are installed on this machine,
// whoever installed them, by their evidence. Those without evidence are not in
// the result, and none is when other facts or a target stand for another
// machine. What could not be read is for the log, whether it mattered or not.
func (a *app) recognise(ctx context.Context, all []backend.Subject) (map[string]component.Found, error) {
	out := map[string]component.Found{}
	if a.flags.facts != "" || a.flags.target != "" {
		return out, nil
	}
	machine := component.Snapshot(component.System())
	for _, s := range all {
		evidence := slices.DeleteFunc(slices.Clone(s.Evidence), func(e manifest.Evidence) bool {
			return e.Kind == manifest.EvidenceBundle // our own backend tells, and nobody else
		})
		if len(evidence) == 0 {
			continue
		}
		found, err := component.Find(ctx, machine, evidence)
		if err != nil {
			return nil, err
		}
		for _, p := range found.Problems {
			a.log.Warn("component could not be recognised in every way", "component", s.Name, "problem", p.Error())
		}
		out[s.Name] = found
	}
	return out, nil
}

// sayUnknown says why components are unknown.
func (a *app) sayUnknown(found map[string]component.Found) {
	for _, name := range sortedKeys(found) {
		if found[name].Presence != component.Unknown {
			continue
		}
		for _, p := range found[name].Problems {
			a.warn(p.Code(), p.Args())
		}
	}
}

// knownFacts are the facts for who has no manifest at hand: with those
// components that the reference catalogue can recognise, and with who names the
// proxy.
func (a *app) knownFacts(ctx context.Context) (osdetect.Facts, error) {
	facts, err := a.machineFacts(ctx, a.workingDir())
	if err != nil {
		return nil, err
	}
	if a.flags.facts == "" {
		facts = facts.With("network.proxy", proxyKind(proxy.Configured(a.env)))
	}
	v, err := reference.Open(ctx)
	if err != nil {
		return nil, err
	}
	found, err := a.recognise(ctx, subjects(v))
	if err != nil {
		return nil, err
	}
	a.sayUnknown(found)
	for _, name := range sortedKeys(found) {
		facts = component.Facts(facts, name, found[name])
	}
	return facts, nil
}

// proxyKind is a value for a fact: nil for unknown.
func proxyKind(kind proxy.Kind) any {
	if kind == "" {
		return nil
	}
	return string(kind)
}

// foreign tells the engine what nobody could change but somebody installed.
func foreign(found map[string]component.Found) func(context.Context, backend.Subject) (string, error) {
	return func(_ context.Context, s backend.Subject) (string, error) { return found[s.Name].Version, nil }
}

// componentFacts are the facts of a component: the version that a backend
// found in its own way, and else what its evidence shows. What no backend
// found and has no evidence is absent.
func componentFacts(facts osdetect.Facts, name, version string, found component.Found) osdetect.Facts {
	switch {
	case version != "":
		found.Presence, found.Version = component.Present, version
	case found.Presence == "":
		found.Presence = component.Absent
	}
	return component.Facts(facts, name, found)
}

// versionsOf lists the versions of a component that stand side by side, the
// newest first, none where there is one at most.
func versionsOf(facts osdetect.Facts, name string) []string {
	all, _ := facts["component."+name+".versions"].(string)
	if all == "" {
		return nil
	}
	return strings.Split(all, ", ")
}
