package faults

import (
	"context"
	"fmt"
	"time"
)

// slowAPI delays calls before they reach the API server.
var slowAPI = Fault{
	Name:    "slow-api",
	Undo:    "speed-api",
	Summary: "API calls through the proxy take longer",
	Params:  withCallParams(Param{Name: "latency", Default: "2s", Help: "added to each call"}),
	apply: func(_ context.Context, t *Target) (string, error) {
		rule, err := callRule(t)
		if err != nil {
			return "", err
		}
		if rule.Latency, err = time.ParseDuration(t.param("latency")); err != nil {
			return "", fmt.Errorf("latency %q: give a duration such as 500ms", t.param("latency"))
		}
		return "API calls take " + rule.Latency.String() + " longer", t.Proxy.Set("slow-api", rule)
	},
	revert: func(_ context.Context, t *Target) (string, error) {
		t.Proxy.Clear("slow-api")
		return "API calls are as fast as before", nil
	},
}
