//go:build linux

package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/execguard"
	"github.com/go3s/rules_go3s/internal/inputfile"
)

// Bounds of input files, in bytes.
const (
	maxPEM  = 1 << 20
	maxList = 64 << 20
)

// A list is a flag that may be given several times.
type list []string

func (l *list) String() string { return fmt.Sprint(*l) }

func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}

// policyFlags defines the flags of the policy.
func policyFlags(fs *flag.FlagSet) func() (*execguard.Policy, error) {
	var trust, allow list
	fs.Var(&trust, "trust", "PEM `file` with public keys (Ed25519), certificates of signers or of authorities to trust; may be repeated")
	fs.Var(&allow, "allow", "`file` of SHA-256 digests, as sha256sum writes it, of files that need no signature; may be repeated")
	maxFile := fs.Int64("max-file", execguard.DefaultMaxFile, "refuse files of more `bytes`")
	ignoreExpiry := fs.Bool("ignore-expiry", false, "do not ask whether certificates are valid today, as the kernel does for modules")
	return func() (*execguard.Policy, error) {
		if len(trust)+len(allow) == 0 {
			return nil, cli.Usagef("%s: no --trust and no --allow: nothing could be executed; name the keys of those who may sign", fs.Name())
		}
		if *maxFile <= 0 {
			return nil, cli.Usagef("%s: --max-file %d, want a number of bytes that is greater than 0", fs.Name(), *maxFile)
		}
		p := &execguard.Policy{MaxFile: *maxFile, Now: time.Now}
		if *ignoreExpiry {
			p.Now = nil
		}
		for _, file := range trust {
			data, err := inputfile.Read(file, maxPEM)
			if err != nil {
				return nil, err
			}
			if err := p.Trust.Add(file, data); err != nil {
				return nil, err
			}
		}
		for _, file := range allow {
			data, err := inputfile.Read(file, maxList)
			if err != nil {
				return nil, err
			}
			if err := p.AddAllowed(file, data); err != nil {
				return nil, err
			}
		}
		return p, nil
	}
}

// guardFlags defines the flags of run, which its worker has, too.
func guardFlags(fs *flag.FlagSet) func() (*execguard.Policy, *execguard.Log, execguard.Options, error) {
	policy := policyFlags(fs)
	audit := fs.String("audit", "", "append the audit log to this `file`, instead of standard error")
	var o execguard.Options
	fs.BoolVar(&o.Every, "audit-all", false, "record each execution, not only the first one of each file and how often it was repeated")
	fs.BoolVar(&o.AllowMemfd, "allow-memfd", false, "leave open what memfd_create makes, where it cannot be guarded")
	fs.BoolVar(&o.AllowNamespaces, "allow-user-namespaces", false, "leave new user namespaces open, in which users mount what is not guarded")
	fs.BoolVar(&o.AllowOOMKill, "allow-oom-kill", false, "start without CAP_SYS_RESOURCE: the kernel may end execguard when memory runs out, and then allows everything")
	return func() (*execguard.Policy, *execguard.Log, execguard.Options, error) {
		p, err := policy()
		if err != nil {
			return nil, nil, o, err
		}
		var w io.Writer = os.Stderr
		if *audit != "" {
			if w, err = os.OpenFile(*audit, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err != nil {
				return nil, nil, o, err
			}
		}
		return p, execguard.NewLog(w), o, nil
	}
}

func runFlags(fs *flag.FlagSet) func(*cli.Call) error {
	guard := guardFlags(fs)
	return func(c *cli.Call) error {
		if len(c.Files) > 0 {
			return cli.Usagef("run: %q, want flags alone: it guards all files", c.Files[0])
		}
		_, log, options, err := guard()
		if err != nil {
			return err
		}
		defer log.Close()
		return execguard.Keep(log, options, append([]string{workerCommand}, c.Args...))
	}
}

func workerFlags(fs *flag.FlagSet) func(*cli.Call) error {
	guard := guardFlags(fs)
	return func(*cli.Call) error {
		p, log, options, err := guard()
		if err != nil {
			return err
		}
		defer log.Close()
		return execguard.Work(p, log, options)
	}
}

func checkFlags(fs *flag.FlagSet) func(*cli.Call) error {
	policy := policyFlags(fs)
	return func(c *cli.Call) error {
		if len(c.Files) == 0 {
			return cli.Usagef("check: no files")
		}
		p, err := policy()
		if err != nil {
			return err
		}
		refused := 0
		for _, file := range c.Files {
			f, err := inputfile.Open(file)
			if err != nil {
				return err
			}
			v := p.Judge(f)
			f.Close()
			word := "allow"
			if !v.Allowed {
				word = "deny"
				refused++
			}
			by := ""
			if v.Signer != "" {
				by = " by " + v.Signer
			}
			fmt.Fprintf(c.Stdout, "%s: %s: %s%s\n", file, word, v.Reason, by)
		}
		if refused > 0 {
			return fmt.Errorf("%d of %d files would not be executed", refused, len(c.Files))
		}
		return nil
	}
}
