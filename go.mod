module github.com/go3s/rules_go3s

go 1.26
