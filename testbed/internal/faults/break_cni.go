package faults

import "context"

// breakCNI takes the pod network's configuration away. containerd notices; the
// kubelet reports NetworkPluginNotReady.
var breakCNI = Fault{
	Name:    "break-cni",
	Undo:    "mend-cni",
	Summary: "the pod network is not configured; the node becomes NotReady, new pods get no sandbox",
	OnNode:  true,
	apply: func(_ context.Context, t *Target) (string, error) {
		return t.Node.Name + " has no pod network", t.Node.RemoveCNI()
	},
	revert: func(_ context.Context, t *Target) (string, error) {
		return t.Node.Name + " has its pod network back", t.Node.WriteCNI()
	},
}
