package main

import (
	"slices"

	"github.com/go3s/rules_go3s/internal/machine"
)

// one is the steps of a recipe that is one command with the output file as last argument.
func one(args ...string) func(out string) []command {
	return func(out string) []command { return []command{append(slices.Clone(args), out)} }
}

// inPlace copies another specimen and lets a tool rewrite the copy.
func inPlace(from string, args ...string) func(out string) []command {
	return func(out string) []command {
		return []command{{"cp", "$" + from, out}, append(slices.Clone(args), out)}
	}
}

// goBuild builds a package by the go command alone.
func goBuild(name, profile, goarch, pkg string, env []string, flags ...string) recipe {
	var args []string
	if pkg == "./seed" {
		args = []string{"--version"}
	}
	return recipe{name, profile, goarch, true, args, func(out string) []command {
		cmd := append(command{"GOARCH=" + goarch}, env...)
		cmd = append(append(cmd, "go", "build", "-trimpath", "-o", out), flags...)
		return []command{append(cmd, pkg)}
	}}
}

var cgo = []string{"CGO_ENABLED=1"}

// plainGo is what people get without rules_go3s.
func plainGo() collection {
	c := collection{group: "go build"}
	for _, goarch := range machine.GOARCHs() {
		c.recipes = append(c.recipes,
			goBuild("go/hello-"+goarch, "static", goarch, "./hello", nil),
			goBuild("go/seed-"+goarch, "static", goarch, "./seed", nil),
			goBuild("go/seed-sw-"+goarch, "static", goarch, "./seed", nil, "-ldflags=-s -w"),
		)
	}
	for _, goarch := range []string{"amd64", "arm64"} {
		// Foreign ones are not started: the first needs its loader, and qemu happens to put the second at
		// the address for which it was linked.
		pie, broken := goBuild("go/hello-pie-"+goarch, "static-pie", goarch, "./hello", nil, "-buildmode=pie"),
			goBuild("go/hello-pie-d-"+goarch, "static-pie", goarch, "./hello", nil, "-buildmode=pie", "-ldflags=-d")
		if goarch != "amd64" {
			pie.start, broken.start = false, false
		}
		c.recipes = append(c.recipes, pie, broken)
	}
	c.recipes = append(c.recipes,
		goBuild("go/hello-pathful", "static", "amd64", "./hello", nil, "-trimpath=false"),
		recipe{"go/object", "nolibc", "amd64", true, nil, func(out string) []command {
			return []command{
				{"gcc", "-O1", "-c", "-o", "object/library_amd64.syso", "library.c"},
				{"GOARCH=amd64", "go", "build", "-trimpath", "-o", out, "./object"},
			}
		}},
		goBuild("go/seed-cgo", "static", "amd64", "./seed", cgo),
		goBuild("go/seed-cgo-sw", "static", "amd64", "./seed", cgo, "-ldflags=-s -w"),
		goBuild("go/seed-cgo-pie", "static-pie", "amd64", "./seed", cgo, "-buildmode=pie"),
		goBuild("go/seed-cgo-static", "nolibc", "amd64", "./seed", cgo, "-ldflags=-linkmode=external -extldflags=-static"),
		goBuild("go/seed-cgo-static-sw", "nolibc", "amd64", "./seed", cgo, "-ldflags=-s -w -linkmode=external -extldflags=-static"),
		goBuild("go/seed-cgo-static-pie", "nolibc-pie", "amd64", "./seed", cgo, "-buildmode=pie", "-ldflags=-linkmode=external -extldflags=-static-pie"),
	)
	return c
}

// strippers are the programs that strip, as commands without the file.
var strippers = []struct {
	name string
	args []string
}{
	{"gnu", []string{"strip", "-s"}},
	{"llvm", []string{"llvm-strip", "-s"}},
	{"elfutils", []string{"eu-strip"}},
	{"elfkickers", []string{"sstrip"}},
	{"objcopy-no-buildinfo", []string{"objcopy", "-R", ".go.buildinfo"}},
	{"objcopy-no-pclntab", []string{"objcopy", "-R", ".gopclntab"}},
	{"llvm-no-sections", []string{"llvm-objcopy", "--strip-sections"}},
}

// stripped is what strip programs make of Go programs: of cmd/link's, and of golink's and a signed one when
// the examples are there.
func (k *keeper) stripped() collection {
	c := collection{group: "stripped by others"}
	for _, from := range []struct{ name, specimen, profile string }{
		{"go", "go/hello-amd64", "static"},
		{"golink", "linked/hello_static_linux_amd64", "static"},
		{"golink-pie", "linked/hello_pie_linux_amd64", "static-pie"},
		{"golink-pie-riscv64", "linked/hello_pie_linux_riscv64", "static-pie"},
		{"signed", "signed/signed_linux_amd64", "static"},
	} {
		s := k.find(from.specimen)
		if s == nil {
			continue
		}
		for _, tool := range strippers {
			if s.GOARCH == "riscv64" && tool.args[0] != "llvm-strip" && tool.args[0] != "eu-strip" && tool.args[0] != "sstrip" {
				continue // they know this machine only
			}
			c.recipes = append(c.recipes, recipe{"stripped/" + from.name + "-" + tool.name, from.profile, s.GOARCH, true, nil,
				inPlace(from.specimen, tool.args...)})
		}
	}
	return c
}

// packed is what UPX makes of Go programs.
func (k *keeper) packed() collection {
	c := collection{group: "packed by UPX"}
	for _, from := range []struct{ name, specimen, profile string }{
		{"go", "go/hello-amd64", "static"},
		{"golink", "linked/hello_static_linux_amd64", "static"},
		{"golink-pie", "linked/hello_pie_linux_amd64", "static-pie"},
	} {
		if k.find(from.specimen) == nil {
			continue
		}
		for _, method := range []struct{ name, flag string }{{"nrv", "--best"}, {"lzma", "--lzma"}} {
			c.recipes = append(c.recipes, recipe{"upx/" + from.name + "-" + method.name, from.profile, "amd64", true, nil, inPlace(from.specimen, "upx", "-qq", method.flag)})
		}
	}
	return c
}

// foreign is what other compilers and C libraries make.
func foreign() collection {
	c := collection{group: "C and Rust"}
	cc := func(name, profile, compiler string, flags ...string) {
		c.recipes = append(c.recipes, recipe{"c/" + name, profile, "amd64", true, nil, func(out string) []command {
			cmd := append(command{compiler, "-O1", "-o", out}, flags...)
			if !slices.Contains(flags, "hello.c") {
				cmd = append(cmd, "hello.c")
			}
			return []command{cmd}
		}})
	}
	cc("glibc", "static", "gcc", "-no-pie")
	cc("glibc-pie", "static-pie", "gcc", "-pie", "-fPIE")
	cc("glibc-static", "static", "gcc", "-static")
	cc("glibc-static-stripped", "static-asm", "gcc", "-static", "-s")
	cc("glibc-static-pie", "static-pie", "gcc", "-static-pie", "-fPIE")
	cc("glibc-static-pie-now", "static-pie", "gcc", "-static-pie", "-fPIE", "-Wl,-z,now", "-s")
	cc("glibc-norelro", "static-pie", "gcc", "-static-pie", "-fPIE", "-Wl,-z,norelro")
	cc("glibc-execstack", "static", "gcc", "-static", "-Wl,-z,execstack")
	cc("glibc-rpath", "static-pie", "gcc", "-pie", "-fPIE", "-Wl,-rpath,/opt/lib")
	cc("musl", "static", "musl-gcc")
	cc("musl-static", "static", "musl-gcc", "-static")
	cc("musl-static-stripped", "static-asm", "musl-gcc", "-static", "-s")
	cc("musl-static-rwx", "static", "musl-gcc", "-static", "-Wl,--omagic")
	// musl-gcc knows no static PIE: it would ask for the loader.
	const musl = "/usr/lib/x86_64-linux-musl/"
	muslPIE := []string{"-nostdinc", "-isystem", "/usr/include/x86_64-linux-musl", "-fPIE", "-nostdlib", "-static-pie",
		musl + "rcrt1.o", musl + "crti.o", "hello.c", musl + "libc.a", musl + "crtn.o"}
	cc("musl-static-pie", "static-pie", "gcc", muslPIE...)
	cc("musl-static-pie-stripped", "static-pie", "gcc", append(muslPIE, "-s")...)
	rust := func(name, profile string, flags ...string) {
		c.recipes = append(c.recipes, recipe{"rust/" + name, profile, "amd64", true, nil, func(out string) []command {
			return []command{append(append(command{"rustc", "-O", "-o", out}, flags...), "hello.rs")}
		}})
	}
	rust("dynamic", "static-pie")
	rust("static-pie", "static-pie", "-C", "target-feature=+crt-static")
	rust("static-pie-stripped", "static-pie", "-C", "target-feature=+crt-static", "-C", "strip=symbols")
	rust("static", "static", "-C", "target-feature=+crt-static", "-C", "relocation-model=static")
	return c
}

// A tier is a way in which elfstrip rewrites a linked program.
type tier struct {
	name    string
	profile string // of the result; "" is that of the linked program
	flags   []string
}

var tiers = []tier{
	{"all", "", []string{"--strip-all"}},
	{"debug", "", []string{"--strip-debug"}},
	{"unneeded", "", []string{"--strip-unneeded"}},
	{"functions", "", []string{"--strip-all", "--traceback=functions"}},
	{"external", "", []string{"--strip-all", "--traceback=external"}},
	{"packed", "packed", []string{"--strip-all", "--pack=lz4"}},
	{"external-packed", "packed", []string{"--strip-all", "--traceback=external", "--pack=lz4"}},
}
