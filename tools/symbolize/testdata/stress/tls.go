package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"time"
)

// must returns v; it ends the program for an error.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// overTLS has a server and a client in this process speak over TCP.
func overTLS() {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"stress.test"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IsCA:         true, BasicConstraintsValid: true,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	roots := x509.NewCertPool()
	roots.AddCert(must(x509.ParseCertificate(der)))

	l := must(tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}))
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	for _, name := range []string{"stress.test", "other.test"} {
		conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: roots, ServerName: name})
		if err != nil {
			fmt.Println("TLS:", err)
			continue
		}
		sent := bytes.Repeat([]byte("echo "), 20000)
		go func() {
			conn.Write(sent)
			conn.CloseWrite()
		}()
		got := must(io.ReadAll(conn))
		state := conn.ConnectionState()
		fmt.Println("TLS:", tls.VersionName(state.Version), len(got), bytes.Equal(got, sent))
		conn.Close()
	}
	if err := l.Close(); err != nil {
		panic(err)
	}
	_, err := net.Dial("tcp", l.Addr().String())
	fmt.Println("closed:", err != nil)
}
