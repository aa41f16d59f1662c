package faults

import (
	"context"
	"fmt"

	"seaworthy.test/testbed/internal/layout"
)

// restartAPIServer breaks every connection and watch. With its history lost, a
// watch that wants to go on where it was gets 410 Gone.
var restartAPIServer = Fault{
	Name:    "restart-apiserver",
	Summary: "the API server starts anew: every watch breaks",
	Params:  []Param{{Name: "lose-history", Default: "false", Help: "true also compacts etcd, so that old watches get 410 Gone"}},
	apply: func(ctx context.Context, t *Target) (string, error) {
		if err := t.Plane.APIServer.Stop(ctx); err != nil {
			return "", err
		}
		said := "the API server has restarted"
		if t.param("lose-history") == "true" {
			revision, err := compact(ctx, t)
			if err != nil {
				return "", err
			}
			said = fmt.Sprintf("%s; history up to revision %d is lost", said, revision)
		}
		if err := t.Plane.APIServer.Start(); err != nil {
			return "", err
		}
		return said, t.Plane.WaitReady(ctx)
	},
}

// compact drops all history of etcd up to now. Two writes come first: a watch
// that had seen everything would otherwise miss nothing and be let in again.
func compact(ctx context.Context, t *Target) (int64, error) {
	client, err := t.Etcd()
	if err != nil {
		return 0, fmt.Errorf("connect to etcd at %s: %w", layout.EtcdURL, err)
	}
	defer func() { _ = client.Close() }()
	var revision int64
	for range 2 {
		answer, err := client.Put(ctx, "/testbed/compacted", "")
		if err != nil {
			return 0, fmt.Errorf("write to etcd: %w", err)
		}
		revision = answer.Header.Revision
	}
	if _, err := client.Compact(ctx, revision); err != nil {
		return 0, fmt.Errorf("compact etcd: %w", err)
	}
	return revision, nil
}
