// The Go modules that the tools import, at versions that are old enough to leave the choice to the modules of a user:
// Bazel takes the highest version that any module of a workspace asks for. Tests and examples have theirs in ../go.mod.
module github.com/go3s/rules_go3s/deps

go 1.26.0

require (
	github.com/ProtonMail/go-crypto v1.3.0
	github.com/google/licensecheck v0.3.1
	github.com/google/pprof v0.0.0-20250403155104-27863c87afa6
	github.com/klauspost/compress v1.18.0
	github.com/opencontainers/go-digest v1.0.0
	github.com/opencontainers/image-spec v1.1.1
	golang.org/x/arch v0.30.0
	golang.org/x/crypto v0.33.0
	golang.org/x/mod v0.21.0
	golang.org/x/sys v0.30.0
	oras.land/oras-go/v2 v2.6.0
)

require (
	github.com/cloudflare/circl v1.6.0 // indirect
	golang.org/x/sync v0.14.0 // indirect
)
