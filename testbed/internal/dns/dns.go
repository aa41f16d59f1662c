// Package dns answers for the names of Services, as a cluster's DNS does, and
// for nothing else: there is no world outside of the testbed.
package dns

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"

	"seaworthy.test/testbed/internal/layout"
)

const (
	domain = "svc.cluster.local."
	// lifetime of an answer in seconds.
	lifetime = 1
	// mostBytes of a question over UDP.
	mostBytes = 1500
)

// Server answers questions from what it has seen of the cluster.
type Server struct {
	services corelisters.ServiceLister
	slices   discoverylisters.EndpointSliceLister
}

// Start listens on the control plane's address until the context ends.
func Start(ctx context.Context, client kubernetes.Interface) error {
	factory := informers.NewSharedInformerFactory(client, 0)
	server := &Server{
		services: factory.Core().V1().Services().Lister(),
		slices:   factory.Discovery().V1().EndpointSlices().Lister(),
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	address := net.JoinHostPort(layout.ControlPlaneIP, "53")
	connection, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", address)
	if err != nil {
		return fmt.Errorf("open the DNS port: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = connection.Close() })
	go server.serve(connection)
	return nil
}

func (s *Server) serve(connection net.PacketConn) {
	buffer := make([]byte, mostBytes)
	for {
		n, from, err := connection.ReadFrom(buffer)
		if err != nil {
			return // closed
		}
		if answer, err := s.answer(buffer[:n]); err == nil {
			// A lost answer is asked for again.
			_, _ = connection.WriteTo(answer, from)
		}
	}
}

// answer is the reply to one message with one question.
func (s *Server) answer(message []byte) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(message)
	if err != nil {
		return nil, fmt.Errorf("read the question: %w", err)
	}
	question, err := parser.Question()
	if err != nil {
		return nil, fmt.Errorf("read the question: %w", err)
	}
	addresses, known := s.lookUp(question.Name.String())
	header.Response, header.Authoritative, header.RecursionAvailable = true, true, true
	if !known {
		header.RCode = dnsmessage.RCodeNameError
	}
	builder := dnsmessage.NewBuilder(nil, header)
	if err := builder.StartQuestions(); err != nil {
		return nil, err
	}
	if err := builder.Question(question); err != nil {
		return nil, err
	}
	if err := builder.StartAnswers(); err != nil {
		return nil, err
	}
	for _, address := range addresses {
		if question.Type != dnsmessage.TypeA {
			break
		}
		resource := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: lifetime}
		if err := builder.AResource(resource, dnsmessage.AResource{A: address.As4()}); err != nil {
			return nil, err
		}
	}
	return builder.Finish()
}

// lookUp finds the addresses of service.namespace.svc.cluster.local, or of
// pod.service.namespace.svc.cluster.local behind a headless Service.
func (s *Server) lookUp(name string) ([]netip.Addr, bool) {
	prefix, ok := strings.CutSuffix(strings.ToLower(name), "."+domain)
	if !ok {
		return nil, false
	}
	parts := strings.Split(prefix, ".")
	host := ""
	if len(parts) == 3 {
		host, parts = parts[0], parts[1:]
	}
	if len(parts) != 2 {
		return nil, false
	}
	service, err := s.services.Services(parts[1]).Get(parts[0])
	if err != nil {
		return nil, false
	}
	if address, err := netip.ParseAddr(service.Spec.ClusterIP); err == nil && host == "" {
		return []netip.Addr{address}, true
	}
	selector := labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: parts[0]})
	slices, err := s.slices.EndpointSlices(parts[1]).List(selector)
	if err != nil {
		return nil, false
	}
	var found []netip.Addr
	for _, slice := range slices {
		found = append(found, ready(slice, host)...)
	}
	return found, host == "" || len(found) > 0
}

// ready are the addresses of a slice that take calls, of one host if it is named.
func ready(slice *discoveryv1.EndpointSlice, host string) []netip.Addr {
	var found []netip.Addr
	for _, endpoint := range slice.Endpoints {
		if endpoint.Conditions.Ready != nil && !*endpoint.Conditions.Ready {
			continue
		}
		if host != "" && (endpoint.Hostname == nil || *endpoint.Hostname != host) {
			continue
		}
		for _, text := range endpoint.Addresses {
			if address, err := netip.ParseAddr(text); err == nil && address.Is4() {
				found = append(found, address)
			}
		}
	}
	return found
}
