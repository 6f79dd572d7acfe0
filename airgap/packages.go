package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// leftOutTrees are the parts of packages that no program reads to work.
var leftOutTrees = []string{"usr/share/doc", "usr/share/info", "usr/share/lintian", "usr/share/locale", "usr/share/man"}

// isProgramFile reports whether file of a package is not in leftOutTrees.
func isProgramFile(file string) bool {
	return !slices.ContainsFunc(leftOutTrees, func(tree string) bool {
		return file == tree || strings.HasPrefix(file, tree+"/")
	})
}

// providePackages unpacks the Debian packages in args, and what they depend on, in the directory called name in home, unless that
// exists, and prints its path. Its programs work in that place alone. Maintainer scripts are not run, and nothing
// is installed on the system. With -assume, packages that the machine has itself, or that are not needed to run the programs.
func providePackages(ctx context.Context, home, name string, args []string) error {
	flags := flag.NewFlagSet("packages", flag.ContinueOnError)
	assume := flags.String("assume", "", "`names` of packages to leave out, together with what only they need, separated by commas")
	if err := flags.Parse(args); err != nil {
		return err
	}
	assumed := strings.FieldsFunc(*assume, func(r rune) bool { return r == ',' })
	if flags.NArg() == 0 {
		return errors.New("packages: wanted names of Debian packages")
	}
	in, err := newInstall(home, name, "")
	if err != nil {
		return err
	}
	err = in.ensure(ctx, func(ctx context.Context) error {
		packages := append(flags.Args(), "patchelf")
		if err := in.unpackPackages(ctx, packages, assumed, isProgramFile); err != nil {
			return err
		}
		progress("[4/4] relocating to %s", in.dir)
		return in.patchExecutables(ctx, programDirs(in.work)...)
	})
	if err == nil {
		fmt.Println(in.dir)
	}
	return err
}

// programDirs returns the directories of programs below root, as paths in it.
func programDirs(root string) []string {
	var dirs []string
	for _, pattern := range []string{"usr/bin", "usr/sbin", "usr/libexec", "usr/lib/*/*/bin", "usr/lib/*/*/*/bin"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			panic(err) // the pattern is malformed
		}
		for _, dir := range found {
			dirs = append(dirs, strings.TrimPrefix(dir, root+"/"))
		}
	}
	return dirs
}
