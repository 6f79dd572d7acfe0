// Command https_client fetches one URL and prints the answer.
//
//	https_client [-tz ZONE] URL
//	https_client --version
//
// It needs a kernel, a network and /etc/resolv.conf, nothing else: certificate roots come from the
// rule's ca_roots attribute and time zones from its tzdata attribute.
package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"time"
)

func main() {
	// Before flags, the network or a time zone are touched: benchmarks measure process start here.
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("https_client", runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
		return
	}
	zone := flag.String("tz", "UTC", "print the time of the answer in this IANA time `zone`")
	timeout := flag.Duration("timeout", 30*time.Second, "give up after this `duration`")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: https_client [-tz ZONE] [-timeout DURATION] URL")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	http.DefaultClient.Timeout = *timeout
	if err := fetch(flag.Arg(0), *zone); err != nil {
		fmt.Fprintln(os.Stderr, "https_client:", err)
		os.Exit(1)
	}
}

// fetch prints the status, the time and the body of the answer to a GET of url. A status of 400 or
// above is an error too, after it has been printed.
func fetch(url, zone string) error {
	location, err := time.LoadLocation(zone)
	if err != nil {
		return fmt.Errorf("time zone: %w", err)
	}
	answer, err := http.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	date, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return fmt.Errorf("GET %s: Date header: %w", url, err)
	}
	fmt.Println(answer.Status)
	fmt.Println(date.In(location).Format("2006-01-02 15:04:05 MST"))
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		return fmt.Errorf("GET %s: body: %w", url, err)
	}
	if answer.StatusCode >= 400 {
		return fmt.Errorf("GET %s: the server answered %s", url, answer.Status)
	}
	return nil
}
