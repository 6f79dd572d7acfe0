package main

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/elfsign"
	"github.com/go3s/rules_go3s/internal/inputfile"
)

func signFlags(fs *flag.FlagSet) func(*cli.Call) error {
	key := fs.String("key", "", "`file` with the private key (PKCS#8 in PEM) that only its owner may read, or a PKCS#11 URI")
	command := fs.String("command", "", "shell command that signs, see docs/signing.md")
	public := fs.String("public-key", "", "PEM `file` with the Ed25519 public key, for keys that are not in a file")
	cert := fs.String("cert", "", "PEM `file` with the certificate of the key: makes a CMS signature")
	open := fs.Bool("test-key", false, "take a private key that others may read: for keys of tests, which protect nothing")
	alone := fs.Bool("detached", false, "write the signature alone, of the file as it is, to -o")
	ima := fs.Bool("ima", false, "write a signature of the file as it is, in the form of security.ima, to -o; needs --cert")
	trust := optionalTrust(fs, "sign only by a key that this PEM `file` trusts, as for verify; may be repeated")
	output := fs.String("o", "", "write to this `file`, instead of in place")
	return func(c *cli.Call) error {
		file := c.Files[0]
		switch {
		case *alone && *ima:
			return cli.Usagef("sign: --detached and --ima: two forms of a signature; leave one out")
		case (*alone || *ima) && *output == "":
			return cli.Usagef("sign: --detached and --ima need -o: the file for the signature")
		case *ima && *cert == "":
			return cli.Usagef("sign: --ima needs --cert: the certificate that the kernel has, in PEM")
		}
		believed, err := trust()
		if err != nil {
			return err
		}
		if *ima && believed != nil {
			return cli.Usagef("sign: --ima and --trust: --cert already names the only key that may sign; leave --trust out")
		}
		var certificate *x509.Certificate
		if *cert != "" {
			data, err := inputfile.Read(*cert, maxPEM)
			if err != nil {
				return err
			}
			if certificate, err = elfsign.ParseCertificate(*cert, data); err != nil {
				return err
			}
		}
		k, err := signingKey(*key, *command, *public, certificate, *open)
		if err != nil {
			return err
		}
		now := time.Now()
		signed := func(content []byte) (elfsign.Signature, error) {
			s, err := k.Signature(content, certificate, now)
			if err == nil && believed != nil {
				err = trusted(believed, content, s)
			}
			return s, err
		}
		if *alone || *ima {
			content, err := inputfile.Read(file, elfsign.MaxFile)
			if err != nil {
				return err
			}
			var signature []byte
			if *ima {
				signature, err = k.IMA(content, certificate, now)
			} else {
				var s elfsign.Signature
				if s, err = signed(content); err == nil {
					signature = s.Detached()
				}
			}
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			return atomicfile.Write(*output, 0o666, signature)
		}
		return rewrite(file, *output, func(p *elfsign.Program) ([]byte, error) {
			s, err := signed(p.Content)
			if err == nil {
				err = p.Add(s)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			return p.Bytes(), nil
		})
	}
}

// trusted refuses a signature that is not of content, or by nobody whom t trusts. When certificates are valid is left out.
func trusted(t *elfsign.Trust, content []byte, s elfsign.Signature) error {
	v := t.Judge(content, []elfsign.Signature{s}, time.Time{})[0]
	switch {
	case v.Err != nil:
		return fmt.Errorf("%v, %s: %w", v.Kind, v.Signer, v.Err)
	case !v.Trusted:
		return fmt.Errorf("it is by %s, who is not trusted. Add the public key or the certificate to --trust", v.Signer)
	}
	return nil
}

// signingKey returns the key that the flags of sign name.
func signingKey(key, command, public string, cert *x509.Certificate, open bool) (*elfsign.Key, error) {
	uri := ""
	if strings.HasPrefix(key, elfsign.PKCS11) {
		key, uri = "", key
	}
	switch {
	case key != "" && (command != "" || public != ""):
		return nil, cli.Usagef("sign: --key names a file, so --command and --public-key have no meaning; leave one out")
	case key != "":
		return elfsign.ReadKey(key, open)
	case command == "" && uri == "":
		return nil, cli.Usagef("sign: no --key and no --command")
	case (public == "") == (cert == nil):
		return nil, cli.Usagef("sign: a key that is not in a file needs --public-key (Ed25519) or --cert (RSA, ECDSA), one of the two")
	}
	var pub crypto.PublicKey
	if cert != nil {
		pub = cert.PublicKey
	} else {
		data, err := inputfile.Read(public, maxPEM)
		if err != nil {
			return nil, err
		}
		if pub, err = elfsign.ParsePublicKey(public, data); err != nil {
			return nil, err
		}
	}
	return elfsign.CommandKey(command, uri, pub)
}

func verifyFlags(fs *flag.FlagSet) func(*cli.Call) error {
	trust := trustFlag(fs)
	var signatures list
	fs.Var(&signatures, "signature", "check the file as it is against the signature in this `file`; may be repeated")
	at := fs.String("time", "", "judge certificates as of this `time`, such as 2026-11-29T00:00:00Z, instead of now")
	return func(c *cli.Call) error {
		file := c.Files[0]
		t, err := trust()
		if err != nil {
			return err
		}
		now := time.Now()
		if *at != "" {
			if now, err = time.Parse(time.RFC3339, *at); err != nil {
				return cli.Usagef("verify: --time: %w", err)
			}
		}
		verify := func(content []byte, s []elfsign.Signature) error {
			verdicts, err := t.Verify(file, content, s, now)
			if err != nil {
				return err
			}
			for _, v := range verdicts {
				known := "not among the trusted ones"
				if v.Trusted {
					known = "trusted"
				}
				fmt.Fprintf(c.Stdout, "%s: %v: %s: good signature, %s\n", file, v.Kind, v.Signer, known)
			}
			return nil
		}
		if len(signatures) == 0 {
			return withProgram(file, func(p *elfsign.Program) error { return verify(p.Content, p.Signatures) })
		}
		content, err := inputfile.Read(file, elfsign.MaxFile)
		if err != nil {
			return err
		}
		s, err := detached(t, signatures, content)
		if err != nil {
			return err
		}
		return verify(content, s)
	}
}

// shown is what show --json writes.
type shown struct {
	File       string           `json:"file"`
	Digest     string           `json:"sha256"` // of the content
	Signatures []shownSignature `json:"signatures"`
}

type shownSignature struct {
	Kind    string `json:"kind"`
	Signer  string `json:"signer"`
	Size    int    `json:"size"` // bytes
	Problem string `json:"problem,omitempty"`
}

func showFlags(fs *flag.FlagSet) func(*cli.Call) error {
	asJSON := fs.Bool("json", false, "write JSON")
	return func(c *cli.Call) error {
		file := c.Files[0]
		return withProgram(file, func(p *elfsign.Program) error {
			out := shown{file, fmt.Sprintf("%x", sha256.Sum256(p.Content)), []shownSignature{}}
			for i, v := range new(elfsign.Trust).Judge(p.Content, p.Signatures, time.Time{}) {
				s := shownSignature{Kind: v.Kind.String(), Signer: v.Signer, Size: len(p.Signatures[i].Data)}
				if v.Err != nil {
					s.Problem = v.Err.Error()
				}
				out.Signatures = append(out.Signatures, s)
			}
			if *asJSON {
				e := json.NewEncoder(c.Stdout)
				e.SetIndent("", "  ")
				return e.Encode(out)
			}
			fmt.Fprintf(c.Stdout, "%s: sha256 %s of what is signed, %d signatures\n", file, out.Digest, len(out.Signatures))
			for _, s := range out.Signatures {
				fmt.Fprintf(c.Stdout, "%s: %s: %d bytes", s.Kind, s.Signer, s.Size)
				if s.Problem != "" {
					fmt.Fprintf(c.Stdout, ": NOT CHECKED or wrong: %s", s.Problem)
				}
				fmt.Fprintln(c.Stdout)
			}
			return nil
		})
	}
}

func stripFlags(fs *flag.FlagSet) func(*cli.Call) error {
	output := fs.String("o", "", "write to this `file`, instead of in place")
	return func(c *cli.Call) error {
		file := c.Files[0]
		return rewrite(file, *output, func(p *elfsign.Program) ([]byte, error) { return p.Original, nil })
	}
}

func digestFlags(fs *flag.FlagSet) func(*cli.Call) error {
	content := fs.String("content", "", "write the content, of which a CMS signature is made, to this `file`")
	output := fs.String("o", "", "write the statement, which an Ed25519 key signs, to this `file` instead of standard output")
	return func(c *cli.Call) error {
		file := c.Files[0]
		return withProgram(file, func(p *elfsign.Program) error {
			var outputs atomicfile.Batch
			defer outputs.Close()
			statement := elfsign.Statement(p.Content)
			if *content != "" {
				if err := outputs.Write(*content, 0o666, p.Content); err != nil {
					return err
				}
			}
			if *output != "" {
				if err := outputs.Write(*output, 0o666, statement); err != nil {
					return err
				}
			} else if _, err := c.Stdout.Write(statement); err != nil {
				return err
			}
			return outputs.Commit()
		})
	}
}

func attachFlags(fs *flag.FlagSet) func(*cli.Call) error {
	trust := trustFlag(fs)
	var signatures list
	fs.Var(&signatures, "signature", "`file` with a signature: 64 bytes (Ed25519), or CMS in DER or PEM; may be repeated")
	output := fs.String("o", "", "write to this `file`, instead of in place")
	return func(c *cli.Call) error {
		file := c.Files[0]
		t, err := trust()
		if err != nil {
			return err
		}
		if len(signatures) == 0 {
			return cli.Usagef("attach: no --signature for %s: sign what elfsign digest writes of it, and name the signature", file)
		}
		return rewrite(file, *output, func(p *elfsign.Program) ([]byte, error) {
			added, err := detached(t, signatures, p.Content)
			if err != nil {
				return nil, err
			}
			for i, s := range added {
				if err := trusted(t, p.Content, s); err != nil {
					return nil, fmt.Errorf("%s: signature for %s: %w", signatures[i], file, err)
				}
				if err := p.Add(s); err != nil {
					return nil, err
				}
			}
			return p.Bytes(), nil
		})
	}
}
