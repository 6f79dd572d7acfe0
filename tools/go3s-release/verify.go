package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/release/signature"
	"github.com/go3s/rules_go3s/internal/release/verify"
)

// runVerify is "go3s-release verify".
func runVerify(e env, args []string) (int, error) {
	fs := flag.NewFlagSet("verify", flag.ContinueOnError)
	key := fs.String("key", "", "the publisher's public Ed25519 key, a `file`: OpenSSH, PEM or minisign")
	openPGP := fs.String("openpgp-key", "", "the publisher's public OpenPGP keys in ASCII armor, a `file`")
	unsigned := fs.Bool("no-signatures", false, "check everything but who published it")
	rest, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	if len(rest) != 1 {
		return 0, errors.New("want one folder; see go3s-release verify -h")
	}
	if (*key == "" && *openPGP == "") == !*unsigned {
		return 0, errors.New("want --key FILE or --openpgp-key FILE, the publisher's public key from where you trust it, or --no-signatures")
	}
	var options verify.Options
	if *key != "" {
		data, err := inputfile.Read(*key, inputfile.Text)
		if err != nil {
			return 0, err
		}
		public, err := signature.ParsePublic(*key, data)
		if err != nil {
			return 0, err
		}
		options.Key = &public
	}
	if *openPGP != "" {
		data, err := inputfile.Read(*openPGP, inputfile.Text)
		if err != nil {
			return 0, err
		}
		if options.OpenPGP, err = signature.ParseOpenPGPPublic(*openPGP, data); err != nil {
			return 0, err
		}
	}
	results, err := verify.Dir(os.DirFS(rest[0]), options)
	if err != nil {
		return 0, err
	}
	for _, r := range results {
		if r.Err != nil {
			fmt.Fprintf(e.stdout, "%-11s REFUSED  %v\n", r.Name, r.Err)
		} else {
			fmt.Fprintf(e.stdout, "%-11s ok       %s\n", r.Name, r.What)
		}
	}
	if !verify.Accepted(results) {
		return refused, nil
	}
	return accepted, nil
}
