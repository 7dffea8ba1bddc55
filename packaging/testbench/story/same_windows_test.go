package story

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// sameRun compares the last runs of two state folders: the digest of the plan
// that was carried out, and the result but for its name and time: same-run A B.
func sameRun(ts *testscript.TestScript, _ bool, args []string) {
	var plans, results [2]string
	for i, state := range args[:2] {
		var err error
		plans[i], err = planOf(ts.MkAbs(state))
		ts.Check(err)
		results[i], err = resultOf(ts.MkAbs(state))
		ts.Check(err)
	}
	if plans[0] != plans[1] {
		ts.Fatalf("the plans differ: %s and %s", plans[0], plans[1])
	}
	if results[0] != results[1] {
		ts.Fatalf("the results differ:\n%s\n%s", results[0], results[1])
	}
	ts.Logf("plan %s, result %s", plans[0], results[0])
}

// planOf is the digest of the plan in the newest journal of the history.
func planOf(state string) (string, error) {
	journals, err := filepath.Glob(filepath.Join(state, "history", "*.journal"))
	if err != nil || len(journals) == 0 {
		return "", fmt.Errorf("no journal in the history of %q: %w", state, err)
	}
	data, err := os.ReadFile(journals[len(journals)-1]) // named by the time
	if err != nil {
		return "", err
	}
	_, rest, ok := strings.Cut(string(data), `"plan":"`)
	digest, _, ended := strings.Cut(rest, `"`)
	if !ok || !ended || len(digest) != 64 {
		return "", fmt.Errorf("%q names no plan", journals[len(journals)-1])
	}
	return digest, nil
}

// resultOf is the result of the last command, without what tells runs apart.
func resultOf(state string) (string, error) {
	data, err := os.ReadFile(filepath.Join(state, "result.json"))
	if err != nil {
		return "", err
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		return "", err
	}
	delete(doc, "run")
	delete(doc, "time")
	out, err := json.Marshal(doc)
	return string(out), err
}
