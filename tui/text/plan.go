package text

import "github.com/releve-sante/releve/installer/plan"

// NoSteps says of a plan without steps whether all is well or all refused.
func (p *Printer) NoSteps(pl plan.Plan) string {
	if pl.Refused() {
		return p.Message("view-plan-refused", nil)
	}
	return p.Message("view-plan-empty", nil)
}

// Size says what a plan downloads and needs on the disk, "" when neither.
func (p *Printer) Size(pl plan.Plan) string {
	if pl.Download == 0 && pl.Disk == 0 {
		return ""
	}
	return p.Message("view-plan-size", map[string]string{"Download": p.Bytes(pl.Download), "Disk": p.Bytes(pl.Disk)})
}
