package faults

import "context"

// fillDisk leaves a node's file system, which holds images, logs and volumes,
// below the kubelet's eviction threshold.
var fillDisk = Fault{
	Name:    "fill-disk",
	Undo:    "free-disk",
	Summary: "the node's disk is nearly full; NodeDiskPressure, evictions, no new pods",
	OnNode:  true,
	Params:  []Param{{Name: "leave", Default: "5", Help: "percentage of the disk that stays free; the kubelet's threshold is 10"}},
	apply: func(_ context.Context, t *Target) (string, error) {
		return "the disk of " + t.Node.Name + " is filled", t.Node.FillDisk(t.param("leave"))
	},
	revert: func(_ context.Context, t *Target) (string, error) {
		return "the disk of " + t.Node.Name + " has room again", t.Node.FreeDisk()
	},
}
