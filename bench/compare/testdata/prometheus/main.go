// Prometheus serves the metrics of github.com/prometheus/client_golang.
package main

import (
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func main() { fmt.Println(http.ListenAndServe("127.0.0.1:0", promhttp.Handler())) }
