package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"

	"github.com/go3s/rules_go3s/internal/release/rebuild"
)

// runRebuild is "go3s-release rebuild".
func runRebuild(e env, args []string) (int, error) {
	fs := flag.NewFlagSet("rebuild", flag.ContinueOnError)
	html := fs.String("diffoscope", "", "if something differs, let diffoscope write what, to this HTML `file`")
	rest, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	if len(rest) != 2 {
		return 0, errors.New("want two folders, the published release and your build of it; see go3s-release rebuild -h")
	}
	rows, err := rebuild.Compare(os.DirFS(rest[0]), os.DirFS(rest[1]))
	if err != nil {
		return 0, err
	}
	different := 0
	for _, row := range rows {
		switch {
		case row.Same():
			fmt.Fprintf(e.stdout, "same     %.16s  %s\n", row.Theirs, row.Path)
			continue
		case row.Theirs == "":
			fmt.Fprintf(e.stdout, "DIFFERS  only in %s  %s\n", rest[1], row.Path)
		case row.Ours == "":
			fmt.Fprintf(e.stdout, "DIFFERS  only in %s  %s\n", rest[0], row.Path)
		default:
			fmt.Fprintf(e.stdout, "DIFFERS  %.16s and %.16s  %s: %s\n", row.Theirs, row.Ours, row.Path, row.Detail)
		}
		different++
	}
	fmt.Fprintf(e.stdout, "%d files, %d differ\n", len(rows), different)
	if different == 0 {
		return accepted, nil
	}
	if *html != "" {
		cmd := exec.Command("diffoscope", "--html", *html, rest[0], rest[1])
		cmd.Stdout, cmd.Stderr = e.stdout, e.stderr
		// Its status is 1 when something differs.
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
			return 0, fmt.Errorf("diffoscope: %w; install it, or leave --diffoscope out", err)
		}
	}
	return refused, nil
}
