package publish

import "github.com/releve-sante/releve/manifest/logline"

// Codes of the mistakes a publisher can make, and of what can be wrong with a
// repository. They never change.
const (
	CodeExists          = "publish-exists"
	CodeNoRepository    = "publish-no-repository"
	CodeKeysInside      = "publish-keys-inside"
	CodeKeyInRepository = "publish-key-in-repository"
	CodeMissingKey      = "publish-missing-key"
	CodeBadKey          = "publish-bad-key"
	CodeWrongPassword   = "publish-wrong-password"
	CodeEmptyPassword   = "publish-empty-password"
	CodeWrongKey        = "publish-wrong-key"
	CodeBadName         = "publish-bad-name"
	CodeBadPaths        = "publish-bad-paths"
	CodePathTaken       = "publish-path-taken"
	CodeRoleExists      = "publish-role-exists"
	CodeUnknownRole     = "publish-unknown-role"
	CodeOutside         = "publish-outside-delegation"
	CodeDuplicate       = "publish-duplicate-version"
	CodeDigestChanged   = "publish-digest-changed"
	CodePastExpiry      = "publish-past-expiry"
	CodeExpired         = "publish-expired"
	CodeNoComponent     = "publish-unknown-component"
	CodeNoVersion       = "publish-unknown-version"
	CodeBadDocument     = "publish-bad-document"
	CodeBadArchive      = "publish-bad-archive"
	CodeNoDelta         = "publish-no-delta"
	CodeBadDelta        = "publish-bad-delta"
	CodeSeveral         = "publish-several-platforms"
	CodeDamaged         = "publish-damaged"
	CodeBadPublicKey    = "publish-bad-public-key"
	CodeUnsigned        = "publish-unsigned"
	CodeSignedAlready   = "publish-signed-already"
	CodeOtherState      = "publish-other-state"
	CodeBadDraft        = "publish-bad-draft"
	CodeBadQuorum       = "publish-bad-quorum"
	CodeUnknownKey      = "publish-unknown-key"
	CodeKeyTwice        = "publish-key-twice"
	CodeRootRole        = "publish-root-role"
	CodeLifeTooLong     = "publish-life-too-long"
	CodeNoReplacement   = "publish-no-replacement"
	CodeNoRollout       = "publish-no-rollout"
	CodeForAll          = "publish-for-all"
	CodeStopped         = "publish-stopped"
	CodeNarrower        = "publish-narrower"
	CodeLowerFloor      = "publish-lower-floor"
)

// Error is a refusal, with what the publisher needs to understand it. Fields
// that do not apply are empty.
type Error struct {
	Reason   string // one of the Code constants
	Role     string // TUF role
	Name     string // component, version, path or file in question
	Expected string
	Found    string
	Cause    error // for the log; may be nil
}

// Error gives the English sentence for the log.
func (e *Error) Error() string {
	return logline.Of(e.Reason, e.Cause, "role", e.Role, "name", e.Name, "expected", e.Expected, "found", e.Found)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Code gives the stable identifier of this kind of failure.
func (e *Error) Code() string { return e.Reason }

// Args gives the values the sentence of Code speaks of: Role, Name, Expected,
// Found and Cause.
func (e *Error) Args() map[string]string {
	args := map[string]string{"Role": e.Role, "Name": e.Name, "Expected": e.Expected, "Found": e.Found, "Cause": ""}
	if e.Cause != nil {
		args["Cause"] = e.Cause.Error()
	}
	return args
}
