module example.com/selfwrite

go 1.26
