package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/signature"
	"github.com/go3s/rules_go3s/internal/release/verify"
)

// runSign is "go3s-release sign".
func runSign(e env, args []string) (int, error) {
	fs := flag.NewFlagSet("sign", flag.ContinueOnError)
	keyFile := fs.String("key", "", "private Ed25519 key, a `file`: OpenSSH, PKCS #8 or minisign, not encrypted")
	openPGPFile := fs.String("openpgp-key", "", "secret OpenPGP key in ASCII armor, a `file`: Ed25519 or RSA, not encrypted")
	rest, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	if len(rest) != 1 || *keyFile == "" && *openPGPFile == "" {
		return 0, errors.New("want --key or --openpgp-key, and one folder; see go3s-release sign -h")
	}
	dir := rest[0]
	var key *signature.PrivateKey
	var pgp *signature.OpenPGPKey
	if *keyFile != "" {
		data, err := inputfile.Read(*keyFile, inputfile.Text)
		if err != nil {
			return 0, err
		}
		if key, err = signature.ParsePrivate(*keyFile, data); err != nil {
			return 0, err
		}
	}
	if *openPGPFile != "" {
		data, err := inputfile.Read(*openPGPFile, inputfile.Text)
		if err != nil {
			return 0, err
		}
		if pgp, err = signature.ParseOpenPGPPrivate(*openPGPFile, data); err != nil {
			return 0, err
		}
	}
	// A signature says that the release is good.
	results, err := verify.Dir(os.DirFS(dir), verify.Options{})
	if err != nil {
		return 0, err
	}
	for _, r := range results {
		if r.Err != nil {
			fmt.Fprintf(e.stderr, "go3s-release: %s: not signed: %s: %v\n", dir, r.Name, r.Err)
			return refused, nil
		}
	}
	read := func(name string) []byte {
		var data []byte
		if err == nil {
			data, err = inputfile.Read(filepath.Join(dir, name), inputfile.Data)
		}
		return data
	}
	x, err := index.Parse(read(index.Name))
	if err != nil {
		return 0, err
	}
	files := map[string][]byte{}
	if key != nil {
		provenance := x.Of(index.KindProvenance)[0].Path
		if files, err = signature.Release(key, x.Name+" "+x.Version, read(index.Sums), provenance, read(provenance)); err != nil {
			return 0, err
		}
	}
	if pgp != nil {
		date, err := time.Parse(time.RFC3339, x.Date)
		if err != nil {
			return 0, err
		}
		if files[index.Sums+index.OpenPGP], err = pgp.Sign(read(index.Sums), date); err != nil {
			return 0, err
		}
	}
	if err != nil {
		return 0, err
	}
	var batch atomicfile.Batch
	defer batch.Close()
	for name, text := range files {
		if err := batch.Write(filepath.Join(dir, name), 0o644, text); err != nil {
			return 0, err
		}
	}
	return accepted, batch.Commit()
}
