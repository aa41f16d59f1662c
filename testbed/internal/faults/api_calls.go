package faults

import (
	"fmt"
	"strconv"

	"seaworthy.test/testbed/internal/proxy"
)

// callParams choose the API calls that a fault of the proxy concerns. Only
// clients that use the kubeconfig of the proxy are concerned at all.
var callParams = []Param{
	{Name: "path", Help: "regular expression on path and query, e.g. /pods.*watch"},
	{Name: "method", Help: "regular expression on the method, e.g. POST|PATCH"},
	{Name: "agent", Help: "regular expression on the User-Agent"},
	{Name: "share", Default: "1", Help: "share of the calls concerned, spread evenly"},
}

// callRule is a rule for the calls that the settings choose.
func callRule(t *Target) (proxy.Rule, error) {
	share, err := strconv.ParseFloat(t.param("share"), 64)
	if err != nil {
		return proxy.Rule{}, fmt.Errorf("share %q: give a number above 0 and up to 1", t.param("share"))
	}
	return proxy.Rule{
		Share: share,
		Match: proxy.Match{Path: t.param("path"), Method: t.param("method"), Agent: t.param("agent")},
	}, nil
}

// withCallParams adds a fault's own settings to those that choose calls.
func withCallParams(own ...Param) []Param { return append(own, callParams...) }
