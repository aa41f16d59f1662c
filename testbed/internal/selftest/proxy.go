package selftest

import (
	"context"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// proxyChecks break calls on their way to the API server.
func (i *inside) proxyChecks() []check {
	return []check{
		{"fault_slow_api", i.slowAPI},
		{"fault_fail_api", i.failAPI},
		{"fault_cut_api", i.cutAPI},
		{"fault_skew_lease", i.skewLease},
	}
}

func (i *inside) list(ctx context.Context) error {
	_, err := i.proxy.CoreV1().ConfigMaps("default").List(ctx, metav1.ListOptions{})
	return err
}

// slowAPI shows that a call takes at least as long as it was told to.
func (i *inside) slowAPI(ctx context.Context) error {
	const latency = 300 * time.Millisecond
	if err := i.fault(ctx, "slow-api", "", map[string]string{"latency": latency.String(), "path": "/configmaps"}); err != nil {
		return err
	}
	started := time.Now()
	if err := i.list(ctx); err != nil {
		return err
	}
	if took := time.Since(started); took < latency {
		return fmt.Errorf("a slow call took only %s", took)
	}
	return i.fault(ctx, "speed-api", "", nil)
}

func (i *inside) failAPI(ctx context.Context) error {
	// 418 has no meaning to the client, which therefore does not try again.
	if err := i.fault(ctx, "fail-api", "", map[string]string{"status": "418", "path": "/configmaps"}); err != nil {
		return err
	}
	var status errors.APIStatus
	err := i.list(ctx)
	if !asStatus(err, &status) || status.Status().Code != 418 {
		return fmt.Errorf("a failing call got %v", err)
	}
	if err := i.fault(ctx, "heal-api", "", nil); err != nil {
		return err
	}
	return i.list(ctx)
}

func asStatus(err error, into *errors.APIStatus) bool {
	status, ok := err.(errors.APIStatus)
	*into = status
	return ok
}

// cutAPI shows that a watch in flight ends, and that a call after the cut fails.
func (i *inside) cutAPI(ctx context.Context) error {
	watcher, err := i.proxy.CoreV1().ConfigMaps("kube-system").Watch(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	defer watcher.Stop()
	if err := i.fault(ctx, "cut-api", "", map[string]string{"path": "/configmaps"}); err != nil {
		return err
	}
	patience := time.NewTimer(patience)
	defer patience.Stop()
	for open := true; open; {
		select {
		case _, open = <-watcher.ResultChan():
		case <-patience.C:
			return fmt.Errorf("the watch goes on")
		}
	}
	if err := i.list(ctx); err == nil {
		return fmt.Errorf("a call went through")
	}
	if err := i.fault(ctx, "mend-api", "", nil); err != nil {
		return err
	}
	return i.list(ctx)
}

// skewLease shows that a lease written through the proxy has the time of a
// wrong clock, and that its writer does not see that.
func (i *inside) skewLease(ctx context.Context) error {
	if err := i.fault(ctx, "skew-lease", "", map[string]string{"by": "10m"}); err != nil {
		return err
	}
	now := metav1.NewMicroTime(time.Now().Truncate(time.Second))
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: "skewed"},
		Spec:       coordinationv1.LeaseSpec{RenewTime: &now},
	}
	through, straight := i.proxy.CoordinationV1().Leases("default"), i.admin.CoordinationV1().Leases("default")
	if _, err := through.Create(ctx, lease, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("write a lease: %w", err)
	}
	stored, err := straight.Get(ctx, "skewed", metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read the lease: %w", err)
	}
	seen, err := through.Get(ctx, "skewed", metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read the lease through the proxy: %w", err)
	}
	if ahead := stored.Spec.RenewTime.Sub(now.Time); ahead != 10*time.Minute {
		return fmt.Errorf("the lease is %s ahead", ahead)
	}
	if ahead := seen.Spec.RenewTime.Sub(now.Time); ahead != 0 {
		return fmt.Errorf("its writer sees it %s ahead", ahead)
	}
	return i.fault(ctx, "true-lease", "", nil)
}
