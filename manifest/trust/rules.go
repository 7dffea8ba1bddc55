package trust

// Rules says which repositories a client accepts.
type Rules int

const (
	// Strict is what releve asks of the repositories it installs from. They
	// are made by one tool, so whatever that tool does not write is a mistake
	// or an attack, and is refused before a signature is looked at.
	Strict Rules = iota

	// Specification takes whatever TUF 1.0.34 lets a repository be. It exists
	// so that the workflow of this package can be measured against other
	// implementations; no program that installs anything may use it. What it
	// allows and Strict does not:
	//   - names of roles and targets beyond [a-z0-9-] and plain paths. Names
	//     in the cache then hold the name of the role as in a URL, percent
	//     signs and capitals included
	//   - snapshots that are not consistent
	//   - metadata listed without length or hashes, sha512, several hashes
	//   - keys other than ed25519 and ECDSA P-256, thresholds that cannot be
	//     met, keys listed twice or missing; the signatures decide
	//   - delegations by hash prefix, and succinct ones
	//   - targets that look like a web page
	//   - snapshots as large as targets may be
	//
	// What makes go-tuf break down is refused all the same: null, a name
	// twice in one object, a missing role or entry, an ed25519 key of the
	// wrong length, more bytes, depth or tokens than metadata needs. So are
	// delegated roles that are called as a top-level one.
	Specification
)

// strict reports whether more is asked than the specification does.
func (rules Rules) strict() bool { return rules != Specification }

// snapshotLimit is the most bytes a snapshot may have. A repository with bins
// lists thousands of roles.
func (rules Rules) snapshotLimit() int64 {
	if rules.strict() {
		return smallLimit
	}
	return largeLimit
}
