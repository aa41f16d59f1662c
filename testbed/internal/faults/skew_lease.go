package faults

import (
	"context"
	"fmt"
	"time"
)

// skewLease makes clients of the proxy appear to have a wrong clock, as far as
// the times of leases tell: what they write is shifted, what they read is
// shifted back.
var skewLease = Fault{
	Name:    "skew-lease",
	Undo:    "true-lease",
	Summary: "clients of the proxy have a wrong clock, as the times of their leases show",
	Params: []Param{
		{Name: "by", Default: "10m", Help: "how far their clock is ahead; negative: behind"},
		{Name: "path", Default: "/leases(/|\\?|$)", Help: "regular expression on path and query"},
		{Name: "agent", Help: "regular expression on the User-Agent"},
		{Name: "share", Default: "1", Help: "share of the calls concerned, spread evenly"},
		{Name: "method", Help: "regular expression on the method"},
	},
	apply: func(_ context.Context, t *Target) (string, error) {
		rule, err := callRule(t)
		if err != nil {
			return "", err
		}
		if rule.Skew, err = time.ParseDuration(t.param("by")); err != nil {
			return "", fmt.Errorf("by %q: give a duration such as 10m or -30s", t.param("by"))
		}
		return "clocks of the proxy's clients are off by " + rule.Skew.String(), t.Proxy.Set("skew-lease", rule)
	},
	revert: func(_ context.Context, t *Target) (string, error) {
		t.Proxy.Clear("skew-lease")
		return "clocks of the proxy's clients are right", nil
	},
}
