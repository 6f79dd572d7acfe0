package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/publish"
	"github.com/go3s/rules_go3s/internal/release/verify"
)

// runPublish is "go3s-release publish".
func runPublish(e env, args []string) (int, error) {
	fs := flag.NewFlagSet("publish", flag.ContinueOnError)
	directory := fs.String("directory", "", "copy the release to this `folder`, which does not exist yet")
	registry := fs.String("registry", "", "push the image to `HOST/REPOSITORY[:TAG]`; without a tag it is the version")
	plain := fs.Bool("plain-http", false, "the registry speaks HTTP without TLS")
	rest, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	if len(rest) != 1 {
		return 0, errors.New("want one folder; see go3s-release publish -h")
	}
	if *directory == "" && *registry == "" {
		return 0, errors.New("want --directory, --registry, or both: where the release goes")
	}
	dir, to := rest[0], *directory
	if work := os.Getenv("BUILD_WORKING_DIRECTORY"); to != "" && work != "" && !filepath.IsAbs(to) {
		to = filepath.Join(work, to) // bazel run: relative to where the user is
	}

	// Nothing is written before all of this is known to be well.
	results, err := verify.Dir(os.DirFS(dir), verify.Options{})
	if err != nil {
		return 0, err
	}
	for _, r := range results {
		if r.Err != nil {
			fmt.Fprintf(e.stderr, "go3s-release: %s: not published: %s: %v\n", dir, r.Name, r.Err)
			return refused, nil
		}
	}
	data, err := inputfile.Read(filepath.Join(dir, index.Name), inputfile.Text)
	if err != nil {
		return 0, err
	}
	x, err := index.Parse(data)
	if err != nil {
		return 0, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var target *publish.Registry
	if to != "" {
		if err := publish.CheckFolder(to); err != nil {
			return 0, err
		}
	}
	if *registry != "" {
		if target, err = publish.NewRegistry(*registry, x.Version, *plain); err == nil {
			err = target.Check(ctx)
		}
		if err != nil {
			return 0, err
		}
		name, err := target.Push(ctx, dir, x)
		if err != nil {
			return 0, err
		}
		fmt.Fprintln(e.stdout, name)
	}
	if to != "" {
		if err := publish.Folder(dir, to); err != nil {
			return 0, err
		}
		fmt.Fprintln(e.stdout, to)
	}
	return accepted, nil
}
