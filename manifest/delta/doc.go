// Package delta makes one file from another and a patch, so that an update
// transfers what changed and not what is there already.
//
// What it promises:
//   - Apply gives the very bytes that Make was given, or an error.
//   - Whatever a patch says, Apply writes no more than the length that its
//     caller has from a trusted source, reads nothing outside the old file, and
//     stays below 32 MiB of memory. It streams: that holds for files of any
//     size.
//   - Equal files give equal patches, however many processors make them.
//   - A patch of a form that is not known is refused as such, so that later
//     forms can come.
//
// What it does not promise: that the old file was the right one. Only its size
// is compared; whoever applies a patch compares the digest of the result with
// a signed one, and takes the whole file where that fails.
//
// A patch is a control, differences and new bytes, as in bsdiff. Between
// executables for x86, both sides also guess what the references in code and
// tables have become, and the patch holds what corrects the guesses.
// docs/delta-format.md describes it for a second implementation.
package delta
