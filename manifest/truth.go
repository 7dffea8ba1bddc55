package manifest

// Truth is the value of a condition. Unknown is a value of its own, so that a
// system newer than the manifest warns instead of passing or failing silently.
type Truth string

// The three truth values.
const (
	True    Truth = "true"
	False   Truth = "false"
	Unknown Truth = "unknown"
)

// Lookup answers what is known about the machine: a string, bool or int64.
type Lookup func(fact string) (value any, known bool)
