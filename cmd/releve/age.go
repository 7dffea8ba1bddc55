package main

import (
	"runtime/debug"
	"time"

	"github.com/releve-sante/releve/manifest/trust"
	"github.com/releve-sante/releve/osdetect/policy"
	"github.com/releve-sante/releve/tui/line"
)

// built is when this program was made: the time of its sources, which the
// clock of no workstation can be before. It is zero for a test.
func built() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			at, err := time.Parse(time.RFC3339, s.Value)
			if err != nil {
				return time.Time{}
			}
			return at
		}
	}
	return time.Time{}
}

// grace is how long metadata may be past its date. Only the policy of the
// machine grants it: a file that somebody names must not make old metadata
// good.
func (a *app) grace() time.Duration {
	if !a.policy.Fixed(policy.MaxMetadataAgeDays) {
		return 0
	}
	return time.Duration(a.policy.MaxMetadataAgeDays) * 24 * time.Hour
}

// logAge writes down what is out of the ordinary about time: metadata that
// only the grace of the administrator makes usable, and a clock that was
// turned back.
func (s *session) logAge() {
	st := s.client.Status()
	if st.Behind > 0 {
		s.a.log.Warn("the clock was turned back", "behind", st.Behind.String(), "judged_at", st.Now.UTC().Format(time.RFC3339))
	}
	for _, r := range st.Roles {
		if r.Grace {
			s.a.log.Warn("metadata past its date is used under the grace of the policy", "role", r.Name,
				"expired", r.Expires.UTC().Format(time.RFC3339), "grace_days", s.a.policy.MaxMetadataAgeDays)
		}
	}
}

// metadata says how old the metadata in use is.
func (s *session) metadata() *line.Metadata {
	st := s.client.Status()
	m := &line.Metadata{
		Age: st.Now.Sub(st.Refreshed), Expired: st.Expired, ClockBehind: st.Behind, Roles: []line.Role{},
	}
	if st.Grace && !st.Expired {
		m.GraceDays = s.a.policy.MaxMetadataAgeDays
	}
	for _, r := range st.Roles {
		if m.Expires.IsZero() || r.Expires.Before(m.Expires) {
			m.Expires = r.Expires
		}
		m.Roles = append(m.Roles, line.Role{Name: r.Name, Version: r.Version, Expires: r.Expires, State: stateOf(r)})
	}
	return m
}

// stateOf says what matters most about the date of a role.
func stateOf(r trust.RoleStatus) line.RoleState {
	switch {
	case r.Expired:
		return line.RoleExpired
	case r.Grace:
		return line.RoleGrace
	case r.Soon:
		return line.RoleSoon
	}
	return line.RoleCurrent
}
