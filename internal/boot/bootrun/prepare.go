package main

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go3s/rules_go3s/internal/boot/efivar"
	"github.com/go3s/rules_go3s/internal/boot/pe"
	"github.com/go3s/rules_go3s/internal/boot/uki"
	"github.com/go3s/rules_go3s/internal/boot/vm"
	"github.com/go3s/rules_go3s/internal/elfsign"
	"github.com/go3s/rules_go3s/internal/inputfile"
)

const maxPEM = 1 << 20 // bytes

// prepare writes the disk and the file of variables into dir. The values are what expectations may name in braces.
func prepare(ctx context.Context, tools *vm.Tools, t *test, dir string) (disk, variables string, values map[string]string, err error) {
	fail := func(err error) (string, string, map[string]string, error) { return "", "", nil, err }
	data, err := inputfile.Read(t.Image, pe.MaxFile)
	if err != nil {
		return fail(err)
	}
	im, err := pe.Parse(data)
	if err != nil {
		return fail(fmt.Errorf("%s: %w", t.Image, err))
	}
	values = map[string]string{"pcr11": fmt.Sprintf("%x", uki.PCR11(im))}
	keys := efivar.Keys{}
	if t.RevokeImage {
		keys.RevokedImage = [][sha256.Size]byte{im.Digest()}
	}
	if keys.Allowed, err = certificates(t.Trust); err != nil {
		return fail(err)
	}
	if keys.Revoked, err = certificates(t.Revoked); err != nil {
		return fail(err)
	}
	if len(keys.Allowed) > 0 {
		keys.PlatformKey, keys.KeyExchange = keys.Allowed[0], keys.Allowed[:1]
	}
	if t.Flip != "" {
		s, ok := im.Section(t.Flip)
		if !ok || len(im.Content(s)) == 0 {
			return fail(fmt.Errorf("%s: no section %q to flip a byte of", t.Image, t.Flip))
		}
		im.Content(s)[len(im.Content(s))/2] ^= 1
	}
	image := filepath.Join(dir, "image.efi")
	if err := os.WriteFile(image, data, 0o600); err != nil {
		return fail(err)
	}
	disk, variables = filepath.Join(dir, "disk"), filepath.Join(dir, "variables")
	if err := tools.Disk(ctx, disk, t.Goarch, image); err != nil {
		return fail(err)
	}
	if err := tools.Variables(variables, t.Goarch, keys); err != nil {
		return fail(err)
	}
	return disk, variables, values, nil
}

// certificates returns the certificates in files of PEM, in DER.
func certificates(files []string) ([][]byte, error) {
	var ders [][]byte
	for _, file := range files {
		data, err := inputfile.Read(file, maxPEM)
		if err != nil {
			return nil, err
		}
		var cert *x509.Certificate
		if cert, err = elfsign.ParseCertificate(file, data); err != nil {
			return nil, err
		}
		ders = append(ders, cert.Raw)
	}
	return ders, nil
}
