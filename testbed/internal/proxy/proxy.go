// Package proxy stands between clients and the API server and, when told to,
// makes their calls slow, fail or break off, and their clocks differ. Clients
// choose it by their kubeconfig; the cluster's own parts never go through it.
package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"time"

	"seaworthy.test/testbed/internal/layout"
)

// identityHeaders are how a trusted proxy says who its client is. They are
// never taken from a client.
const identityHeaders = "X-Remote-"

// Proxy forwards to the API server.
type Proxy struct {
	rules   rules
	forward *httputil.ReverseProxy
	tls     *tls.Config
}

// New returns a proxy to upstream with the identities in the folder pki.
func New(bed layout.Testbed, upstream string) (*Proxy, error) {
	target, err := url.Parse(upstream)
	if err != nil {
		return nil, fmt.Errorf("understand the API server's URL: %w", err)
	}
	authority, err := os.ReadFile(bed.Path("pki", "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("read the authority: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	serving, err := tls.LoadX509KeyPair(bed.Path("pki", "apiserver.crt"), bed.Path("pki", "apiserver.key"))
	if err != nil {
		return nil, fmt.Errorf("read the serving certificate: %w", err)
	}
	vouching, err := tls.LoadX509KeyPair(bed.Path("pki", "front-proxy.crt"), bed.Path("pki", "front-proxy.key"))
	if err != nil {
		return nil, fmt.Errorf("read the proxy's certificate: %w", err)
	}
	proxy := &Proxy{tls: &tls.Config{
		Certificates: []tls.Certificate{serving},
		ClientCAs:    roots,
		ClientAuth:   tls.VerifyClientCertIfGiven,
		NextProtos:   []string{"h2", "http/1.1"},
		MinVersion:   tls.VersionTLS12,
	}}
	proxy.forward = &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(target)
			identify(request)
		},
		Transport:      newTransport(roots, vouching),
		FlushInterval:  -1, // watches are streams: every event at once
		ModifyResponse: proxy.rules.modifyResponse,
		ErrorHandler:   unreachable,
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	return proxy, nil
}

// Serve listens until the context ends.
func (p *Proxy) Serve(ctx context.Context) error {
	address := fmt.Sprintf("%s:%d", layout.ControlPlaneIP, layout.APIProxyPort)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("open the API proxy: %w", err)
	}
	server := &http.Server{
		Handler: p, TLSConfig: p.tls, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0),
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.ServeTLS(listener, "", "") }()
	return nil
}

// ServeHTTP applies the rules and forwards what they let through.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	ctx, done := p.rules.track(request)
	defer done()
	verdict := p.rules.judge(request)
	if verdict.delay > 0 {
		timer := time.NewTimer(verdict.delay)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			panic(http.ErrAbortHandler)
		case <-timer.C:
		}
	}
	if verdict.cut {
		panic(http.ErrAbortHandler) // breaks the stream off without an answer
	}
	if verdict.status != 0 {
		refuse(w, verdict.status)
		return
	}
	request = request.WithContext(ctx)
	if verdict.skew != 0 {
		var err error
		if request, err = skewRequest(request, verdict.skew); err != nil {
			http.Error(w, err.Error(), http.StatusUnsupportedMediaType)
			return
		}
	}
	p.forward.ServeHTTP(w, request)
	if errors.Is(context.Cause(ctx), errCut) {
		panic(http.ErrAbortHandler)
	}
}

// identify tells the API server which user's certificate the client showed.
func identify(request *httputil.ProxyRequest) {
	for name := range request.Out.Header {
		if strings.HasPrefix(http.CanonicalHeaderKey(name), identityHeaders) {
			request.Out.Header.Del(name)
		}
	}
	state := request.In.TLS
	if state == nil || len(state.PeerCertificates) == 0 {
		return
	}
	subject := state.PeerCertificates[0].Subject
	request.Out.Header.Set("X-Remote-User", subject.CommonName)
	for _, group := range subject.Organization {
		request.Out.Header.Add("X-Remote-Group", group)
	}
}

// transport chooses how to speak to the API server.
type transport struct {
	// vouched goes with the proxy's certificate, plain without any: a client
	// that brings a token must not become the proxy. Upgrades need HTTP/1.
	vouched, vouchedUpgrade, plain, plainUpgrade http.RoundTripper
}

func newTransport(roots *x509.CertPool, vouching tls.Certificate) transport {
	build := func(certificates []tls.Certificate, second bool) http.RoundTripper {
		protocols := &http.Protocols{}
		protocols.SetHTTP1(!second)
		protocols.SetHTTP2(second)
		return &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: certificates, MinVersion: tls.VersionTLS12},
			Protocols:       protocols,
		}
	}
	with, without := []tls.Certificate{vouching}, []tls.Certificate(nil)
	return transport{
		vouched: build(with, true), vouchedUpgrade: build(with, false),
		plain: build(without, true), plainUpgrade: build(without, false),
	}
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	upgrade := request.Header.Get("Upgrade") != ""
	vouched := request.Header.Get("X-Remote-User") != ""
	switch {
	case vouched && upgrade:
		return t.vouchedUpgrade.RoundTrip(request)
	case vouched:
		return t.vouched.RoundTrip(request)
	case upgrade:
		return t.plainUpgrade.RoundTrip(request)
	default:
		return t.plain.RoundTrip(request)
	}
}

// unreachable answers for an API server that does not.
func unreachable(w http.ResponseWriter, request *http.Request, _ error) {
	if request.Context().Err() != nil {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusBadGateway)
}

// refuse answers with an error in the form of Kubernetes.
func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	reason := strings.ReplaceAll(http.StatusText(status), " ", "")
	_, _ = fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",`+
		`"message":"refused by the testbed's fault proxy","reason":%q,"code":%d}`, reason, status)
}
