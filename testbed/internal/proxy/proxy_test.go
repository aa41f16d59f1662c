package proxy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func request(method, target, agent string) *http.Request {
	request := httptest.NewRequest(method, target, nil)
	request.Header.Set("User-Agent", agent)
	return request
}

func TestRulesChooseCalls(t *testing.T) {
	rule, err := compile(Rule{Share: 1, Match: Match{Path: "/pods.*watch=true", Method: "GET", Agent: "^seaworthy"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, target, agent string
		want                  bool
	}{
		{"GET", "/api/v1/pods?watch=true", "seaworthy/1", true},
		{"GET", "/api/v1/pods", "seaworthy/1", false},
		{"POST", "/api/v1/pods?watch=true", "seaworthy/1", false},
		{"GET", "/api/v1/pods?watch=true", "kubectl", false},
	} {
		if got := rule.matches(request(c.method, c.target, c.agent)); got != c.want {
			t.Errorf("%s %s by %s: %v", c.method, c.target, c.agent, got)
		}
	}
}

func TestAShareIsSpreadEvenly(t *testing.T) {
	proxy := &Proxy{}
	if err := proxy.Set("fail", Rule{Share: 0.25, Status: 500}); err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for range 8 {
		if proxy.rules.judge(request("GET", "/", "")).status == 500 {
			got.WriteByte('x')
		} else {
			got.WriteByte('.')
		}
	}
	if got.String() != "...x...x" {
		t.Errorf("a quarter is %s", got.String())
	}
	proxy.Clear("fail")
	if v := proxy.rules.judge(request("GET", "/", "")); v != (verdict{}) {
		t.Errorf("without a rule the verdict is %+v", v)
	}
}

func TestRulesThatMakeNoSense(t *testing.T) {
	proxy := &Proxy{}
	for _, rule := range []Rule{{Share: 0}, {Share: 1.5}, {Share: 1, Match: Match{Path: "("}}} {
		if err := proxy.Set("x", rule); err == nil {
			t.Errorf("%+v was taken", rule)
		}
	}
}

func TestACutReachesCallsInFlight(t *testing.T) {
	proxy := &Proxy{}
	ctx, done := proxy.rules.track(request("GET", "/api/v1/pods?watch=true", ""))
	defer done()
	other, doneOther := proxy.rules.track(request("GET", "/api/v1/nodes", ""))
	defer doneOther()
	if err := proxy.Set("cut", Rule{Share: 1, Cut: true, Match: Match{Path: "/pods"}}); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() == nil || other.Err() != nil {
		t.Errorf("the matching call: %v, the other: %v", ctx.Err(), other.Err())
	}
}

func TestTimesOfLeasesAreShifted(t *testing.T) {
	text := `{"spec":{"holderIdentity":"a","renewTime":"2026-01-02T03:04:05.000006Z","acquireTime": "2026-01-02T00:00:00Z","other":"2026-01-02T00:00:00Z","x":{"renewTime":"soon"}}}`
	want := `{"spec":{"holderIdentity":"a","renewTime":"2026-01-02T03:14:05.000006Z","acquireTime":"2026-01-02T00:10:00.000000Z","other":"2026-01-02T00:00:00Z","x":{"renewTime":"soon"}}}`
	if got := string(shift([]byte(text), 10*time.Minute)); got != want {
		t.Errorf("shifted to %s", got)
	}
}

func TestAWatchIsShiftedEventByEvent(t *testing.T) {
	read, write := io.Pipe()
	response := &http.Response{Header: http.Header{"Content-Type": {"application/json"}}, Body: read}
	skewed, err := skewRequest(request("GET", "/leases?watch=true", ""), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	response.Request = skewed
	if err := (&rules{}).modifyResponse(response); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(write, `{"renewTime":"2026-01-02T03:04:05.000000Z"}`+"\n") }()
	buffer := make([]byte, 100)
	n, err := response.Body.Read(buffer) // the stream is still open
	if err != nil || string(buffer[:n]) != `{"renewTime":"2026-01-02T03:03:05.000000Z"}`+"\n" {
		t.Errorf("read %q, %v", buffer[:n], err)
	}
}

func TestTimesInProtobufAreNotLeftAsTheyAre(t *testing.T) {
	protobuf := request("PUT", "/leases/a", "")
	protobuf.Header.Set("Content-Type", "application/vnd.kubernetes.protobuf")
	if _, err := skewRequest(protobuf, time.Minute); err == nil {
		t.Error("a body that cannot be shifted was let through")
	}
}

func TestARefusalHasTheFormOfKubernetes(t *testing.T) {
	answer := httptest.NewRecorder()
	refuse(answer, http.StatusTooManyRequests)
	if answer.Code != 429 || answer.Header().Get("Retry-After") != "1" || !strings.Contains(answer.Body.String(), `"reason":"TooManyRequests"`) {
		t.Errorf("%d %v %s", answer.Code, answer.Header(), answer.Body)
	}
}
