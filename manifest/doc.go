// Package manifest says what a release is: which components exist, what each
// release of them asks of a machine, how an installed one is recognised, and
// which alerts apply to which machines. All of it is signed data; this package
// holds the knowledge of its form, never of its content.
//
// What it promises:
//   - A document is read whole or not at all. An unknown or missing field, a
//     null, a key given twice, a wrong type, a value outside its form, a
//     character nobody can see, or too many bytes: each is refused with the
//     place of the fault, so a publisher's mistake never becomes a silent
//     default on a workstation.
//   - What was accepted is encoded again to the same bytes, however often.
//   - A condition has three values. What is not known about a machine makes it
//     unknown, never true and never false, and every evaluation names its
//     reasons.
//   - Versions are compared as numbers, whatever their publisher printed
//     around them.
//   - A Verified comes from Open alone, and Open takes its bytes from an
//     Authenticator alone.
//
// What it does not promise: that what a publisher signed is true.
package manifest
