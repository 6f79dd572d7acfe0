// Command airgap runs Bazel on a Debian machine that reaches Debian packages and a Go
// module mirror, but neither Bazel's releases nor the Bazel Central Registry. It is
// started by ../bazelw; README.md in this directory explains the parts.
//
// Usage:
//
//	airgap -home DIR -recipe ID -source DIR bazel [arguments]
//	airgap -home DIR -recipe ID -source DIR provision
//	airgap -home DIR -recipe ID -source DIR packages [-assume NAME,...] NAME...
//
// The first two provision Bazel and the modules of modules.go into DIR/airgap-ID unless that
// exists. "bazel" then writes an rc file for the workspace around the current directory and
// replaces this program by Bazel; "provision" prints the provisioned directory. "packages" does
// with other programs of Debian what "provision" does with Bazel, in DIR/packages-ID: see packages.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	home := flag.String("home", "", "cache `directory` of rules_go3s (created)")
	recipe := flag.String("recipe", "", "`version` of the provisioning recipe: part of the directory name")
	source := flag.String("source", "", "`directory` of this program's sources, where stubs/ lies")
	flag.Parse()
	// A signal ends ctx, so that every deferred clean-up runs before the exit.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, *home, *recipe, *source, flag.Args())
	if ctx.Err() != nil {
		err = errors.New("interrupted; nothing half-made was left behind, run the command again to start over")
	}
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bazelw: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, home, recipe, source string, args []string) error {
	if home == "" || recipe == "" || source == "" || len(args) == 0 {
		return errors.New("wanted -home, -recipe, -source and a command; start ./bazelw instead of this program")
	}
	if args[0] == "packages" {
		return providePackages(ctx, home, "packages-"+recipe, args[1:])
	}
	in, err := newInstall(home, "airgap-"+recipe, source)
	if err != nil {
		return err
	}
	switch args[0] {
	case "provision":
		if err := in.ensure(ctx, in.provision); err != nil {
			return err
		}
		fmt.Println(in.dir)
		return nil
	case "bazel":
		if err := in.ensure(ctx, in.provision); err != nil {
			return err
		}
		return in.startBazel(ctx, args[1:])
	}
	return fmt.Errorf("unknown command %q; start ./bazelw instead of this program", args[0])
}
