//go:build !nodemo

package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/releve-sante/releve/installer"
	"github.com/releve-sante/releve/installer/diagnose"
	"github.com/releve-sante/releve/installer/event"
	"github.com/releve-sante/releve/installer/plan"
	"github.com/releve-sante/releve/manifest"
	"github.com/releve-sante/releve/osdetect/machine"
)

// What the faulty stand-in is, and what stays beside the components.
const (
	faultyComponent = "srvsvcnam"
	faultyVersion   = "3.43"
	settingsFile    = "settings/galss.ini"
	foreignFile     = "other-software/io_comm.ini"
)

// tell plays the chapters in order. Every statement is checked on the disk
// before it is made; one that does not hold ends the story with an error.
func (d *demo) tell(ctx context.Context) error {
	d.say(event.Note, "demo-start", args("Machine", d.machine))
	chapters := []func(context.Context) error{
		d.publish, d.diagnose, d.showPlan, d.install, d.update, d.breakOne, d.remove, d.rollBack,
	}
	for _, chapter := range chapters {
		if err := chapter(ctx); err != nil {
			return err
		}
		if err := d.wait(ctx); err != nil {
			return err
		}
	}
	d.say(event.Note, "demo-end", args("Claims", count(d.claims)))
	return d.wait(ctx)
}

// publish makes the signed repository and the workstation's own files.
func (d *demo) publish(ctx context.Context) error {
	d.say(event.Chapter, "demo-publish", nil)
	if err := d.writeFacts(); err != nil {
		return err
	}
	for name, content := range map[string]string{
		settingsFile: "[CONFIG]\r\nNbCanaux=1\r\n; kept by the user\r\n",
		foreignFile:  "; belongs to another program\n",
	} {
		path := filepath.Join(d.a.flags.target, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
	}
	r, err := d.publishRepository(ctx)
	if err != nil {
		return err
	}
	d.say(event.Note, "demo-published", args("Releases", count(r.releases), "Size", d.a.text.Bytes(r.bytes), "Address", r.address))
	return nil
}

// diagnose asks the signed advisories about the machine as it was captured.
func (d *demo) diagnose(ctx context.Context) error {
	d.say(event.Chapter, "demo-diagnose", args("Machine", d.systemName()))
	s, err := d.a.open()
	if err != nil {
		return err
	}
	defer s.close()
	v, err := s.fresh(ctx)
	if err != nil {
		return err
	}
	findings := diagnose.Run(v.Advisories(), d.facts.Lookup)
	for _, f := range findings {
		d.say(event.Warn, "demo-finding", args("ID", f.ID, "Severity", d.a.text.Severity(f.Severity), "Title", d.a.text.Text(f.Title)))
		for _, r := range f.Reasons {
			d.say(event.Note, "demo-finding-fact", args("Fact", d.a.text.Fact(r.Fact), "Actual", r.Actual, "Required", r.Required))
		}
		for _, r := range f.Remedies {
			d.say(event.Note, "demo-remedy", args("Text", d.a.text.Text(r.Text)))
		}
	}
	if len(findings) == 0 {
		d.say(event.Note, "demo-no-finding", nil)
	}
	return nil
}

// showPlan says what can be installed, and what is refused and why.
func (d *demo) showPlan(ctx context.Context) error {
	d.say(event.Chapter, "demo-plan", args("System", d.systemName()))
	w, err := d.a.look(ctx, plan.Request{Action: plan.Install, AllowUnknown: true})
	if err != nil {
		return err
	}
	defer w.s.close()
	d.showRefusals(w.plan)
	for _, s := range w.plan.Steps {
		d.say(event.Note, "demo-step", args("Component", s.Component, "Version", s.To, "Action", d.a.text.Message("action-"+string(s.Action), nil)))
	}
	return nil
}

// install brings the right set on the machine. Where the machine takes the
// newest releases at once, an older set comes first, so that there is
// something to update.
func (d *demo) install(ctx context.Context) error {
	targets := []string{"galss@3.42.03", "srvsvcnam@3.42.02", "cryptolib-cps"}
	title := "demo-as-found"
	if _, upgraded := upgradeOf(d.machine); upgraded {
		targets, title = nil, "demo-install"
	}
	d.say(event.Chapter, title, nil)
	if _, err := d.change(ctx, plan.Install, targets...); err != nil {
		return err
	}
	return d.claimInstalled(ctx, "galss", "srvsvcnam", "cryptolib-cps")
}

// upgradeOf says which machine the story's machine becomes, as the doctor's
// Mac went from Mojave to Catalina.
func upgradeOf(name string) (next string, ok bool) {
	if name == "mojave" {
		return "catalina", true
	}
	return "", false
}

// update lets releve bring what is new, after an upgrade of the system where
// the story has one.
func (d *demo) update(ctx context.Context) error {
	if next, ok := upgradeOf(d.machine); ok {
		facts, err := machine.Load(next)
		if err != nil {
			return err
		}
		d.facts = facts
		if err := d.writeFacts(); err != nil {
			return err
		}
		d.say(event.Chapter, "demo-upgraded", args("System", d.systemName()))
	} else {
		d.say(event.Chapter, "demo-update", nil)
	}
	if _, err := d.change(ctx, plan.Update, "galss", "cryptolib-cps"); err != nil {
		return err
	}
	return d.claimInstalled(ctx, "galss", "cryptolib-cps")
}

// breakOne forces an update that fails its probe, and shows the return.
func (d *demo) breakOne(ctx context.Context) error {
	d.say(event.Chapter, "demo-broken", nil)
	d.say(event.Note, "demo-broken-why", args("Version", faultyVersion))
	before, files, err := d.digest(faultyComponent)
	if err != nil {
		return err
	}
	version, err := d.version(ctx, faultyComponent)
	if err != nil {
		return err
	}
	res, err := d.change(ctx, plan.Install, faultyComponent+"@"+faultyVersion)
	if res.Outcome != event.Reverted {
		return d.broken(string(event.Reverted), string(res.Outcome), err)
	}
	after, _, err := d.digest(faultyComponent)
	if err != nil {
		return err
	}
	if after != before {
		return d.broken(before, after, nil)
	}
	if now, err := d.version(ctx, faultyComponent); err != nil || now != version {
		return d.broken(version, now, err)
	}
	d.claim("demo-returned", args("Version", version, "Files", count(files), "Before", short(before), "After", short(after)))
	return nil
}

// remove takes one component away and shows that the others did not change.
func (d *demo) remove(ctx context.Context) error {
	d.say(event.Chapter, "demo-remove", nil)
	digest, err := d.unchanged([]string{"galss", "cryptolib-cps"}, func() error {
		_, err := d.change(ctx, plan.Uninstall, faultyComponent)
		return err
	})
	if err != nil {
		return err
	}
	if now, err := d.version(ctx, faultyComponent); err != nil || now != "" {
		return d.broken("", now, err)
	}
	d.claim("demo-detected-absent", args("Component", faultyComponent))
	d.claim("demo-removed", args("Digest", short(digest)))
	return nil
}

// rollBack returns GALSS alone to the version before, with the server gone.
func (d *demo) rollBack(ctx context.Context) error {
	d.say(event.Chapter, "demo-rollback", nil)
	from, err := d.version(ctx, "galss")
	if err != nil {
		return err
	}
	for _, f := range d.close {
		f()
	}
	repos := d.a.flags.repos
	d.a.flags.repos = nil
	defer func() { d.a.flags.repos = repos }()
	digest, err := d.unchanged([]string{"cryptolib-cps"}, func() error {
		_, err := d.change(ctx, plan.Rollback, "galss")
		return err
	})
	if err != nil {
		return err
	}
	to, err := d.version(ctx, "galss")
	if err != nil || to == from || to == "" {
		return d.broken("another version than "+from, to, err)
	}
	d.claim("demo-rolled-back", args("From", from, "To", to, "Digest", short(digest)))
	return d.claimBystanders()
}

// change plans and applies one request the way the commands do.
func (d *demo) change(ctx context.Context, verb plan.Verb, targets ...string) (installer.Result, error) {
	req, err := d.a.request(verb, targets)
	if err != nil {
		return installer.Result{}, err
	}
	w, end, err := d.a.begin(ctx, req, d.sink)
	defer end()
	if err != nil {
		return installer.Result{}, err
	}
	d.showQuestions(w.plan)
	if w.plan.Empty() {
		d.showRefusals(w.plan)
		return installer.Result{}, d.broken("a plan with steps", "none", nil)
	}
	return w.apply(ctx, d.sink)
}

func (d *demo) showRefusals(p plan.Plan) {
	for _, r := range p.Refusals {
		for _, why := range r.Reasons {
			if why.Holds == manifest.True {
				continue
			}
			d.say(event.Warn, "demo-refused", args("Component", r.Component, "Version", r.Version, "Because", d.a.text.Because(why, r.Component, r.Version)))
			d.say(event.Note, "demo-refused-why", args("Rule", why.Code, "Required", strings.TrimSpace(why.Fact+" "+why.Required), "Actual", why.Actual, "Source", why.Source))
		}
		if r.Accepted != "" {
			d.say(event.Note, "demo-refused-instead", args("Component", r.Component, "Accepted", r.Accepted))
		}
	}
	d.showQuestions(p)
}

// showQuestions says which unknown conditions the demonstration accepts.
func (d *demo) showQuestions(p plan.Plan) {
	for _, s := range p.Steps {
		for _, q := range s.Questions {
			d.say(event.Warn, "demo-question", args("Component", s.Component, "Version", s.To, "Required", strings.TrimSpace(q.Fact+" "+q.Required), "Actual", q.Actual))
		}
	}
}

func (d *demo) say(level event.Level, code string, a map[string]string) {
	d.sink(notice(level, code, a))
}

// claim makes a statement that was checked just before.
func (d *demo) claim(code string, a map[string]string) {
	d.claims++
	d.say(event.Claim, code, a)
}

// wait leaves a chapter on the screen long enough to be read.
func (d *demo) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d.pause):
		return nil
	}
}

// args pairs names and values.
func args(pairs ...string) map[string]string {
	m := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

func count(n int) string { return strconv.Itoa(n) }

// short is the beginning of a digest, enough to compare by eye.
func short(digest string) string { return digest[:min(12, len(digest))] }

func joinNames(names []string) string { return strings.Join(names, ", ") }
