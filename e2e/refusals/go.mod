module example.com/refusals

go 1.26.0
