//go:build unpacker && onlymemfd

package unpacker

const onlyMemfd = true
