package faults

import (
	"context"
	"fmt"
	"strconv"
)

// failAPI answers calls with an error in place of the API server.
var failAPI = Fault{
	Name:    "fail-api",
	Undo:    "heal-api",
	Summary: "API calls through the proxy fail with an HTTP status (429 with Retry-After)",
	Params:  withCallParams(Param{Name: "status", Default: "500", Help: "HTTP status from 400 to 599"}),
	apply: func(_ context.Context, t *Target) (string, error) {
		rule, err := callRule(t)
		if err != nil {
			return "", err
		}
		rule.Status, err = strconv.Atoi(t.param("status"))
		if err != nil || rule.Status < 400 || rule.Status > 599 {
			return "", fmt.Errorf("status %q: give an HTTP status from 400 to 599", t.param("status"))
		}
		return fmt.Sprintf("API calls fail with %d", rule.Status), t.Proxy.Set("fail-api", rule)
	},
	revert: func(_ context.Context, t *Target) (string, error) {
		t.Proxy.Clear("fail-api")
		return "API calls go through", nil
	},
}
