package faults

import (
	"context"

	"seaworthy.test/testbed/internal/nodes"
)

// memoryPressure lifts the threshold over what the machine has: memory.available
// is the whole machine's, and filling that would hit everybody on it.
var memoryPressure = Fault{
	Name:    "memory-pressure",
	Undo:    "relieve-memory",
	Summary: "the node reports memory pressure, by a threshold that cannot be met; evictions",
	OnNode:  true,
	apply: func(ctx context.Context, t *Target) (string, error) {
		thresholds := nodes.DefaultThresholds()
		thresholds.MemoryAvailable = "99.9%"
		return t.Node.Name + " takes its memory for short", rethreshold(ctx, t.Node, thresholds)
	},
	revert: func(ctx context.Context, t *Target) (string, error) {
		return t.Node.Name + " has enough memory again", rethreshold(ctx, t.Node, nodes.DefaultThresholds())
	},
}

func rethreshold(ctx context.Context, node *nodes.Node, thresholds nodes.Thresholds) error {
	if err := node.SetThresholds(thresholds); err != nil {
		return err
	}
	return node.Kubelet.Restart(ctx)
}
