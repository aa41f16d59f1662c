package faults

import "context"

// killContainerd ends a node's container runtime. The containers survive in
// their shims; the kubelet reports that the runtime is down.
var killContainerd = Fault{
	Name:    "kill-containerd",
	Undo:    "start-containerd",
	Summary: "containerd is gone; the node becomes NotReady and starts no containers",
	OnNode:  true,
	apply: func(ctx context.Context, t *Target) (string, error) {
		return "containerd of " + t.Node.Name + " has ended", t.Node.Containerd.Kill(ctx)
	},
	revert: func(ctx context.Context, t *Target) (string, error) {
		if err := t.Node.Containerd.Start(); err != nil {
			return "", err
		}
		return "containerd of " + t.Node.Name + " answers again", t.Node.WaitContainerd(ctx)
	},
}
