module example.com/linkers

go 1.26
