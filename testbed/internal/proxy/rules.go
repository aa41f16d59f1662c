package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"
)

// errCut is why a request was broken off.
var errCut = errors.New("cut by a fault")

// Rule says what happens to the calls that it matches.
type Rule struct {
	// Match chooses calls; an empty pattern matches all.
	Match Match
	// Latency is added before the call goes on.
	Latency time.Duration
	// Status is answered in place of the API server, for Share of the calls.
	Status int
	// Share of the calls that a rule concerns, from above 0 to 1. It is spread
	// evenly rather than drawn: at 0.5, every second call.
	Share float64
	// Cut breaks calls off, those in flight as well.
	Cut bool
	// Skew is by how much the clients' clocks are wrong, as far as leases show it.
	Skew time.Duration
}

// Match chooses calls by regular expressions.
type Match struct {
	// Path is matched against path and query, so that watches can be told apart.
	Path string
	// Method is matched against the HTTP method.
	Method string
	// Agent is matched against the User-Agent.
	Agent string
}

// rule is a Rule at work.
type rule struct {
	Rule
	path, method, agent *regexp.Regexp
	due                 float64
}

// verdict is what the rules decided about one call.
type verdict struct {
	delay  time.Duration
	status int
	cut    bool
	skew   time.Duration
}

// flight is a call in flight.
type flight struct {
	request *http.Request
	cancel  context.CancelCauseFunc
}

// rules holds the rules by the name of the fault that set them.
type rules struct {
	mu      sync.Mutex
	byName  map[string]*rule
	flights map[*flight]struct{}
}

// Set puts a rule in force under a name, in place of an earlier one of that name.
func (p *Proxy) Set(name string, wanted Rule) error {
	compiled, err := compile(wanted)
	if err != nil {
		return err
	}
	r := &p.rules
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byName == nil {
		r.byName = map[string]*rule{}
	}
	r.byName[name] = compiled
	if wanted.Cut {
		for flight := range r.flights {
			if compiled.matches(flight.request) {
				flight.cancel(errCut)
			}
		}
	}
	return nil
}

// Clear takes the rule of that name out of force.
func (p *Proxy) Clear(name string) {
	p.rules.mu.Lock()
	defer p.rules.mu.Unlock()
	delete(p.rules.byName, name)
}

func compile(wanted Rule) (*rule, error) {
	if wanted.Share <= 0 || wanted.Share > 1 {
		return nil, fmt.Errorf("share %g: give a number above 0 and up to 1", wanted.Share)
	}
	compiled := &rule{Rule: wanted}
	for _, pattern := range []struct {
		text string
		into **regexp.Regexp
	}{
		{wanted.Match.Path, &compiled.path},
		{wanted.Match.Method, &compiled.method},
		{wanted.Match.Agent, &compiled.agent},
	} {
		expression, err := regexp.Compile(pattern.text)
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern.text, err)
		}
		*pattern.into = expression
	}
	return compiled, nil
}

func (r *rule) matches(request *http.Request) bool {
	return r.path.MatchString(request.URL.RequestURI()) &&
		r.method.MatchString(request.Method) &&
		r.agent.MatchString(request.UserAgent())
}

// takes tells whether the next matching call is one of the rule's share.
func (r *rule) takes() bool {
	r.due += r.Share
	if r.due < 1 {
		return false
	}
	r.due--
	return true
}

// judge combines all rules that match a call: delays add up, refusals win over
// letting through, breaking off wins over refusing.
func (r *rules) judge(request *http.Request) verdict {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := make([]string, 0, len(r.byName))
	for name := range r.byName {
		names = append(names, name)
	}
	slices.Sort(names)
	var v verdict
	for _, name := range names {
		rule := r.byName[name]
		if !rule.matches(request) || !rule.takes() {
			continue
		}
		v.delay += rule.Latency
		v.skew += rule.Skew
		v.cut = v.cut || rule.Cut
		if rule.Status != 0 {
			v.status = rule.Status
		}
	}
	return v
}

// track notes a call as in flight until the function returned is called.
func (r *rules) track(request *http.Request) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(request.Context())
	entry := &flight{request: request, cancel: cancel}
	r.mu.Lock()
	if r.flights == nil {
		r.flights = map[*flight]struct{}{}
	}
	r.flights[entry] = struct{}{}
	r.mu.Unlock()
	return ctx, func() {
		r.mu.Lock()
		delete(r.flights, entry)
		r.mu.Unlock()
		cancel(nil)
	}
}
