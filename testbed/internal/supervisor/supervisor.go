// Package supervisor runs one testbed from inside its namespaces: it brings up
// the control plane and the nodes, keeps them running and takes orders.
package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"

	"seaworthy.test/testbed/internal/control"
	"seaworthy.test/testbed/internal/controlplane"
	"seaworthy.test/testbed/internal/faults"
	"seaworthy.test/testbed/internal/layout"
	"seaworthy.test/testbed/internal/nodes"
	"seaworthy.test/testbed/internal/process"
	"seaworthy.test/testbed/internal/proxy"
	"seaworthy.test/testbed/internal/registry"
)

// Options are what a testbed is brought up with.
type Options struct {
	RealNodes int `json:"realNodes"`
	FakeNodes int `json:"fakeNodes"`
}

// Supervisor runs one testbed.
type Supervisor struct {
	bed     layout.Testbed
	options Options
	program string
	started time.Time

	plane    *controlplane.ControlPlane
	nodes    []*nodes.Node
	registry *registry.Registry
	proxy    *proxy.Proxy
	client   kubernetes.Interface
	extras   []*process.Process

	// orders lets one order be carried out at a time.
	orders sync.Mutex

	mu     sync.Mutex
	phase  control.Phase
	steps  []string
	failed string
	ready  time.Duration
	active []control.ActiveFault
}

// LoadOptions reads what the testbed was asked to be.
func LoadOptions(bed layout.Testbed) (Options, error) {
	var options Options
	data, err := os.ReadFile(bed.Path("options.json"))
	if err != nil {
		return options, fmt.Errorf("read the testbed's options: %w", err)
	}
	if err := json.Unmarshal(data, &options); err != nil {
		return options, fmt.Errorf("read the testbed's options: %w", err)
	}
	return options, nil
}

// Store writes the options for the supervisor to find.
func (o Options) Store(bed layout.Testbed) error {
	data, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("write the testbed's options: %w", err)
	}
	if err := os.WriteFile(bed.Path("options.json"), data, 0o644); err != nil {
		return fmt.Errorf("write the testbed's options: %w", err)
	}
	return nil
}

// New returns a supervisor for bed; program is the binary that all components
// are part of.
func New(bed layout.Testbed, options Options, program string) *Supervisor {
	return &Supervisor{
		bed: bed, options: options, program: program, started: time.Now(),
		registry: registry.New(), phase: control.Starting,
	}
}

// Run brings the testbed up and takes orders until it is told to end. A testbed
// that could not be brought up stays, so that its logs and state can be seen.
func (s *Supervisor) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- s.serveControl(ctx, cancel) }()
	go s.bringUp(ctx)
	return <-served
}

func (s *Supervisor) bringUp(ctx context.Context) {
	err := s.start(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		slog.Error("the testbed did not come up", "error", err)
		s.phase, s.failed = control.Failed, err.Error()
		return
	}
	s.phase, s.ready = control.Ready, time.Since(s.started)
}

// step reports progress.
func (s *Supervisor) step(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	slog.Info(line)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, fmt.Sprintf("%5.1f s  %s", time.Since(s.started).Seconds(), line))
}

func (s *Supervisor) cluster() *faults.Cluster {
	return &faults.Cluster{Plane: s.plane, Nodes: s.nodes, Registry: s.registry, Proxy: s.proxy, Etcd: connectEtcd}
}

// fault carries out an order and remembers what is broken.
func (s *Supervisor) fault(ctx context.Context, request control.FaultRequest) (string, error) {
	fault, undo, err := faults.Find(request.Name)
	if err != nil {
		return "", err
	}
	if !s.isReady() {
		return "", errors.New("the testbed is not ready yet")
	}
	s.orders.Lock()
	defer s.orders.Unlock()
	undo = undo || request.Undo
	said, err := fault.Run(ctx, s.cluster(), request.Node, undo, request.Params)
	if err != nil {
		return "", err
	}
	s.remember(control.ActiveFault{Name: fault.Name, Node: request.Node, Undo: fault.Undo}, undo)
	s.step("%s", said)
	return said, nil
}

func (s *Supervisor) remember(fault control.ActiveFault, undone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := make([]control.ActiveFault, 0, len(s.active)+1)
	for _, active := range s.active {
		if active != fault {
			kept = append(kept, active)
		}
	}
	if !undone && fault.Undo != "" {
		kept = append(kept, fault)
	}
	s.active = kept
}

func (s *Supervisor) isReady() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phase == control.Ready
}

// Status is a snapshot of the testbed.
func (s *Supervisor) Status() control.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := control.Status{
		Name: s.bed.Name, Phase: s.phase, Problem: s.failed,
		Steps:        append([]string{}, s.steps...),
		ReadySeconds: s.ready.Seconds(),
		Nodes:        []control.Node{},
		FakeNodes:    s.options.FakeNodes,
		Processes:    []process.Status{},
		Faults:       append([]control.ActiveFault{}, s.active...),
		Kubeconfig:   s.bed.Kubeconfig(controlplane.Admin),
		ViaProxy:     s.bed.Kubeconfig(controlplane.ViaProxy),
		AuditLog:     s.bed.AuditLog(),
	}
	for _, node := range s.nodes {
		status.Nodes = append(status.Nodes, control.Node{
			Name: node.Name, IP: node.IP(), Zone: node.Zone(), PID: node.PID(),
		})
	}
	for _, process := range s.processes() {
		status.Processes = append(status.Processes, process.Status())
	}
	return status
}

func (s *Supervisor) processes() []*process.Process {
	var all []*process.Process
	if s.plane != nil {
		all = append(all, s.plane.Processes()...)
	}
	for _, node := range s.nodes {
		all = append(all, node.Processes()...)
	}
	return append(all, s.extras...)
}
