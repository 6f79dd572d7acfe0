// Badger opens a database of github.com/dgraph-io/badger/v4.
package main

import (
	"fmt"
	"os"

	"github.com/dgraph-io/badger/v4"
)

func main() {
	db, err := badger.Open(badger.DefaultOptions(os.Args[0] + ".db"))
	if err == nil {
		err = db.Close()
	}
	fmt.Println(err)
}
