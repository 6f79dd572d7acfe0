// Command userdb looks up a user and a host through /etc/passwd, /etc/group, /etc/nsswitch.conf
// and /etc/hosts, as libc would, without libc.
//
//	userdb USER HOST
package main

import (
	"fmt"
	"net"
	"os"
	"os/user"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: userdb USER HOST")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "userdb:", err)
		os.Exit(1)
	}
}

func run(name, host string) error {
	current, err := user.Current()
	if err != nil {
		return err
	}
	fmt.Printf("current %s uid=%s gid=%s home=%s\n", current.Username, current.Uid, current.Gid, current.HomeDir)

	found, err := user.Lookup(name)
	if err != nil {
		return err
	}
	gids, err := found.GroupIds()
	if err != nil {
		return err
	}
	var groups []string
	for _, gid := range gids {
		group, err := user.LookupGroupId(gid)
		if err != nil {
			return err
		}
		groups = append(groups, group.Name)
	}
	slices.Sort(groups)
	fmt.Printf("user %s uid=%s home=%s name=%q groups=%s\n", found.Username, found.Uid, found.HomeDir, found.Name, strings.Join(groups, ","))

	addresses, err := net.LookupHost(host)
	if err != nil {
		return err
	}
	slices.Sort(addresses)
	fmt.Printf("host %s %s\n", host, strings.Join(addresses, ","))
	return nil
}
