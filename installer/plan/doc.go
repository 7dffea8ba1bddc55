// Package plan decides what to do to a machine, and says why.
//
// What it promises:
//   - It is pure. There is no clock, no file and no network in it, and equal
//     inputs give plans equal byte for byte.
//   - A plan is complete: what is refused is part of it, with the rule, what
//     the rule requires, what is there, and what would be accepted instead.
//   - No release is taken whose confirmed conditions are false, that was
//     withdrawn, or that nothing here could install. A rule that is only
//     inferred warns; what nobody knows becomes a question, and only when
//     there is nothing better.
//   - No component is replaced by an older one unless that version was named.
//   - What the components need of one another holds in the end wherever it
//     held before. Of all selections that are possible, the plan takes the
//     one with the newest releases, compared component by component: those
//     that were asked for first, a component before the ones it needs, equal
//     ranks by name. A component nobody asked for stays as it is when it can.
//   - Planning ends: beyond a fixed number of choices taken back it gives up
//     with an error that names the components that stand against each other.
package plan
