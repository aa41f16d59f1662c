package selftest

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"seaworthy.test/testbed/internal/wait"
)

// clusterChecks break parts of the control plane, one after the other.
func (i *inside) clusterChecks() []check {
	return []check{
		{"fault_stop_scheduler", i.stopScheduler},
		{"fault_stop_controller_manager", i.stopControllerManager},
		{"fault_break_registry", i.breakRegistry},
		{"fault_restart_apiserver_loses_history", i.loseHistory},
		{"fault_stop_etcd", i.stopEtcd},
	}
}

// stopScheduler leaves a pod without a node; started again, it places it.
func (i *inside) stopScheduler(ctx context.Context) error {
	if err := i.fault(ctx, "stop-scheduler", "", nil); err != nil {
		return err
	}
	if err := i.pod(ctx, "unplaced", forever, nil); err != nil {
		return err
	}
	err := i.untilPod(ctx, "unplaced", func(pod *corev1.Pod) error {
		if pod.Spec.NodeName != "" {
			return fmt.Errorf("it is on %s", pod.Spec.NodeName)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := i.fault(ctx, "start-scheduler", "", nil); err != nil {
		return err
	}
	return i.untilPod(ctx, "unplaced", running)
}

// stopControllerManager leaves a new namespace without what it should get.
func (i *inside) stopControllerManager(ctx context.Context) error {
	if err := i.fault(ctx, "stop-controller-manager", "", nil); err != nil {
		return err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "unmanaged"}}
	if _, err := i.admin.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("make a namespace: %w", err)
	}
	accounts := i.admin.CoreV1().ServiceAccounts("unmanaged")
	if _, err := accounts.Get(ctx, "default", metav1.GetOptions{}); !errors.IsNotFound(err) {
		return fmt.Errorf("nobody should have made a service account, but there is (%v)", err)
	}
	if err := i.fault(ctx, "start-controller-manager", "", nil); err != nil {
		return err
	}
	return wait.Until(ctx, patience, "the service account", func(ctx context.Context) error {
		_, err := accounts.Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

func (i *inside) breakRegistry(ctx context.Context) error {
	if err := i.fault(ctx, "break-registry", "", nil); err != nil {
		return err
	}
	pulled := func(pod *corev1.Pod) { pod.Spec.Containers[0].ImagePullPolicy = corev1.PullAlways }
	if err := i.pod(ctx, "unpulled", forever, pulled); err != nil {
		return err
	}
	if err := i.untilPod(ctx, "unpulled", waitingFor("ImagePullBackOff")); err != nil {
		return err
	}
	if err := i.fault(ctx, "mend-registry", "", nil); err != nil {
		return err
	}
	// Another pod, since the first one's back-off cannot be shortened.
	if err := i.pod(ctx, "pulled", forever, pulled); err != nil {
		return err
	}
	return i.untilPod(ctx, "pulled", running)
}

// loseHistory shows that a watch from before gets 410 Gone.
func (i *inside) loseHistory(ctx context.Context) error {
	pods := i.admin.CoreV1().Pods("default")
	list, err := pods.List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	if err := i.pod(ctx, "history", forever, nil); err != nil {
		return err
	}
	if err := i.fault(ctx, "restart-apiserver", "", map[string]string{"lose-history": "true"}); err != nil {
		return err
	}
	return wait.Until(ctx, patience, "410 Gone", func(ctx context.Context) error {
		watcher, err := pods.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
		if err != nil {
			return gone(err)
		}
		defer watcher.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case event := <-watcher.ResultChan():
			if event.Type == watch.Error {
				return gone(errors.FromObject(event.Object))
			}
			return fmt.Errorf("the watch went on with %s", event.Type)
		}
	})
}

// gone is nil for 410.
func gone(err error) error {
	if errors.IsResourceExpired(err) || errors.IsGone(err) {
		return nil
	}
	return fmt.Errorf("the watch got %w", err)
}

func (i *inside) stopEtcd(ctx context.Context) error {
	if err := i.fault(ctx, "stop-etcd", "", nil); err != nil {
		return err
	}
	ready := func(ctx context.Context) error {
		_, err := i.admin.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err
	}
	err := wait.Until(ctx, patience, "the API server not to be ready", func(ctx context.Context) error {
		if ready(ctx) == nil {
			return fmt.Errorf("it is ready")
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := i.fault(ctx, "start-etcd", "", nil); err != nil {
		return err
	}
	return wait.Until(ctx, patience, "the API server to be ready", ready)
}
