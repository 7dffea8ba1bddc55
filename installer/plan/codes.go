package plan

// The codes of reasons that come from planning itself and not from a rule of
// a release. The catalogue of texts has a sentence for each, with the places
// of Reason.Args.
const (
	CodeWithdrawn          = "plan-withdrawn"           // taken back by its publisher; Required is the replacement
	CodeWithdrawnInstalled = "plan-withdrawn-installed" // the same, of what is installed
	CodeNoPackage          = "plan-no-package"          // known, but nothing here can install it
	CodePinned             = "plan-pinned"              // another version is prescribed: Required
	CodeNotOffered         = "plan-not-offered"         // exists, but not in this channel: Required
	CodeNotForPlatform     = "plan-not-for-platform"    // no release for this system: Required
	CodeWouldDowngrade     = "plan-would-downgrade"     // the best release, Required, is older than the installed one, Actual
	CodeForeign            = "plan-foreign"             // installed by something else, which Actual is the version of
	CodeOtherBackend       = "plan-other-backend"       // installed by backend Actual, the release is for Required
	CodeNeedUnmet          = "plan-need-unmet"          // needs Other in Required, and Actual is the best there is
	CodeConflict           = "plan-conflict"            // excludes Other in Required, and that is Actual
	CodeNeededBy           = "plan-needed-by"           // the installed Other needs it in Required
	CodeUsedBy             = "plan-used-by"             // Other, installed in version Actual, uses it and may not work without
	CodeNoPrevious         = "plan-no-previous"         // no version before this one is known
	CodeNotInstalled       = "plan-not-installed"       // there is nothing to change
	CodeOutsideRing        = "plan-outside-ring"        // rolled out to others so far: Required; Actual is what this machine is
	CodeNoIdentity         = "plan-no-identity"         // the same, and nothing tells the share that this machine belongs to
	CodeRolloutStopped     = "plan-rollout-stopped"     // the roll-out was ended before this machine had it
	CodeInRing             = "plan-in-ring"             // holds: rolled out, and this machine is among those in Required
	CodeForAll             = "plan-for-all"             // holds: offered to all machines
	CodeBelowFloor         = "plan-below-floor"         // older than the publisher lets a machine go: Required
	CodeFloorLost          = "plan-floor-lost"          // not at least what is installed, and the memory of floors is damaged
	CodeBelowFloorHere     = "plan-below-floor-here"    // what is installed is older than that
	CodeTriedBefore        = "plan-tried-before"        // begun Actual times here, and never lasted; Source is the last run
	CodeDiskTooSmall       = "plan-disk-too-small"      // bytes Required, bytes free in Actual
)

// The codes of errors.
const (
	CodeUnknownComponent = "cli-unknown-component" // UnknownError
	CodeUnknownVersion   = "cli-unknown-version"   // UnknownError
	CodeTargetTwice      = "cli-target-twice"      // RequestError
	CodeUnknownVerb      = "plan-unknown-verb"     // RequestError
	CodeTooComplex       = "plan-too-complex"      // ComplexError
	CodeManifestMoved    = "plan-manifest-moved"   // MovedError
	CodeMachineMoved     = "plan-machine-moved"    // MovedError
	CodeAltered          = "plan-altered"          // MovedError
	CodeDocument         = "plan-document"         // DocumentError
)

// Why a step is in a plan, as Step.Why says it.
const (
	WhyRequested = "requested" // it was named, or all was asked for and it is absent
	WhyNewer     = "newer"     // a newer release is accepted
	WhyNeededBy  = "needed-by" // component Step.For needs it
	WhyRepair    = "repair"    // the same version again
	WhyRollback  = "rollback"  // back to the version before
	WhyWithdrawn = "withdrawn" // the installed release was taken back
)
