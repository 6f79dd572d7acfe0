package main

import (
	"crypto/x509"
	"encoding/hex"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/boot/authenticode"
	"github.com/go3s/rules_go3s/internal/boot/pe"
	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/elfsign"
	"github.com/go3s/rules_go3s/internal/inputfile"
)

// maxPEM bounds files of keys, certificates and signatures, in bytes.
const maxPEM = 1 << 20

// readImage reads an image.
func readImage(path string) (*pe.Image, error) {
	data, err := inputfile.Read(path, pe.MaxFile)
	if err != nil {
		return nil, err
	}
	im, err := pe.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return im, nil
}

func readCertificate(path string) (*x509.Certificate, error) {
	data, err := inputfile.Read(path, maxPEM)
	if err != nil {
		return nil, err
	}
	return elfsign.ParseCertificate(path, data)
}

// certificateFlag defines --cert.
func certificateFlag(fs *flag.FlagSet) func() (*x509.Certificate, error) {
	file := fs.String("cert", "", "PEM `file` with the certificate of the key, which firmware has in db; required")
	return func() (*x509.Certificate, error) {
		if *file == "" {
			return nil, cli.Usagef("%s: no --cert: name the certificate of the key", fs.Name())
		}
		return readCertificate(*file)
	}
}

// writeSigned writes the image with one signature.
func writeSigned(out, path string, im *pe.Image, der []byte) error {
	data, err := im.WithSignatures([][]byte{der})
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return atomicfile.Write(out, 0o666, data)
}

func signFlags(fs *flag.FlagSet) func(*cli.Call) error {
	keyFile := fs.String("key", "", "`file` with the private key (RSA, PKCS#8 in PEM) that only its owner may read, or a PKCS#11 URI")
	command := fs.String("command", "", "shell command that signs, see docs/signing.md")
	open := fs.Bool("test-key", false, "take a private key that others may read: for keys of tests, which protect nothing")
	certificate := certificateFlag(fs)
	output := outputFlag(fs)
	return func(c *cli.Call) error {
		path := c.Files[0]
		out, err := output()
		if err != nil {
			return err
		}
		cert, err := certificate()
		if err != nil {
			return err
		}
		uri, file := "", *keyFile
		if strings.HasPrefix(file, elfsign.PKCS11) {
			uri, file = file, ""
		}
		var key *elfsign.Key
		switch {
		case file != "" && *command != "":
			return cli.Usagef("sign: --key names a file, so --command has no meaning; leave one out")
		case file != "":
			key, err = elfsign.ReadKey(file, *open)
		case *command == "" && uri == "":
			return cli.Usagef("sign: no --key and no --command")
		default:
			key, err = elfsign.CommandKey(*command, uri, cert.PublicKey)
		}
		if err != nil {
			return err
		}
		im, err := readImage(path)
		if err != nil {
			return err
		}
		der, err := authenticode.Sign(im, key, cert, time.Now())
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return writeSigned(out, path, im, der)
	}
}

func digestFlags(fs *flag.FlagSet) func(*cli.Call) error {
	output := outputFlag(fs)
	return func(c *cli.Call) error {
		path := c.Files[0]
		out, err := output()
		if err != nil {
			return err
		}
		im, err := readImage(path)
		if err != nil {
			return err
		}
		attributes, err := authenticode.Attributes(im)
		if err != nil {
			return err
		}
		return atomicfile.Write(out, 0o666, attributes)
	}
}

func attachFlags(fs *flag.FlagSet) func(*cli.Call) error {
	signature := fs.String("signature", "", "`file` with the RSA signature (PKCS #1 v1.5, SHA-256) of what digest writes; required")
	certificate := certificateFlag(fs)
	output := outputFlag(fs)
	return func(c *cli.Call) error {
		path := c.Files[0]
		out, err := output()
		if err != nil {
			return err
		}
		cert, err := certificate()
		if err != nil {
			return err
		}
		if *signature == "" {
			return cli.Usagef("attach: no --signature: name the file with the signature")
		}
		im, err := readImage(path)
		if err != nil {
			return err
		}
		raw, err := inputfile.Read(*signature, maxPEM)
		if err != nil {
			return err
		}
		der, err := authenticode.Assemble(im, raw, cert)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", path, *signature, err)
		}
		return writeSigned(out, path, im, der)
	}
}

func verifyFlags(fs *flag.FlagSet) func(*cli.Call) error {
	var trust list
	fs.Var(&trust, "trust", "PEM `file` with a certificate of a signer, or of an authority that signed one; may be repeated")
	return func(c *cli.Call) error {
		path := c.Files[0]
		if len(trust) == 0 {
			return cli.Usagef("verify: no --trust: name the certificates that firmware has in db")
		}
		var certs []*x509.Certificate
		for _, file := range trust {
			cert, err := readCertificate(file)
			if err != nil {
				return err
			}
			certs = append(certs, cert)
		}
		im, err := readImage(path)
		if err != nil {
			return err
		}
		signers, err := authenticode.Verify(im, certs)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		digest := im.Digest()
		for _, cert := range signers {
			fmt.Fprintf(c.Stdout, "%s: digest %s: good signature by %s\n", path, hex.EncodeToString(digest[:]), cert.Subject)
		}
		return nil
	}
}
