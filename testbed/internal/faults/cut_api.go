package faults

import "context"

// cutAPI breaks calls off without an answer, watches in flight included.
var cutAPI = Fault{
	Name:    "cut-api",
	Undo:    "mend-api",
	Summary: "API calls through the proxy break off without an answer, running watches too",
	Params:  withCallParams(),
	apply: func(_ context.Context, t *Target) (string, error) {
		rule, err := callRule(t)
		if err != nil {
			return "", err
		}
		rule.Cut = true
		return "API calls break off", t.Proxy.Set("cut-api", rule)
	},
	revert: func(_ context.Context, t *Target) (string, error) {
		t.Proxy.Clear("cut-api")
		return "API calls go through", nil
	},
}
