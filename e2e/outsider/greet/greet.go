// Package greet is a library of a workspace that knows nothing of this repository but its public rules.
package greet

import "github.com/google/uuid"

// Line returns a greeting for name with the version 5 UUID (RFC 9562, section 5.5) of that DNS name, the
// same on every platform.
func Line(name string) string {
	return "greetings to " + name + ", " + uuid.NewSHA1(uuid.NameSpaceDNS, []byte(name)).String()
}
