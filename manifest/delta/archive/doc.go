// Package archive makes the tar of one version from the installed files of
// another and a delta. Files that did not change are never in the delta; those
// that did are patched one by one, by package delta.
//
// What it promises:
//   - Apply gives the very bytes that Make was given, or an error.
//   - Whatever a delta says, Apply writes no more than the length that its
//     caller has from a trusted source, opens nothing but files of the base by
//     a path that leads nowhere outside, and stays below 32 MiB of memory at any
//     size.
//   - Equal archives give equal deltas, on every machine.
//
// What it does not promise: that the base was the right one. Whoever applies a
// delta holds the digest of the result against a signed one, and takes the
// whole package where that fails.
//
// # Form
//
// Numbers are unsigned varints, least significant group first. A delta is
//
//	"RLVTREE"            7 bytes
//	version              1 byte, 1
//	length of program    number, in bytes as it stands here
//	program              a brotli stream (RFC 7932), window of at most 2^22 bytes
//	patches              one after the other, to the end
//
// The program is a list of instructions, each of them a byte with what belongs
// to it, that write the tar from its first byte to its last:
//
//	0  end                         nothing follows, neither instruction nor patch
//	1  literal  number, bytes      writes so many bytes, 1 at least
//	2  header   504 bytes          a header block without bytes 148 to 155, its
//	                               checksum, which is computed
//	3  keep                        the file of the base that has the name of the
//	                               header just written, as it is
//	4  keep     number, path       another file of the base, as it is
//	5  patch    number             the file of that name, changed by the next
//	                               patch, which has so many bytes
//	6  patch    number, path, number  another file of the base, changed; the last
//	                               number is that of the patch
//
// Instructions 3 to 6 follow a header. They write as many bytes as its size
// field says (octal; 1 at least), and then zeros up to a multiple of 512. A
// path is preceded by its length, 1 to 1024 bytes.
package archive
