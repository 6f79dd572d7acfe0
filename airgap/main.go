// Command airgap runs Bazel on a Debian machine that reaches Debian packages and a Go
// module mirror, but neither Bazel's releases nor the Bazel Central Registry. It is
// started by ../bazelw; README.md in this directory explains the parts.
//
// Usage:
//
//	airgap -home DIR -recipe ID -source DIR [-- bazel arguments]
//
// The first start provisions Bazel and the modules of modules.go into
// DIR/airgap-ID; every start then writes an rc file for the workspace around the
// current directory and replaces itself by Bazel. Without "--" it only provisions
// and prints the provisioned directory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	home := flag.String("home", "", "cache `directory` of rules_go3s (created)")
	recipe := flag.String("recipe", "", "`version` of the provisioning recipe: part of the directory name")
	source := flag.String("source", "", "`directory` of this program's sources, where stubs/ lies")
	flag.Parse()
	// Interrupts cancel ctx, so that every deferred clean-up runs before exit.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := run(ctx, *home, *recipe, *source, flag.Args())
	if ctx.Err() != nil {
		err = errors.New("interrupted; nothing was left behind, run the command again to start over")
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "bazelw: %v\n", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, home, recipe, source string, args []string) error {
	if home == "" || recipe == "" || source == "" {
		return errors.New("-home, -recipe and -source are required; start ./bazelw instead of this program")
	}
	home, err := filepath.Abs(home)
	if err != nil {
		return err
	}
	in := newInstall(home, recipe, source)
	if err := in.ensure(ctx); err != nil {
		return err
	}
	if len(args) == 0 && flag.NArg() == 0 && !hasDashDash(os.Args) {
		fmt.Println(in.dir)
		return nil
	}
	rc, err := in.writeRC(ctx)
	if err != nil {
		return err
	}
	bazel := in.path("usr/bin/bazel")
	argv := append([]string{"bazel", "--nosystem_rc", "--bazelrc=" + rc}, args...)
	if err := syscall.Exec(bazel, argv, os.Environ()); err != nil {
		return fmt.Errorf("start %s: %w; remove %s and run again to provision anew", bazel, err, in.dir)
	}
	return nil
}

// hasDashDash tells "airgap … --" (run Bazel without arguments) from "airgap …"
// (provision only), which flag.Args cannot.
func hasDashDash(argv []string) bool {
	for _, a := range argv {
		if a == "--" {
			return true
		}
	}
	return false
}
