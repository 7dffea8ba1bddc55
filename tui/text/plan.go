package text

import "github.com/releve-sante/releve/installer/plan"

// NoSteps says of a plan without steps whether all is well or all refused.
func (p *Printer) NoSteps(pl plan.Plan) string {
	if pl.Refused() {
		return p.Message("view-plan-refused", nil)
	}
	return p.Message("view-plan-empty", nil)
}

// Difference says what a delta saves: "120 kB instead of 12 MB, from the files
// of version 3.42.03".
func (p *Printer) Difference(from string, bytes, full int64) string {
	return p.Message("event-difference", map[string]string{
		"From": p.Version(from), "Bytes": p.Bytes(bytes), "Full": p.Bytes(full),
	})
}

// Delta says that a step downloads less than its package, "" when it does not.
func (p *Printer) Delta(s plan.Step) string {
	if s.Delta == nil || s.Release == nil || s.Release.Artifact == nil {
		return ""
	}
	return p.Message("view-plan-delta", map[string]string{
		"Difference": p.Difference(s.From, s.Delta.Length, s.Release.Artifact.Length),
	})
}

// Size says what a plan downloads and needs on the disk, "" when neither.
func (p *Printer) Size(pl plan.Plan) string {
	if pl.Download == 0 && pl.Disk == 0 {
		return ""
	}
	return p.Message("view-plan-size", map[string]string{"Download": p.Bytes(pl.Download), "Disk": p.Bytes(pl.Disk)})
}
