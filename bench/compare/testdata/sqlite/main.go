// Sqlite opens a database by modernc.org/sqlite, C code that was translated for each architecture.
package main

import (
	"database/sql"
	"fmt"

	_ "modernc.org/sqlite"
)

func main() {
	db, err := sql.Open("sqlite", ":memory:")
	if err == nil {
		_, err = db.Exec("create table t (x)")
	}
	fmt.Println(err)
}
