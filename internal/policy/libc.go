package policy

// # Traces of a C library
//
// A C library that is linked in leaves traces in five places. None of the rules
// here looks at a bare word such as "glibc" or "ld-linux" in the data: Go programs
// that know about other programs (cmd/link, cmd/go, container tools) hold such
// words, and only they tell the user about them.
//
//   - Symbols. Go's own symbols have a dot or a colon in their name, and the bare
//     names of its assembly are not those below.
//   - Sections that only a C library's objects bring, such as __libc_freeres_fn.
//   - The mark of a C compiler in .comment.
//   - Notes of its start files: NT_GNU_ABI_TAG from glibc's crt1.o, the Android
//     identification from bionic's crtbegin.o.
//   - String literals. C compilers end each literal with NUL and put it after the
//     NUL of another; Go's linker packs strings without NUL. So a literal counts
//     only between two NULs.
//
// musl leaves no such string; there the symbols tell, and for a stripped file the
// rule no-foreign-code, which sees that the code is not Go's.

import (
	"bytes"
	"debug/elf"
	"iter"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// libcNames are functions and objects that only glibc, musl, bionic and the C start
// files have.
var libcNames = words(`
	__libc_start_main __libc_csu_init __libc_init_first __libc_start_call_main __libc_init
	__stack_chk_fail __stack_chk_guard __stack_chk_fail_local __errno_location __errno
	__cxa_atexit __cxa_finalize __gmon_start__ __tls_get_addr __register_frame_info
	__init_libc __init_tls __init_tp __init_ssp __libc __thread_list_lock
	posix_memalign aligned_alloc vfprintf
	pthread_create pthread_join pthread_mutex_lock pthread_mutex_unlock pthread_self pthread_key_create
	getaddrinfo freeaddrinfo getnameinfo gethostbyname getpwnam_r getpwuid_r getgrnam_r getgrgid_r getgrouplist
	dlopen dlsym dlclose dl_iterate_phdr __environ iconv_open
	android_set_abort_message __system_property_get __android_log_print
	_start_c frame_dummy register_tm_clones deregister_tm_clones __do_global_dtors_aux
`)

// commonNames are names of C library functions that somebody may give an assembly
// function as well. They count when they are dynamic or undefined symbols, or when
// there are at least enoughCommon of them.
var commonNames = words(`
	malloc calloc realloc free memalign
	memcpy memmove memset memcmp strlen strcmp strcpy strchr strdup strtol
	printf fprintf snprintf puts fputs fopen fclose fread fwrite fflush stdout stderr stdin
	setenv getenv unsetenv environ abort exit _exit _Exit atexit sigaction setlocale
`)

const enoughCommon = 3

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// libcPrefixes begin names that only a C library or its helpers define.
var libcPrefixes = []string{"__libc_", "_dl_", "_IO_", "__GI_", "__pthread_", "_nl_", "__gconv", "_Unwind_", "x_cgo_"}

// isLibcName reports whether only a C library defines name.
func isLibcName(name string) bool {
	if libcNames[name] {
		return true
	}
	for _, p := range libcPrefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

var noLibcSymbol = Rule{
	ID:       "no-libc-symbol",
	What:     "No symbol of a C library or of the C start files is in the symbol tables.",
	Why:      "A C library brings its own threads, signal handlers, locale and name service, which a Go program without it need not trust, update or license.",
	Evidence: "Names in .symtab, .dynsym and in Go's function table; the last also in stripped files. Names that assembly may have as well, such as memcpy, count when they are imported or when there are three.",
	Remedy:   "Turn cgo off (pure = \"on\"), and find the package that needs C with the analysis error of go_nolibc_binary.",
	Ref:      "System V gABI, chapter 4, Symbol Table",
	Severity: Error,
	Check: func(in *Input) []Finding {
		var out, common collector
		seen := map[string]bool{}
		add := func(symbol, place string, imported bool) {
			name, _, _ := strings.Cut(symbol, "@") // a version such as @GLIBC_2.34
			to := &out
			switch {
			case isLibcName(name):
			case !commonNames[name]:
				return
			case !imported:
				to = &common
			}
			if !to.full() && !seen[symbol] {
				seen[strings.Clone(symbol)] = true
				to.add(clip(symbol), "%s has this symbol of a C library, want none", place)
			}
		}
		for i := range in.File.Sections {
			s := &in.File.Sections[i]
			if t := elf.SectionType(s.Type); t != elf.SHT_SYMTAB && t != elf.SHT_DYNSYM {
				continue
			}
			table, err := in.File.SymbolTable(s)
			for i := 0; err == nil && i < table.Len(); i++ {
				var sym goelf.Symbol
				if sym, err = table.At(i); err == nil {
					add(sym.Str, "section "+s.Str, elf.SectionType(s.Type) == elf.SHT_DYNSYM || elf.SectionIndex(sym.Shndx) == elf.SHN_UNDEF)
				}
			}
			if err != nil {
				out.add(sectionLabel(s.Str, s.Index), "the symbol table cannot be read: %v", in.reason(err))
			}
		}
		if t, err := in.funcs(); err == nil {
			for name := range t.Names() {
				add(name, "Go's function table", false)
			}
		} else if _, notGo := in.buildInfo(); notGo == nil {
			out.add("function table", "it cannot be read, so functions of a C library cannot be ruled out: %v", in.reason(err))
		}
		if len(common) >= enoughCommon || len(out) > 0 {
			out = append(out, common...)
		}
		return out
	},
}

// libcLiterals are C string literals, or their beginnings, that identify a C
// library.
var libcLiterals = []struct{ text, library string }{
	{"GLIBC_TUNABLES", "glibc"},
	{"GLIBC_PRIVATE", "glibc"},
	{"GNU C Library ", "glibc"},
	{"Fatal glibc error: ", "glibc"},
	{"*** stack smashing detected ***", "a C library"},
	{"libc.so.6", "glibc"},
	{"libc.musl-", "musl"},
	{"ANDROID_PROPERTY_WORKSPACE", "bionic"},
	{"/dev/__properties__", "bionic"},
}

var noLibcString = Rule{
	ID:       "no-libc-string",
	What:     "No section, note or string literal of a C library is in the file, and no mark of a C compiler.",
	Why:      "A stripped file has no symbols any more, but what a C library brings along stays.",
	Evidence: "Section names; compilers named in .comment; GNU ABI tag and Android notes; NUL-terminated literals in loaded data outside Go's function table.",
	Remedy:   "Turn cgo off (pure = \"on\"), and find the package that needs C with the analysis error of go_nolibc_binary.",
	Ref:      "Linux Standard Base, NT_GNU_ABI_TAG",
	Severity: Error,
	Check: func(in *Input) []Finding {
		var out collector
		for _, s := range in.File.Sections {
			if strings.HasPrefix(s.Str, "__libc_") || s.Str == ".note.android.ident" {
				out.add("section "+clip(s.Str), "only a C library brings such a section, want none")
			}
		}
		if s := in.File.Section(".comment"); s != nil {
			data, err := in.File.SectionData(s)
			if err != nil {
				out.add("section .comment", "it cannot be read: %v", in.reason(err))
			}
			for _, mark := range []string{"GCC: ", "clang version "} {
				if bytes.Contains(data, []byte(mark)) {
					out.add("section .comment", "it says that %q compiled a part of the program, want Go alone", strings.TrimRight(mark, ": "))
				}
			}
		}
		notes, err := in.File.Notes()
		if err != nil {
			out.add("PT_NOTE", "the notes cannot be read: %v", in.reason(err))
		}
		for _, n := range notes {
			switch {
			case n.Name == "GNU" && n.Type == 1:
				out.add("NT_GNU_ABI_TAG", "the note at offset %#x comes from the start files of a C library, want none", n.Off)
			case n.Name == "Android":
				out.add("Android note", "the note at offset %#x comes from the start files of bionic, want none", n.Off)
			}
		}
		for _, l := range libcLiterals {
			if findLiteral(in, l.text) {
				out.add(l.text, "the data holds this C string literal of %s, want none", l.library)
			}
		}
		return out
	},
}

// findLiteral reports whether a C string literal that begins with text is in the
// loaded data.
func findLiteral(in *Input, text string) bool {
	for data := range dataAreas(in) {
		for {
			i := bytes.Index(data, []byte(text))
			if i < 0 {
				break
			}
			rest := data[i+len(text):]
			// "GNU C Library " and other beginnings may be followed by anything
			// printable up to the NUL.
			end := bytes.IndexByte(rest[:min(len(rest), 256)], 0)
			if i > 0 && data[i-1] == 0 && end >= 0 && printable(rest[:end]) {
				return true
			}
			data = rest
		}
	}
	return false
}

func printable(b []byte) bool {
	for _, c := range b {
		if (c < ' ' || c > '~') && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// functionTable returns the addresses of Go's function table: to where the module data says that it ends, or else its section.
func functionTable(in *Input) (gobin.Range, bool) {
	t, err := in.funcs()
	s := in.File.Section(goabi.PCLnTab)
	if err != nil || s == nil {
		return gobin.Range{}, false
	}
	r := gobin.Range{Start: t.Addr, End: s.Addr + s.Size}
	if l, err := gobin.ReadLinks(in.File, t); err == nil && l.PCLnTabEnd > r.Start {
		r.End = min(r.End, l.PCLnTabEnd)
	}
	return r, true
}

// dataAreas yields the bytes of the file that are loaded and hold neither Go's
// code nor its function table, which rules read by their structure, each with its
// address.
func dataAreas(in *Input) iter.Seq2[[]byte, uint64] {
	return func(yield func([]byte, uint64) bool) {
		var skip []gobin.Range
		if m, err := in.module(); err == nil {
			skip = append(skip, m.Text)
			if r, ok := functionTable(in); ok {
				skip = append(skip, r)
			}
		}
		set := newRangeSet(skip)
		for _, s := range loads(in.File) {
			for _, r := range set.without(s.fileRange()) {
				if !yield(s.data[r.Start-s.Vaddr:r.End-s.Vaddr], r.Start) {
					return
				}
			}
		}
	}
}
