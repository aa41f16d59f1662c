// Package control is how the command line talks to a running supervisor: HTTP
// with JSON over a Unix socket in the testbed's folder.
package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"seaworthy.test/testbed/internal/process"
)

// Status is the state of a testbed.
type Status struct {
	Name  string `json:"name"`
	Phase Phase  `json:"phase"`
	// Problem says why the phase is Failed.
	Problem string `json:"problem,omitempty"`
	// Steps are the lines of progress so far.
	Steps []string `json:"steps"`
	// ReadySeconds is how long it took to become ready.
	ReadySeconds float64          `json:"readySeconds,omitempty"`
	Nodes        []Node           `json:"nodes"`
	FakeNodes    int              `json:"fakeNodes"`
	Processes    []process.Status `json:"processes"`
	Faults       []ActiveFault    `json:"faults"`
	Kubeconfig   string           `json:"kubeconfig"`
	ViaProxy     string           `json:"kubeconfigViaProxy"`
	AuditLog     string           `json:"auditLog"`
}

// Phase is how far a testbed is.
type Phase string

// The phases of a testbed.
const (
	Starting Phase = "Starting"
	Ready    Phase = "Ready"
	Failed   Phase = "Failed"
)

// Node is a real node.
type Node struct {
	Name string `json:"name"`
	IP   string `json:"ip"`
	Zone string `json:"zone"`
	// PID is the node's first process in the testbed's own counting; zero while it is off.
	PID int `json:"pid"`
}

// ActiveFault is a fault that was brought about and not undone.
type ActiveFault struct {
	Name string `json:"name"`
	Node string `json:"node,omitempty"`
	Undo string `json:"undo"`
}

// FaultRequest asks for a fault, or for its end.
type FaultRequest struct {
	Name   string            `json:"name"`
	Node   string            `json:"node,omitempty"`
	Undo   bool              `json:"undo,omitempty"`
	Params map[string]string `json:"params,omitempty"`
}

// ImageRequest asks for an image of a static binary on every real node.
type ImageRequest struct {
	Reference string `json:"reference"`
	Name      string `json:"name"`
	Binary    string `json:"binary"`
}

// Reply is what an order answers.
type Reply struct {
	Message string `json:"message,omitempty"`
	Error   string `json:"error,omitempty"`
}

// Client gives orders to a supervisor.
type Client struct{ http *http.Client }

// NewClient returns a client for the supervisor that listens on socket.
func NewClient(socket string) *Client {
	return &Client{http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}}
}

// Status asks for the testbed's state.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var status Status
	err := c.do(ctx, http.MethodGet, "/status", nil, &status)
	return status, err
}

// Order posts a request to path and returns the message of the reply.
func (c *Client) Order(ctx context.Context, path string, request any) (string, error) {
	var reply Reply
	if err := c.do(ctx, http.MethodPost, path, request, &reply); err != nil {
		return "", err
	}
	if reply.Error != "" {
		return "", errors.New(reply.Error)
	}
	return reply.Message, nil
}

func (c *Client) do(ctx context.Context, method, path string, body, answer any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://testbed"+path, bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("ask the supervisor: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err = io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read the supervisor's answer: %w", err)
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return fmt.Errorf("understand the supervisor's answer (%s): %w", response.Status, err)
	}
	return nil
}
