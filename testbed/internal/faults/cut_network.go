package faults

import (
	"context"

	"seaworthy.test/testbed/internal/network"
)

// cutNetwork pulls a node's cable: kubelet and pods reach nothing beyond it.
var cutNetwork = Fault{
	Name:    "cut-network",
	Undo:    "mend-network",
	Summary: "the node's cable is out; neither its kubelet nor its pods are reached",
	OnNode:  true,
	apply: func(_ context.Context, t *Target) (string, error) {
		return "the cable of " + t.Node.Name + " is out", network.Cut(t.Node.Node)
	},
	revert: func(_ context.Context, t *Target) (string, error) {
		return "the cable of " + t.Node.Name + " is back", network.Mend(t.Node.Node)
	},
}
