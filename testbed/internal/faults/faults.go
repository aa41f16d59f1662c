// Package faults breaks parts of a running testbed on purpose, and mends them.
// Each fault has a file of its own and a row in Table.
package faults

import (
	"context"
	"fmt"
	"strings"

	"go.etcd.io/etcd/client/v3"

	"seaworthy.test/testbed/internal/controlplane"
	"seaworthy.test/testbed/internal/nodes"
	"seaworthy.test/testbed/internal/proxy"
	"seaworthy.test/testbed/internal/registry"
)

// Table holds every fault, in the order in which they are listed.
var Table = []Fault{
	freezeKubelet,
	stopKubelet,
	killContainerd,
	cutNetwork,
	fillDisk,
	memoryPressure,
	breakCNI,
	powerOff,
	stopScheduler,
	stopControllerManager,
	restartAPIServer,
	stopEtcd,
	breakRegistry,
	slowAPI,
	failAPI,
	cutAPI,
	skewLease,
}

// Fault is one thing that can go wrong.
type Fault struct {
	Name string
	// Undo is the name by which its end can be asked for; empty if it passes by itself.
	Undo string
	// Summary says what happens to the cluster.
	Summary string
	// OnNode tells that it concerns one node, which has to be named.
	OnNode bool
	Params []Param

	apply  func(context.Context, *Target) (string, error)
	revert func(context.Context, *Target) (string, error)
}

// Param is a setting of a fault.
type Param struct {
	Name    string
	Default string
	Help    string
}

// Cluster is what faults work on.
type Cluster struct {
	Plane    *controlplane.ControlPlane
	Nodes    []*nodes.Node
	Registry *registry.Registry
	Proxy    *proxy.Proxy
	// Etcd connects to the cluster's etcd.
	Etcd func() (*clientv3.Client, error)
}

// Target is one application of a fault.
type Target struct {
	*Cluster
	// Node is the node concerned; nil for faults of the whole cluster.
	Node   *nodes.Node
	params map[string]string
}

// param is the value of a setting that the fault declares.
func (t *Target) param(name string) string { return t.params[name] }

// Find returns the fault that name brings about or undoes, and which of the two.
func Find(name string) (fault Fault, undo bool, err error) {
	for _, fault := range Table {
		if fault.Name == name {
			return fault, false, nil
		}
		if fault.Undo != "" && fault.Undo == name {
			return fault, true, nil
		}
	}
	names := make([]string, 0, len(Table))
	for _, fault := range Table {
		names = append(names, fault.Name)
	}
	return Fault{}, false, fmt.Errorf("no fault is called %q: there are %s", name, strings.Join(names, ", "))
}

// Run brings a fault about, or ends it, and says what was done.
func (f Fault) Run(ctx context.Context, cluster *Cluster, node string, undo bool, params map[string]string) (string, error) {
	target := &Target{Cluster: cluster}
	if err := f.choose(target, node); err != nil {
		return "", err
	}
	if err := f.settle(target, params); err != nil {
		return "", err
	}
	if !undo {
		return f.apply(ctx, target)
	}
	if f.revert == nil {
		return "", fmt.Errorf("%s passes by itself: there is nothing to undo", f.Name)
	}
	return f.revert(ctx, target)
}

func (f Fault) choose(target *Target, name string) error {
	if !f.OnNode {
		if name != "" {
			return fmt.Errorf("%s concerns the whole cluster: leave --node out", f.Name)
		}
		return nil
	}
	var names []string
	for _, node := range target.Nodes {
		if node.Name == name {
			target.Node = node
			return nil
		}
		names = append(names, node.Name)
	}
	return fmt.Errorf("%s needs --node with a real node: there are %s", f.Name, strings.Join(names, ", "))
}

func (f Fault) settle(target *Target, given map[string]string) error {
	target.params = map[string]string{}
	for _, param := range f.Params {
		target.params[param.Name] = param.Default
	}
	for name, value := range given {
		if _, known := target.params[name]; !known {
			return fmt.Errorf("%s has no setting %q", f.Name, name)
		}
		target.params[name] = value
	}
	return nil
}
