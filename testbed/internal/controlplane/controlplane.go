// Package controlplane runs etcd, the API server, the controller manager and
// the scheduler.
package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"time"

	"seaworthy.test/testbed/internal/layout"
	"seaworthy.test/testbed/internal/process"
	"seaworthy.test/testbed/internal/wait"
)

// readyPatience bounds the wait for one component.
const readyPatience = 60 * time.Second

// ControlPlane is the processes of a control plane.
type ControlPlane struct {
	Etcd              *process.Process
	APIServer         *process.Process
	ControllerManager *process.Process
	Scheduler         *process.Process

	client *http.Client
}

// New prepares a control plane; program is the binary that all components are part of.
func New(bed layout.Testbed, program string, ids *Identities) (*ControlPlane, error) {
	if err := WriteConfigs(bed); err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ids.Authority.PEM)
	component := func(name string, arguments []string) *process.Process {
		return process.New(process.Spec{
			Name: name, Path: program, Args: append([]string{name}, arguments...),
			Env: Environment(), Log: bed.Log(name),
		})
	}
	return &ControlPlane{
		Etcd:              component("etcd", etcdArguments(bed)),
		APIServer:         component("kube-apiserver", apiServerArguments(bed)),
		ControllerManager: component("kube-controller-manager", controllerManagerArguments(bed)),
		Scheduler:         component("kube-scheduler", schedulerArguments(bed)),
		client: &http.Client{
			Timeout:   2 * time.Second,
			Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
		},
	}, nil
}

// Environment is what a component sees of ours: no proxies, no credentials.
func Environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=/root", "TMPDIR=/tmp"}
}

// Processes in the order in which they start.
func (c *ControlPlane) Processes() []*process.Process {
	return []*process.Process{c.Etcd, c.APIServer, c.ControllerManager, c.Scheduler}
}

// Start starts everything and returns when the API server is ready.
func (c *ControlPlane) Start(ctx context.Context) error {
	for _, process := range []*process.Process{c.Etcd, c.APIServer} {
		if err := process.Start(); err != nil {
			return err
		}
	}
	if err := c.WaitReady(ctx); err != nil {
		return err
	}
	for _, process := range []*process.Process{c.ControllerManager, c.Scheduler} {
		if err := process.Start(); err != nil {
			return err
		}
	}
	return nil
}

// WaitReady waits until the API server says that it is ready.
func (c *ControlPlane) WaitReady(ctx context.Context) error {
	return wait.Until(ctx, readyPatience, "the API server to be ready", func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, APIServer()+"/readyz", nil)
		if err != nil {
			return err
		}
		response, err := c.client.Do(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("it answers %s", response.Status)
		}
		return nil
	})
}
