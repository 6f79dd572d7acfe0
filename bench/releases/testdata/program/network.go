package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
	_ "time/tzdata"
)

func clocks() {
	at := time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC)
	for _, name := range []string{"Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"} {
		zone, err := time.LoadLocation(name)
		check(err)
		fmt.Print(at.In(zone).Format(time.RFC1123Z), "; ")
	}
	fmt.Println(at.Sub(at.AddDate(0, -1, 0)))
}

func overHTTP() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		check(err)
		if r.URL.Path == "/panic" {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, strings.ToUpper(string(body)))
	})}
	go server.Serve(listener)
	url := "http://" + listener.Addr().String()
	for _, path := range []string{"/first", "/second"} {
		response, err := http.Post(url+path, "text/plain", strings.NewReader("body"))
		check(err)
		body, err := io.ReadAll(response.Body)
		check(err)
		response.Body.Close()
		fmt.Printf("%s %s; ", response.Status, body)
	}
	_, err = http.Get(url + "/panic")
	fmt.Println(err != nil, server.Close())
}
