# What the scripts of the bench share: where it lies, and how they say that it
# cannot be used. Set here first, for their callers.
cache=${RELEVE_BENCH_DIR:-$HOME/.cache/releve-bench}

# key is short and changes with the bytes of the files.
key() { cat "$@" | sha256sum | cut -c1-12; }

# shellcheck disable=SC2034
base=$cache/base-$(key "$here/base")
# shellcheck disable=SC2034
msi=$cache/msi-$(key "$here/base" "$here"/../msi/*)

# cannot_run says why nothing can run here, or fails when all can.
cannot_run() {
	if [ "$(uname -sm)" != 'Linux x86_64' ]; then
		echo 'only Linux on amd64 can run it'
	elif [ "$(id -u)" != 0 ]; then
		echo 'it needs root, for a chroot of its own'
	elif ! unshare --mount --pid --net --fork mount -t tmpfs tmpfs /mnt 2>/dev/null; then
		echo 'mounting is not allowed here'
	else
		return 1
	fi
}

# skip ends with one line that says why nothing was run.
skip() {
	echo "bench: skipped: $1" >&2
	[ "${RELEVE_BENCH_REQUIRED:-}" != 1 ] || exit 1
	exit 0
}
