package cli

import (
	"fmt"
	"slices"
	"strings"
)

// goFlags reports whether the flags are those of package flag, which have one name and take one dash or two.
func (c *Command) goFlags() bool {
	return !slices.ContainsFunc(c.Flags, func(f Flag) bool { return len(f.Names) > 1 || strings.HasPrefix(f.Names[0], "--") })
}

// quote quotes s for all three shells, which end a string in single quotes at the next one.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// commandNames returns the names of all commands.
func (t *Tool) commandNames() []string {
	var names []string
	for _, c := range t.Commands {
		names = append(names, c.Name)
	}
	return names
}

// bash returns the script for bash. It completes "-flag value" and "-flag=value": bash gives "=" as a word of its own.
func bash(t *Tool) string {
	var b strings.Builder
	function := "_" + strings.ReplaceAll(t.Name, "-", "_")
	fmt.Fprintf(&b, `# Completion of %[1]s by bash. For one user: %[1]s --completion=bash >~/.local/share/bash-completion/completions/%[1]s
%[2]s() {
    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' word dashes='' flags='' values='' files=''
    if [[ $cur == = ]]; then
        cur=''
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    COMPREPLY=()
`, t.Name, function)
	if t.named() {
		fmt.Fprintf(&b, "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n        case $word in %s) command=$word && break ;; esac\n    done\n",
			strings.Join(t.commandNames(), " | "))
	}
	b.WriteString("    case \"$command\" in\n")
	for i := range t.Commands {
		c := &t.Commands[i]
		name := c.Name
		if i == 0 && t.Default {
			name += " | ''"
		} else if name == "" {
			name = "''"
		}
		fmt.Fprintf(&b, "    %s)\n", name)
		if c.goFlags() && len(c.Flags) > 0 {
			b.WriteString("        if [[ $before == --* ]]; then before=${before#-}; fi\n        if [[ $cur == --* ]]; then dashes=-; fi\n")
		}
		var flags, plain []string
		values := map[string][]string{}
		for _, f := range c.Flags {
			flags = append(flags, f.Names...)
			switch {
			case len(f.Values) > 0:
				words := strings.Join(f.Values, " ")
				values[words] = append(values[words], f.Names...)
			case f.Arg != "":
				plain = append(plain, f.Names...)
			}
		}
		fmt.Fprintf(&b, "        flags=%s\n", quote(strings.Join(flags, " ")))
		if len(c.Words) > 0 {
			fmt.Fprintf(&b, "        values=%s\n", quote(strings.Join(c.Words, " ")))
		}
		if len(values)+len(plain) > 0 {
			b.WriteString("        case $before in\n")
			for _, words := range sortedKeys(values) {
				fmt.Fprintf(&b, "        %s) values=%s flags='' ;;\n", strings.Join(values[words], " | "), quote(words))
			}
			if len(plain) > 0 {
				fmt.Fprintf(&b, "        %s) files=1 ;;\n", strings.Join(plain, " | "))
			}
			b.WriteString("        esac\n")
		}
		b.WriteString("        ;;\n")
	}
	b.WriteString("    esac\n")
	b.WriteString("    if [[ $files ]]; then return; fi\n")
	b.WriteString("    if [[ $cur == -* && $flags ]]; then\n        values=$flags\n")
	if t.named() {
		fmt.Fprintf(&b, "    elif [[ ! $command ]] && ((COMP_CWORD == 1)); then\n        values=%s\n", quote(strings.Join(t.commandNames(), " ")))
	}
	fmt.Fprintf(&b, `    fi
    if [[ $values ]]; then
        if [[ $values != "$flags" ]]; then dashes=''; fi
        while read -r word; do COMPREPLY+=("$dashes$word"); done < <(compgen -W "$values" -- "${cur#"$dashes"}")
    fi
}
complete -o default -F %s %s
`, function, t.Name)
	return b.String()
}

// zsh returns the script for zsh.
func zsh(t *Tool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %[1]s\n# Completion of %[1]s by zsh: put it as _%[1]s into a directory of $fpath.\n_%[1]s() {\n", t.Name)
	if t.named() {
		b.WriteString("    if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then\n        local -a commands=(\n")
		for _, c := range t.Commands {
			fmt.Fprintf(&b, "            %s\n", quote(c.Name+":"+strings.ReplaceAll(c.What, ":", `\:`)))
		}
		fmt.Fprintf(&b, "        )\n        _describe -t commands '%s command' commands\n", t.Name)
		if t.Default {
			b.WriteString("        _files\n")
		}
		b.WriteString("        return\n    fi\n")
	}
	b.WriteString("    case $words[2] in\n")
	for i := range t.Commands {
		if c := &t.Commands[i]; c.Name != "" {
			fmt.Fprintf(&b, "    %s)\n        shift words\n        ((CURRENT--))\n", c.Name)
			zshArguments(&b, c)
		}
	}
	if t.Default || !t.named() {
		b.WriteString("    *)\n")
		zshArguments(&b, &t.Commands[0])
	}
	fmt.Fprintf(&b, "    esac\n}\nif [[ $funcstack[1] == _%[1]s ]]; then\n    _%[1]s \"$@\"\nelse\n    compdef _%[1]s %[1]s\nfi\n", t.Name)
	return b.String()
}

// zshArguments writes the specifications for _arguments.
func zshArguments(b *strings.Builder, c *Command) {
	b.WriteString("        _arguments")
	escape := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`)
	for _, f := range c.Flags {
		names := f.Names
		if c.goFlags() {
			names = []string{f.Names[0], "-" + f.Names[0]}
		}
		for _, name := range names {
			spec := "*" + name
			if f.Arg != "" {
				if strings.HasPrefix(name, "--") || c.goFlags() {
					spec += "=" // or the word after it
				} else {
					spec += "+"
				}
			}
			spec += "[" + escape.Replace(f.Help) + "]"
			switch {
			case len(f.Values) > 0:
				spec += ":" + escape.Replace(f.Arg) + ":(" + strings.Join(f.Values, " ") + ")"
			case f.Arg != "":
				spec += ":" + escape.Replace(f.Arg) + ":_files"
			}
			fmt.Fprintf(b, " \\\n            %s", quote(spec))
		}
	}
	rest := "*:file:_files"
	if len(c.Words) > 0 {
		rest = "*:word:(" + strings.Join(c.Words, " ") + ")"
	}
	fmt.Fprintf(b, " \\\n            %s\n        ;;\n", quote(rest))
}

// fish returns the script for fish.
func fish(t *Tool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Completion of %[1]s by fish. For one user: %[1]s --completion=fish >~/.config/fish/completions/%[1]s.fish\n", t.Name)
	names := t.commandNames()
	for i := range t.Commands {
		c := &t.Commands[i]
		begin := "complete -c " + t.Name
		if c.Name != "" {
			keep := " -f"
			if t.Default {
				keep = ""
			}
			fmt.Fprintf(&b, "%s%s -n %s -a %s -d %s\n", begin, keep, quote("__fish_use_subcommand"), c.Name, fishQuote(c.What))
			when := "__fish_seen_subcommand_from " + c.Name
			if t.Default && i == 0 {
				when = "not __fish_seen_subcommand_from " + strings.Join(names[1:], " ")
			}
			begin += " -n " + quote(when)
		}
		if len(c.Words) > 0 {
			fmt.Fprintf(&b, "%s -f -a %s\n", begin, fishQuote(strings.Join(c.Words, " ")))
		}
		for _, f := range c.Flags {
			b.WriteString(begin)
			for _, name := range f.Names {
				long, isLong := strings.CutPrefix(name, "--")
				word := strings.TrimPrefix(name, "-")
				switch {
				case isLong:
					b.WriteString(" -l " + long)
				case c.goFlags() && len(word) > 1:
					b.WriteString(" -o " + word + " -l " + word)
				default:
					b.WriteString(" -s " + word)
				}
			}
			switch {
			case len(f.Values) > 0:
				b.WriteString(" -x -a " + fishQuote(strings.Join(f.Values, " ")))
			case f.Arg != "":
				b.WriteString(" -r")
			}
			fmt.Fprintf(&b, " -d %s\n", fishQuote(f.Help))
		}
	}
	return b.String()
}

// fishQuote quotes s for fish, in which a backslash escapes in single quotes, too.
func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
