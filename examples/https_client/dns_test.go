//go:build linux

package main

import (
	"errors"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// dnsServer is a name server for the zone go3s.test on port 53 of 127.0.0.1, by UDP and TCP. Every
// name in hosts has the one address 127.0.0.1; all others do not exist.
type dnsServer struct {
	hosts    []string // without the final dot
	onlyTCP  string   // the name in hosts whose answer does not fit into UDP: that one is marked as truncated
	mu       sync.Mutex
	received []string // "udp A www.go3s.test." and so on
}

func (s *dnsServer) start(t *testing.T) {
	t.Helper()
	const address = "127.0.0.1:53"
	packets, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	connections, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range []*dns.Server{{PacketConn: packets, Handler: s}, {Listener: connections, Handler: s}} {
		ready := make(chan struct{})
		server.NotifyStartedFunc = func() { close(ready) }
		go func() {
			if err := server.ActivateAndServe(); err != nil && !errors.Is(err, net.ErrClosed) {
				t.Errorf("DNS server: %v", err)
			}
		}()
		<-ready
		t.Cleanup(func() {
			if err := server.Shutdown(); err != nil {
				t.Errorf("DNS server: %v", err)
			}
		})
	}
}

// ServeDNS answers one query.
func (s *dnsServer) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	question := query.Question[0]
	network := w.LocalAddr().Network()
	s.mu.Lock()
	s.received = append(s.received, network+" "+dns.TypeToString[question.Qtype]+" "+question.Name)
	s.mu.Unlock()

	answer := new(dns.Msg).SetReply(query)
	answer.Authoritative = true
	is := func(host string) bool { return dns.Fqdn(host) == question.Name }
	switch {
	case !slices.ContainsFunc(s.hosts, is):
		answer.Rcode = dns.RcodeNameError
	case network == "udp" && is(s.onlyTCP):
		answer.Truncated = true
	case question.Qtype == dns.TypeA:
		answer.Answer = []dns.RR{&dns.A{
			Hdr: dns.RR_Header{Name: question.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1},
			A:   net.IPv4(127, 0, 0, 1),
		}}
	}
	// A client that has gone away is no error of the server.
	_ = w.WriteMsg(answer)
}

// take returns the queries received since the last call.
func (s *dnsServer) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	received := s.received
	s.received = nil
	return received
}
