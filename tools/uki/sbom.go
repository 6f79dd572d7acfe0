package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/boot/initramfs"
	"github.com/go3s/rules_go3s/internal/boot/pe"
	"github.com/go3s/rules_go3s/internal/boot/uki"
	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/cpio"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/licences"
	"github.com/go3s/rules_go3s/internal/release/sbom"
)

// zeroDate is the date of a bill for which none is given: the bytes follow from the image alone.
const zeroDate = "1970-01-01T00:00:00Z"

// programs returns the ELF files of an image or an initramfs, and the kernel of the image, as a release without a name, and the build
// information of each, nil for one that is not Go.
func programs(path string) (*index.Index, []*debug.BuildInfo, error) {
	data, err := inputfile.Read(path, pe.MaxFile)
	if err != nil {
		return nil, nil, err
	}
	x, infos := &index.Index{}, []*debug.BuildInfo{}
	archive := data
	if !bytes.HasPrefix(data, []byte(cpio.Magic)) {
		im, err := pe.Parse(data)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: it is neither an initramfs nor an image: %w", path, err)
		}
		parts, err := uki.Parts(im)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		archive = parts.Initramfs
		goarch := pe.Machines[im.Machine]
		x.Programs = append(x.Programs, index.Program{Name: "linux", Platform: "linux_" + goarch, SHA256: index.Sum(parts.Kernel)})
		infos = append(infos, nil)
	}
	files, err := initramfs.Files(archive)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, file := range files {
		if !bytes.HasPrefix(file.Data, []byte("\x7fELF")) {
			continue
		}
		f, err := elf.Parse(path+": "+file.Path, file.Data)
		if err != nil {
			return nil, nil, err
		}
		info, err := gobin.ReadBuildInfo(f)
		if err != nil && !errors.Is(err, gobin.ErrNotGo) {
			return nil, nil, err
		}
		x.Programs = append(x.Programs, index.Program{
			Name:     strings.TrimPrefix(file.Path, "/"),
			Platform: "linux_" + f.GOARCH(),
			SHA256:   index.Sum(file.Data),
		})
		infos = append(infos, info)
	}
	return x, infos, nil
}

func sbomFlags(fs *flag.FlagSet) func(*cli.Call) error {
	name := fs.String("name", "", "what the bill calls the whole, a `text`; required")
	version := fs.String("version", "", "version of the whole, a `text`; empty for none")
	date := fs.String("date", zeroDate, "`date` of the bill, RFC 3339")
	spdx := fs.String("spdx", "", "write SPDX 2.3 to this `file`")
	cyclonedx := fs.String("cyclonedx", "", "write CycloneDX 1.6 to this `file`")
	var texts list
	fs.Var(&texts, "licenses", "`file` with licence texts of modules, as @go_licenses//:licenses.json is; may be repeated")
	return func(c *cli.Call) error {
		path := c.Files[0]
		if *name == "" || *spdx+*cyclonedx == "" {
			return cli.Usagef("sbom: want --name, and --spdx, --cyclonedx or both")
		}
		if _, err := time.Parse(time.RFC3339, *date); err != nil {
			return cli.Usagef("sbom: --date: %w", err)
		}
		x, infos, err := programs(path)
		if err != nil {
			return err
		}
		x.Name, x.Version, x.Date = *name, *version, *date
		var from licences.Sources
		from.Texts = &licences.Texts{}
		for _, file := range texts {
			data, err := inputfile.Read(file, inputfile.Data)
			if err != nil {
				return err
			}
			more, err := licences.ParseTexts(data)
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			from.Texts.Modules = append(from.Texts.Modules, more.Modules...)
		}
		table, err := licences.Table(infos, from)
		if err != nil {
			return err
		}
		bill := sbom.New(x, infos, table.Licence)
		var batch atomicfile.Batch
		defer batch.Close()
		for _, out := range []struct {
			path string
			text func() ([]byte, error)
		}{{*spdx, bill.SPDX}, {*cyclonedx, bill.CycloneDX}} {
			if out.path == "" {
				continue
			}
			text, err := out.text()
			if err != nil {
				return err
			}
			if err := batch.Write(out.path, 0o666, text); err != nil {
				return err
			}
		}
		return batch.Commit()
	}
}
