package queue

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// A server that wants certificates gets them from the files that are named, and is believed by its authority alone.
func TestTLS(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	authority := issue(t, folder, "ca", nil)
	issue(t, folder, "stranger", nil)
	at := func(name string) string { return filepath.Join(folder, name+".pem") }
	for _, name := range []string{"server", "client"} {
		issue(t, folder, name, authority)
	}
	config, err := server.GenTLSConfig(&server.TLSConfigOpts{CertFile: at("server"), KeyFile: at("server-key"), CaFile: at("ca"), Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	s := listen(t, server.Options{JetStream: true, StoreDir: t.TempDir(), TLSConfig: config, TLSVerify: true, TLSTimeout: 10})
	url := "tls://" + s.Addr().String()
	q := open(t, Options{URL: url, CA: at("ca"), Cert: at("client"), Key: at("client-key")})
	want(t, q, numbered(1, 2))
	go q.Work(t.Context(), "w", always, square)
	if got := gather(t, q, 1); len(got) != 1 {
		t.Errorf("collected %q", got)
	}
	for name, o := range map[string]Options{
		"no client certificate": {CA: at("ca")},
		"another authority":     {CA: at("stranger"), Cert: at("client"), Key: at("client-key")},
		"a stranger":            {CA: at("ca"), Cert: at("stranger"), Key: at("stranger-key")},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		o.Name, o.Patience, o.URL = "test", patience, url
		if _, err := Open(ctx, o); err == nil || ctx.Err() != nil {
			t.Errorf("%s: error %v", name, err)
		}
		cancel()
	}
}

// signer is who issues certificates.
type signer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// issue writes a certificate and its key, signed by an authority or by itself.
func issue(t *testing.T, folder, name string, by *signer) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IsCA: by == nil, BasicConstraintsValid: true,
	}
	me := &signer{c, key}
	if by == nil {
		by = me
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by.certificate, &key.PublicKey, by.key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name: {Type: "CERTIFICATE", Bytes: der}, name + "-key": {Type: "PRIVATE KEY", Bytes: secret}} {
		path := filepath.Join(folder, file+".pem")
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tls.LoadX509KeyPair(filepath.Join(folder, name+".pem"), filepath.Join(folder, name+"-key.pem")); err != nil {
		t.Fatal(err)
	}
	return me
}
