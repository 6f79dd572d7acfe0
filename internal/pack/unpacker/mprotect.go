//go:build unpacker && !onlymemfd

package unpacker

// onlyMemfd has all code mapped from a memfd, for tests on machines where mprotect succeeds.
const onlyMemfd = false
