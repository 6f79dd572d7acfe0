// Allows main.go a function without body.
