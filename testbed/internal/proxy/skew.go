package proxy

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// mostLeaseBytes bounds the body of a call whose times are shifted.
const mostLeaseBytes = 1 << 20

// microTime is how Kubernetes writes the times of a lease.
const microTime = "2006-01-02T15:04:05.000000Z07:00"

// leaseTimes are the fields of a lease that hold a time.
var leaseTimes = regexp.MustCompile(`"(renewTime|acquireTime)":\s*"([^"]+)"`)

// skewKey marks a request whose response is to be shifted back.
type skewKey struct{}

// skewRequest makes a client appear to have a clock that is off by skew: what it
// writes is shifted forth, what it reads is shifted back, so that to itself its
// clock seems right.
func skewRequest(request *http.Request, skew time.Duration) (*http.Request, error) {
	kind := request.Header.Get("Content-Type")
	if kind != "" && !strings.Contains(kind, "json") {
		return nil, fmt.Errorf("times in %s cannot be shifted: have the client speak JSON", kind)
	}
	body, err := io.ReadAll(io.LimitReader(request.Body, mostLeaseBytes))
	if err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	body = shift(body, skew)
	request = request.WithContext(context.WithValue(request.Context(), skewKey{}, skew))
	request.Body = io.NopCloser(bytes.NewReader(body))
	request.ContentLength = int64(len(body))
	request.Header.Del("Accept-Encoding")
	request.Header.Set("Accept", "application/json")
	return request, nil
}

// modifyResponse shifts times back in an answer to a client with a wrong clock.
func (*rules) modifyResponse(response *http.Response) error {
	skew, skewed := response.Request.Context().Value(skewKey{}).(time.Duration)
	if !skewed || !strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		return nil
	}
	response.Header.Del("Content-Length")
	response.ContentLength = -1
	response.Body = &shifted{lines: bufio.NewReader(response.Body), body: response.Body, by: -skew}
	return nil
}

// shifted reads a body line by line, which is event by event in a watch, and
// shifts the times in it.
type shifted struct {
	lines *bufio.Reader
	body  io.Closer
	by    time.Duration
	rest  []byte
	err   error
}

// Read implements io.Reader.
func (s *shifted) Read(p []byte) (int, error) {
	if len(s.rest) == 0 && s.err == nil {
		var line []byte
		line, s.err = s.lines.ReadBytes('\n')
		s.rest = shift(line, s.by)
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	if n == 0 && s.err != nil {
		return 0, s.err
	}
	return n, nil
}

// Close implements io.Closer.
func (s *shifted) Close() error { return s.body.Close() }

// shift moves the times of leases in a JSON text. What is not a time stays.
func shift(text []byte, by time.Duration) []byte {
	return leaseTimes.ReplaceAllFunc(text, func(field []byte) []byte {
		parts := leaseTimes.FindSubmatch(field)
		at, err := time.Parse(time.RFC3339Nano, string(parts[2]))
		if err != nil {
			return field
		}
		return fmt.Appendf(nil, `"%s":"%s"`, parts[1], at.Add(by).UTC().Format(microTime))
	})
}
