package faults

import "context"

// powerOff ends everything on a node at once. Switched on again it is a
// rebooted node: another boot id, no container alive, its disk as it was.
var powerOff = Fault{
	Name:    "power-off",
	Undo:    "power-on",
	Summary: "the node is off, containers and all; switched on, it has rebooted",
	OnNode:  true,
	apply: func(ctx context.Context, t *Target) (string, error) {
		return t.Node.Name + " is off", t.Node.PowerOff(ctx)
	},
	revert: func(ctx context.Context, t *Target) (string, error) {
		if t.Node.PID() != 0 {
			return t.Node.Name + " is on already", nil
		}
		if err := t.Node.PowerOn(ctx); err != nil {
			return "", err
		}
		return t.Node.Name + " is on", t.Node.Join()
	},
}
