package faults

import (
	"context"
	"strings"
	"testing"
)

func TestEveryFaultIsToldApartAndDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, fault := range Table {
		for _, name := range []string{fault.Name, fault.Undo} {
			if name != "" && seen[name] {
				t.Errorf("%q means two things", name)
			}
			seen[name] = true
		}
		if fault.Summary == "" || fault.apply == nil {
			t.Errorf("%s has no summary or does nothing", fault.Name)
		}
		if (fault.Undo == "") != (fault.revert == nil) {
			t.Errorf("%s: its undo has a name or does something, but not both", fault.Name)
		}
		for _, param := range fault.Params {
			if param.Help == "" {
				t.Errorf("setting %s of %s is not described", param.Name, fault.Name)
			}
		}
	}
}

func TestAnUndoIsFoundByItsName(t *testing.T) {
	fault, undo, err := Find("thaw-kubelet")
	if err != nil || fault.Name != "freeze-kubelet" || !undo {
		t.Errorf("found %s, undo %v, %v", fault.Name, undo, err)
	}
	if _, _, err := Find("melt-kubelet"); err == nil || !strings.Contains(err.Error(), "freeze-kubelet") {
		t.Errorf("an unknown fault gives %v", err)
	}
}

func TestOrdersThatMakeNoSense(t *testing.T) {
	for name, run := range map[string]func() (string, error){
		"a node is missing": func() (string, error) { return freezeKubelet.Run(context.Background(), &Cluster{}, "", false, nil) },
		"a node too many":   func() (string, error) { return stopEtcd.Run(context.Background(), &Cluster{}, "node-1", false, nil) },
		"nothing to undo":   func() (string, error) { return restartAPIServer.Run(context.Background(), &Cluster{}, "", true, nil) },
		"a setting nobody knows": func() (string, error) {
			return stopEtcd.Run(context.Background(), &Cluster{}, "", false, map[string]string{"x": "y"})
		},
		"a status that is none": func() (string, error) {
			return failAPI.Run(context.Background(), &Cluster{}, "", false, map[string]string{"status": "99"})
		},
		"a duration that is none": func() (string, error) {
			return slowAPI.Run(context.Background(), &Cluster{}, "", false, map[string]string{"latency": "long"})
		},
	} {
		if said, err := run(); err == nil {
			t.Errorf("%s: it said %q", name, said)
		}
	}
}
