package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/releve-sante/releve/installer/durable"
	"github.com/releve-sante/releve/installer/floor"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect"
)

// identityName is the file in the state folder that holds the identity of the
// machine: 32 hexadecimal digits of chance, made once. It says nothing about
// the machine or its owner, it is sent to nobody, and only a roll-out to a
// share of all machines looks at it. Who copies a whole disk to many machines
// removes the file first.
const identityName = "machine-id"

// identity returns the identity of the machine, which is made when there is
// none or when it cannot be understood.
func (s *session) identity() (string, error) {
	id, err := s.readIdentity()
	if err == nil {
		return id, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		s.a.log.Warn("the identity of the machine is made again", "error", err.Error())
	}
	var chance [16]byte
	_, _ = rand.Read(chance[:]) // never fails
	if err := durable.WriteFile(s.state, identityName, []byte(hex.EncodeToString(chance[:])+"\n"), 0o600); err != nil {
		return "", err
	}
	return s.readIdentity() // another run may have been first
}

func (s *session) readIdentity() (string, error) {
	data, err := durable.ReadFile(s.state, identityName, 64)
	if err != nil {
		return "", err
	}
	id := strings.TrimSuffix(string(data), "\n")
	if raw, err := hex.DecodeString(id); err != nil || len(raw) != 16 {
		return "", fmt.Errorf("reading %q: not 32 hexadecimal digits", identityName)
	}
	return id, nil
}

// withIdentity adds what tells this machine from others in a roll-out. Facts
// of another machine have no identity of ours.
func (s *session) withIdentity(facts osdetect.Facts) osdetect.Facts {
	if s.a.flags.facts != "" {
		return facts
	}
	id, err := s.identity()
	if err != nil {
		s.a.log.Warn("this machine has no identity", "error", err.Error())
		return facts
	}
	return facts.With("machine.id", id)
}

// withPolicy adds what the policy says of the machine, where the facts do not
// say it themselves.
func (a *app) withPolicy(facts osdetect.Facts) osdetect.Facts {
	for _, one := range []struct {
		path    string
		entries []string
	}{
		{"policy.ring", []string{a.policy.Ring}},
		{"policy.groups", a.policy.Groups},
		{"policy.department", []string{a.policy.Department}},
		{"policy.finess", a.policy.FINESS},
	} {
		text := strings.Join(slices.Sorted(slices.Values(one.entries)), ", ")
		if _, known := facts.Lookup(one.path); !known && text != "" {
			facts = facts.With(one.path, text)
		}
	}
	return facts
}

// floors is what this machine remembers of how far back components may go.
func (s *session) floors() *floor.Memory {
	if s.memory == nil {
		memory, problems := floor.Load(s.state)
		for _, err := range problems {
			s.a.log.Warn("a record of floors is damaged", "error", err.Error())
		}
		s.memory = &memory
	}
	return s.memory
}

// remember raises the floors to what verified documents say. What cannot be
// written now is learnt again the next time.
func (s *session) remember(v manifest.Verified, fresh bool) {
	said := floor.Floors{}
	for _, name := range v.Components() {
		if c, _ := v.Component(name); len(c.Floors) > 0 {
			said[name] = c.Floors
		}
	}
	if err := s.floors().Raise(s.state, said, fresh); err != nil {
		s.a.log.Warn("the floors are not remembered", "error", err.Error())
	}
}
