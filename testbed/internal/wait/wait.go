// Package wait waits for conditions with a deadline.
package wait

import (
	"context"
	"fmt"
	"time"
)

// interval between two looks.
const interval = 100 * time.Millisecond

// Until looks until check returns nil. After patience it gives up and says what
// it waited for and why that was not so.
func Until(ctx context.Context, patience time.Duration, what string, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var last error
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			last = err // the deadline's own error would say nothing
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s for %s: %w", patience, what, last)
		case <-ticker.C:
		}
	}
}
