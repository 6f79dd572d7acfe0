module example.com/dropin

go 1.26.0

require (
	github.com/ebitengine/purego v0.11.3
	github.com/prometheus/client_golang v1.25.0
	github.com/spf13/cobra v1.8.1
	github.com/spf13/pflag v1.0.6
	go.etcd.io/bbolt v1.4.3
	golang.org/x/sys v0.48.0
)

require github.com/inconshreveable/mousetrap v1.1.0 // indirect

require (
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/prometheus/client_model v0.6.3 // indirect
	github.com/prometheus/common v0.72.0 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

// Gazelle tells no such line of build information: ../buildinfo.sh
replace github.com/spf13/pflag => github.com/spf13/pflag v1.0.6
