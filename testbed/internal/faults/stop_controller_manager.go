package faults

import "context"

// stopControllerManager leaves everything as it is: no replica is replaced, no
// silent node noticed, no endpoint updated.
var stopControllerManager = Fault{
	Name:    "stop-controller-manager",
	Undo:    "start-controller-manager",
	Summary: "nothing reconciles: no replacements, no node life cycle, no endpoints",
	apply: func(ctx context.Context, t *Target) (string, error) {
		return "the controller manager has ended", t.Plane.ControllerManager.Stop(ctx)
	},
	revert: func(_ context.Context, t *Target) (string, error) {
		return "the controller manager is started", t.Plane.ControllerManager.Start()
	},
}
