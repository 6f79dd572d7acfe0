// Rclone is the program of that name, which copies files to and from online storage, with all its backends and commands.
package main

import (
	_ "github.com/rclone/rclone/backend/all"
	"github.com/rclone/rclone/cmd"
	_ "github.com/rclone/rclone/cmd/all"
)

func main() { cmd.Main() }
