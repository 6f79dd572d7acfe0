// Command runfiles prints what it was started with: its arguments, one environment variable and
// the text of a data file, the three things that the args, env and data attributes provide.
//
// The file's name is relative to the working directory, which `bazel run` and `bazel test` set to
// the runfiles of the main repository, as $(rootpath …) expects.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	data := flag.String("data", "", "the `file` to print, relative to the working directory")
	env := flag.String("env", "GREETING", "the `name` of the environment variable to print")
	flag.Parse()
	if err := run(*data, *env, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "runfiles:", err)
		os.Exit(1)
	}
}

func run(data, env string, args []string) error {
	value, ok := os.LookupEnv(env)
	if !ok {
		return fmt.Errorf("environment variable %s is not set: the env attribute sets it", env)
	}
	text, err := os.ReadFile(data)
	if err != nil {
		return fmt.Errorf("cannot read the file of the data attribute: %w", err)
	}
	for i, arg := range args {
		fmt.Printf("args[%d]=%q\n", i, arg)
	}
	fmt.Printf("env %s=%q\n", env, value)
	fmt.Printf("data %s=%q\n", data, text)
	return nil
}
