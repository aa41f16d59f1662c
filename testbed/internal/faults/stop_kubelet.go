package faults

import "context"

// stopKubelet ends a kubelet; started again, it takes over its containers.
var stopKubelet = Fault{
	Name:    "stop-kubelet",
	Undo:    "start-kubelet",
	Summary: "the kubelet is gone; the node becomes unreachable, its containers run on",
	OnNode:  true,
	apply: func(ctx context.Context, t *Target) (string, error) {
		return "the kubelet of " + t.Node.Name + " has ended", t.Node.Kubelet.Kill(ctx)
	},
	revert: func(_ context.Context, t *Target) (string, error) {
		return "the kubelet of " + t.Node.Name + " is started", t.Node.Kubelet.Start()
	},
}
