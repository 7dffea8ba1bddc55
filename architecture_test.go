package releve_test

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// allowed is the architecture. A line says what the non-test files of a
// package may import from this module; "-" stands for nothing, "*" for
// everything but test packages. Adding an arrow is a design decision: change
// the line in the commit that explains why, and say it in docs/adr.
const allowed = `
manifest                       -
manifest/logline               -
manifest/trust                 manifest manifest/logline
manifest/publish               manifest manifest/delta/archive manifest/trust manifest/logline
manifest/publish/hsm           -
manifest/reference             manifest
manifest/publish/provenance    -
manifest/publish/signature     -
manifest/mirror                manifest manifest/trust installer/durable installer/store manifest/logline
manifest/delta                 -
manifest/delta/archive         manifest/delta

osdetect                       osdetect/quote osdetect/registry
osdetect/machine               osdetect
osdetect/proxy                 -
osdetect/policy                osdetect/quote
osdetect/program               osdetect/process
osdetect/galss                 osdetect/quote
osdetect/process               -
osdetect/reader                osdetect osdetect/program osdetect/quote
osdetect/component             manifest osdetect osdetect/process osdetect/registry osdetect/quote
osdetect/quote                 -
osdetect/registry              -

installer/event                -
installer/lock                 -
installer/durable              -
installer/elevate              -
installer/statedir             -
installer/quiesce              manifest installer/backend osdetect/component osdetect/process osdetect/program
installer/journal              installer/durable
installer/unpack               installer/durable
installer/receipt              manifest installer/durable
installer/store                manifest manifest/delta/archive installer/durable manifest/logline
installer/floor                manifest installer/durable

installer/authenticode         manifest/logline

installer/backend              manifest
installer/backend/bundle       manifest installer/backend installer/durable installer/unpack
installer/backend/capability   installer/backend osdetect/program manifest/logline
installer/backend/shelf        manifest installer/backend installer/durable
installer/backend/runlog       installer/durable osdetect/program
installer/backend/exe          manifest installer/backend installer/backend/runlog installer/backend/shelf installer/durable installer/authenticode osdetect/component osdetect/process osdetect/program manifest/logline
installer/backend/standin      installer/backend installer/backend/bundle
installer/backend/settings     manifest installer/backend installer/durable osdetect/galss manifest/logline
installer/backend/msi          manifest installer/authenticode installer/backend installer/backend/runlog installer/backend/shelf installer/backend/msi/database installer/durable osdetect/component osdetect/process osdetect/program osdetect/registry manifest/logline
installer/backend/msi/database -

installer/plan                 manifest installer/backend
installer/diagnose             manifest

installer                      manifest installer/plan installer/backend installer/durable installer/journal installer/event installer/receipt osdetect/program

tui/text                       manifest installer/event installer/plan installer/diagnose
tui/line                       manifest installer/event installer/plan installer/diagnose tui/text
tui/jsonl                      installer/event tui/text
tui                            manifest installer/event installer/plan installer/diagnose tui/text

manifest/manifesttest          manifest
manifest/trust/trusttest       manifest/trust
manifest/publish/provenance/provenancetest  -
manifest/trust/conformance     manifest/trust installer/durable
installer/durable/durabletest  installer/durable
installer/backend/backendtest  manifest installer/backend installer/durable/durabletest
installer/backend/msi/database/databasetest  installer/backend/msi/database

packaging/gen/pack             -
packaging/testbench/vpcd       -
packaging/testbench/impersonate  -
packaging/testbench/galss      -
packaging/testbench/dism       -
packaging/testbench/setup      -
packaging/testbench/msiexec    osdetect/program
packaging/testbench/system     osdetect/program
packaging/testbench/story      -

cmd/releve                     *
cmd/releve-repo                *
cmd/wmic                       installer/elevate osdetect/process
`

// barred lists imports that would end a package's purity, in any of its
// non-test files.
var barred = []struct{ packages, imports, reason string }{
	{
		"manifest", "os net net/http os/exec",
		"documents are data: bytes come through an Authenticator, facts through a Lookup",
	},
	{
		"installer/plan installer/diagnose", "os net net/http os/exec time math/rand math/rand/v2",
		"equal inputs must give equal answers",
	},
	{
		"tui tui/line tui/jsonl tui/text", "os net net/http os/exec",
		"a view is a function of events; files, network and terminal are handed to it",
	},
}

const tuf = "github.com/theupdateframework/go-tuf/v2/metadata"

// reserved lists imports that only some packages may have, and why.
var reserved = []struct{ imported, packages, reason string }{
	{
		tuf + "/trustedmetadata", "manifest/trust manifest/trust/trusttest",
		"what is trusted is decided in one place",
	},
	{
		tuf + "/updater", "manifest/trust manifest/trust/trusttest",
		"it has no context, no durable cache and no limit on memory",
	},
	{
		tuf + "/fetcher", "", "it changes http.DefaultClient and has no time limit",
	},
	{
		tuf, "manifest/trust manifest/trust/trusttest manifest/publish",
		"the rest of the program sees manifest.Verified, never TUF",
	},
	{
		"github.com/sigstore/sigstore-go/pkg/verify", "manifest/publish/provenance",
		"who built a package is a second opinion, asked for in one place",
	},
	{
		"github.com/releve-sante/releve/manifest/publish/provenance", "cmd/releve-repo",
		"what it links weighs more than the whole client, which goes by the signed metadata",
	},
	{
		"github.com/releve-sante/releve/manifest/publish/signature", "cmd/releve-repo",
		"a workstation asks its own system, and has no room for a second reader of signatures",
	},
	{
		"github.com/sassoftware/relic/v8/lib/authenticode", "manifest/publish/signature",
		"who signed an installer is read in one place, for publishers",
	},
	{
		"os/exec", "osdetect/program manifest/publish/hsm manifest/trust/conformance packaging/testbench/galss packaging/testbench/setup",
		"programs are started by one runner with its limits, and by keys that lie elsewhere with theirs; what the conformance suite judges asks date for the time, and what stands in for GALSS asks WMIC as that does",
	},
	{
		"testing", "*test", "a shipped program holds no test code",
	},
}

// TestArrows fails when a package imports one of ours that the text above
// does not allow.
func TestArrows(t *testing.T) {
	dirs, files := packages(sources(t))
	arrows := parseArrows(t)
	for _, dir := range dirs {
		may, known := arrows[dir]
		if !known {
			t.Errorf("package %s is not in the architecture: add a line for it in architecture_test.go", dir)
			continue
		}
		for _, s := range files[dir] {
			for _, imported := range s.imports(t) {
				to, ok := ours(imported)
				if !ok || slices.Contains(may, to) || slices.Contains(may, "*") {
					continue
				}
				t.Errorf("%s: %s must not import %s; it may import: %s", s.name, dir, to, strings.Join(may, " "))
			}
		}
	}
	for dir, may := range arrows {
		for _, named := range append([]string{dir}, may...) {
			if named != "-" && named != "*" && !slices.Contains(dirs, named) {
				t.Errorf("the line for %s in architecture_test.go names %s, and there is no such package", dir, named)
			}
		}
	}
}

// TestNothingReachesTheEngine fails when the text itself lets a view, or
// anything else below cmd, import the engine, directly or not.
func TestNothingReachesTheEngine(t *testing.T) {
	arrows := parseArrows(t)
	for dir := range arrows {
		if strings.HasPrefix(dir, "cmd/") {
			continue
		}
		reached := reachable(arrows, dir)
		if slices.Contains(reached, dir) {
			t.Errorf("%s reaches itself through %s", dir, strings.Join(reached, " "))
		}
		if slices.Contains(reached, "installer") {
			t.Errorf("%s reaches the engine; only cmd composes", dir)
		}
	}
}

// TestPurePackages fails when a package imports what would let it read the
// machine, the network or the clock.
func TestPurePackages(t *testing.T) {
	_, files := packages(sources(t))
	for _, rule := range barred {
		for _, dir := range strings.Fields(rule.packages) {
			for _, s := range files[dir] {
				for _, imported := range s.imports(t) {
					if slices.Contains(strings.Fields(rule.imports), imported) {
						t.Errorf("%s: %s must not import %q: %s", s.name, dir, imported, rule.reason)
					}
				}
			}
		}
	}
}

// TestReservedImports fails when a package that is not named imports what is
// kept in one place.
func TestReservedImports(t *testing.T) {
	_, files := packages(sources(t))
	for dir, list := range files {
		for _, s := range list {
			for _, imported := range s.imports(t) {
				for _, rule := range reserved {
					if imported == rule.imported && !names(rule.packages, dir) {
						t.Errorf("%s: %s must not import %q: %s", s.name, dir, imported, rule.reason)
					}
				}
			}
		}
	}
}

// doors lists the packages that say what is authentic: trust by signatures,
// reference by being part of the program, manifesttest by being a test. Whoever
// has an Authenticator gets a manifest.Verified for its bytes, so a fourth door
// is a decision about trust.
const doors = "manifest/trust manifest/reference manifest/manifesttest"

// TestNobodyElseAuthenticates fails for a manifest.Authenticator, told by its
// method, outside the packages named above.
func TestNobodyElseAuthenticates(t *testing.T) {
	dirs, files := packages(sources(t))
	for _, dir := range dirs {
		for _, s := range files[dir] {
			for _, decl := range s.file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if ok && f.Recv != nil && f.Name.Name == "Authenticated" && !slices.Contains(strings.Fields(doors), dir) {
					t.Errorf("%s: %s must not say what is authentic; only these do: %s", s.name, dir, doors)
				}
			}
		}
	}
}

// TestOnlyConformanceRelaxesTheRules fails where anything but the program for
// the conformance suite chooses which repositories the trust client accepts:
// the released client has the strict rules, and no way to have others.
func TestOnlyConformanceRelaxesTheRules(t *testing.T) {
	_, files := packages(sources(t))
	for dir, list := range files {
		if dir == "manifest/trust" || dir == "manifest/trust/conformance" || isTestPackage(dir) {
			continue
		}
		for _, s := range list {
			ast.Inspect(s.file, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				if ok && (id.Name == "Rules" || id.Name == "Specification") && slices.Contains(s.imports(t), trustPath) {
					t.Errorf("%s: %s leaves the rules of the trust client alone", s.fset.Position(id.Pos()), dir)
				}
				return true
			})
		}
	}
}

const trustPath = "github.com/releve-sante/releve/manifest/trust"

// TestTestPackagesStayInTests fails when a package that is built into a
// program imports one that exists for tests.
func TestTestPackagesStayInTests(t *testing.T) {
	dirs, files := packages(sources(t))
	for _, dir := range dirs {
		for _, s := range files[dir] {
			for _, imported := range s.imports(t) {
				if to, ok := ours(imported); ok && isTestPackage(to) && !isTestPackage(dir) {
					t.Errorf("%s: %s is for tests and must not be built into a program", s.name, to)
				}
			}
		}
	}
}

// parseArrows reads the text above.
func parseArrows(t *testing.T) map[string][]string {
	t.Helper()
	arrows := map[string][]string{}
	for line := range strings.Lines(allowed) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) == 1 {
			t.Fatalf("architecture: line %q says nothing; write - for no arrow", fields[0])
		}
		if _, twice := arrows[fields[0]]; twice {
			t.Fatalf("architecture: two lines for %q", fields[0])
		}
		arrows[fields[0]] = fields[1:]
	}
	return arrows
}

// reachable returns every package that from may import, directly or not.
func reachable(arrows map[string][]string, from string) []string {
	var seen []string
	queue := slices.Clone(arrows[from])
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if slices.Contains(seen, next) {
			continue
		}
		seen = append(seen, next)
		queue = append(queue, arrows[next]...)
	}
	return seen
}

// names reports whether list names dir; "*test" names every test package.
func names(list, dir string) bool {
	fields := strings.Fields(list)
	return slices.Contains(fields, dir) || isTestPackage(dir) && slices.Contains(fields, "*test")
}

// isTestPackage reports whether a package exists for tests: its name is that
// of what it serves, and "test".
func isTestPackage(dir string) bool {
	base := path.Base(dir)
	return strings.HasSuffix(base, "test") && base != "test"
}
