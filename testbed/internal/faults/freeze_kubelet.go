package faults

import "context"

// freezeKubelet halts a kubelet: a real node failure, seen as NotReady and
// unreachable after the grace period, while the containers go on.
var freezeKubelet = Fault{
	Name:    "freeze-kubelet",
	Undo:    "thaw-kubelet",
	Summary: "the kubelet stands still (SIGSTOP); the node becomes unreachable, its containers run on",
	OnNode:  true,
	apply: func(_ context.Context, t *Target) (string, error) {
		return "the kubelet of " + t.Node.Name + " stands still", t.Node.Kubelet.Freeze()
	},
	revert: func(_ context.Context, t *Target) (string, error) {
		return "the kubelet of " + t.Node.Name + " goes on", t.Node.Kubelet.Thaw()
	},
}
