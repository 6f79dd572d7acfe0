// Command modules uses packages of which Gazelle says that they may have files for cgo.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

func main() {
	fmt.Println(unix.Getuid() >= 0)
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	families, err := registry.Gather()
	fmt.Println(len(families) > 0, err)
	dir, err := os.MkdirTemp(os.Getenv("TEST_TMPDIR"), "bolt")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	db, err := bbolt.Open(filepath.Join(dir, "db"), 0o600, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("b"))
		return err
	}), db.Close())
}
