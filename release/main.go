// Release makes the source archive of a release and the registry's record of it. Run it in a checkout of the repository:
//
//	go run ./release -o DIR [-tag TAG]
//	go run ./release -list
//	go run ./release -cut VERSION
//
// The second prints the paths of the files that the archive has. The third cuts a version: it writes VERSION wherever the old one
// is and the date into //release, gives it a section of CHANGELOG.md, commits and tags.
//
// DIR gets rules_go3s-vVERSION.tar.gz, VERSION being that of MODULE.bazel, and source.json. The archive has the same bytes
// wherever it is made of the same files by the same release of Go: times, owners and the umask play no part. Its SHA-256 is printed.
// With -tag the release is for publication: the tag must be vVERSION, CHANGELOG.md must have a section for VERSION, and every file
// must be as it was committed.
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	out := flag.String("o", "", "folder to write the archive and source.json to; it is made if there is none")
	tag := flag.String("tag", "", "the tag of the commit, for a release that will be published")
	version := flag.String("cut", "", "cut this version, such as 0.2.0: write it into the files, commit and tag; nothing is pushed")
	list := flag.Bool("list", false, "print the files of the archive")
	flag.Parse()
	if *version != "" && *out == "" && *tag == "" && flag.NArg() == 0 {
		if err := cut(".", *version, time.Now().UTC()); err != nil {
			fmt.Fprintln(os.Stderr, "release:", err)
			os.Exit(1)
		}
		return
	}
	if *list && *out == "" && *tag == "" && flag.NArg() == 0 {
		files, err := contents(".")
		if err != nil {
			fmt.Fprintln(os.Stderr, "release:", err)
			os.Exit(1)
		}
		for _, f := range files {
			fmt.Println(f.path)
		}
		return
	}
	if *out == "" || *list || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*out, *tag); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(out, tag string) error {
	version, err := moduleVersion(".")
	if err != nil {
		return err
	}
	if tag != "" {
		if err := publishable(".", version, tag); err != nil {
			return err
		}
	}
	files, err := contents(".")
	if err != nil {
		return err
	}
	data, err := archive(".", "rules_go3s-"+version, files)
	if err != nil {
		return err
	}
	record, err := sourceJSON(".", version, data)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	name := filepath.Join(out, "rules_go3s-v"+version+".tar.gz")
	if err := os.WriteFile(name, data, 0o666); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "source.json"), record, 0o666); err != nil {
		return err
	}
	fmt.Printf("%x  %s\n", sha256.Sum256(data), name)
	return nil
}

// sourceJSON fills .bcr/source.template.json in, as the registry's publishing workflow does.
func sourceJSON(root, version string, archive []byte) ([]byte, error) {
	name := filepath.Join(root, ".bcr", "source.template.json")
	template, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	names := strings.NewReplacer("{OWNER}", "go3s", "{REPO}", "rules_go3s", "{TAG}", "v"+version, "{VERSION}", version)
	var record struct {
		Integrity   string `json:"integrity"`
		StripPrefix string `json:"strip_prefix"`
		URL         string `json:"url"`
	}
	if err := json.Unmarshal([]byte(names.Replace(string(template))), &record); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	sum := sha256.Sum256(archive)
	record.Integrity = "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	filled, err := json.MarshalIndent(record, "", "  ")
	return append(filled, '\n'), err
}
