package faults

import "context"

// stopEtcd takes the API server's store away: reads of its cache may still be
// answered, writes fail or hang.
var stopEtcd = Fault{
	Name:    "stop-etcd",
	Undo:    "start-etcd",
	Summary: "etcd is away; the API server is not ready and writes fail",
	apply: func(ctx context.Context, t *Target) (string, error) {
		return "etcd is away", t.Plane.Etcd.Kill(ctx)
	},
	revert: func(ctx context.Context, t *Target) (string, error) {
		if err := t.Plane.Etcd.Start(); err != nil {
			return "", err
		}
		return "etcd is back", t.Plane.WaitReady(ctx)
	},
}
