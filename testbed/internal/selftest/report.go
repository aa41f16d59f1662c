// Package selftest shows that a testbed does what its documentation says: that
// pods fail in it as in any cluster, that every fault comes about and passes,
// and that nothing stays behind however it ends.
package selftest

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// check is one thing that must hold.
type check struct {
	name string
	run  func(context.Context) error
}

// report prints and counts outcomes, in the form of Rust's test runner, which
// the chores of the repository understand.
type report struct {
	out io.Writer

	mu             sync.Mutex
	passed, failed int
}

// outcome notes how one check went.
func (r *report) outcome(name string, err error, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.passed++
		r.print("test %s ... ok\n     (%.1f s)\n", name, took.Seconds())
		return
	}
	r.failed++
	r.print("test %s ... FAILED\n     (%.1f s) %v\n", name, took.Seconds(), err)
}

// print writes a line; a reader that is gone is no failure of the testbed.
func (r *report) print(format string, args ...any) {
	_, _ = fmt.Fprintf(r.out, format, args...)
}

// all runs checks one after the other.
func (r *report) all(ctx context.Context, checks []check) {
	for _, check := range checks {
		r.one(ctx, check)
	}
}

// together runs checks side by side.
func (r *report) together(ctx context.Context, checks []check) {
	var group sync.WaitGroup
	for _, check := range checks {
		group.Go(func() { r.one(ctx, check) })
	}
	group.Wait()
}

func (r *report) one(ctx context.Context, check check) {
	started := time.Now()
	r.outcome(check.name, check.run(ctx), time.Since(started))
}

// end prints the sum and returns an error if something failed.
func (r *report) end() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	verdict := "ok"
	if r.failed > 0 {
		verdict = "FAILED"
	}
	r.print("test result: %s. %d passed; %d failed; 0 ignored; 0 measured; 0 filtered out\n", verdict, r.passed, r.failed)
	if r.failed > 0 {
		return fmt.Errorf("%d checks failed", r.failed)
	}
	return nil
}
