// A module of its own: who imports keyguard does not get memguard.
module bench

go 1.26.0

require (
	github.com/awnumar/memguard v0.23.0
	github.com/go3s/rules_go3s v0.0.0
)

require (
	github.com/awnumar/memcall v0.4.0 // indirect
	golang.org/x/crypto v0.41.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)

replace github.com/go3s/rules_go3s => ../../..
