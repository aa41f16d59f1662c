package faults

import "context"

// stopScheduler leaves new pods pending.
var stopScheduler = Fault{
	Name:    "stop-scheduler",
	Undo:    "start-scheduler",
	Summary: "nothing places pods",
	apply: func(ctx context.Context, t *Target) (string, error) {
		return "the scheduler has ended", t.Plane.Scheduler.Stop(ctx)
	},
	revert: func(_ context.Context, t *Target) (string, error) {
		return "the scheduler is started", t.Plane.Scheduler.Start()
	},
}
