// Package manners tests what the commands have in common: which files they take for inputs and outputs, and what they leave
// (docs/elfstrip.md, "Input and output files"). Its tests run the commands as an ordinary user in folders of their own.
package manners
