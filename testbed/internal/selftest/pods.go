package selftest

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"seaworthy.test/testbed/internal/wait"
)

// forever runs until it is told to end.
const forever = "trap 'exit 0' TERM; while true; do sleep 1; done"

// podChecks show that containers run and fail as they do anywhere.
func (i *inside) podChecks() []check {
	return []check{
		{"pod_runs_and_has_logs", i.runsAndHasLogs},
		{"pod_crash_loop", i.crashLoop},
		{"pod_oom_killed", i.oomKilled},
		{"pod_image_pull_back_off", i.imagePullBackOff},
		{"pod_pulls_from_the_registry", i.pulls},
		{"pod_evicted_within_its_budget", i.evicted},
		{"pod_finds_a_service_by_name", i.service},
		{"pod_on_a_fake_node", i.onFakeNode},
		{"pod_cannot_leave", i.cannotLeave},
	}
}

func (i *inside) runsAndHasLogs(ctx context.Context) error {
	if err := i.pod(ctx, "logs", "echo hello; "+forever, nil); err != nil {
		return err
	}
	if err := i.untilPod(ctx, "logs", running); err != nil {
		return err
	}
	return wait.Until(ctx, patience, "the log", func(ctx context.Context) error {
		log, err := i.admin.CoreV1().Pods("default").GetLogs("logs", &corev1.PodLogOptions{}).DoRaw(ctx)
		if err == nil && strings.TrimSpace(string(log)) != "hello" {
			err = fmt.Errorf("it is %q", log)
		}
		return err
	})
}

func (i *inside) crashLoop(ctx context.Context) error {
	if err := i.pod(ctx, "crash", "sleep 1; exit 3", nil); err != nil {
		return err
	}
	return i.untilPod(ctx, "crash", func(pod *corev1.Pod) error {
		if err := waitingFor("CrashLoopBackOff")(pod); err != nil {
			return err
		}
		if last := pod.Status.ContainerStatuses[0].LastTerminationState.Terminated; last == nil || last.ExitCode != 3 {
			return fmt.Errorf("its last end was %+v", last)
		}
		return nil
	})
}

func (i *inside) oomKilled(ctx context.Context) error {
	err := i.pod(ctx, "oom", "tail /dev/zero", func(pod *corev1.Pod) {
		pod.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("16Mi")}
	})
	if err != nil {
		return err
	}
	return i.untilPod(ctx, "oom", func(pod *corev1.Pod) error {
		for _, status := range pod.Status.ContainerStatuses {
			for _, state := range []corev1.ContainerState{status.State, status.LastTerminationState} {
				if state.Terminated != nil && state.Terminated.Reason == "OOMKilled" {
					return nil
				}
			}
		}
		return fmt.Errorf("it was not killed: %+v", pod.Status.ContainerStatuses)
	})
}

func (i *inside) imagePullBackOff(ctx context.Context) error {
	err := i.pod(ctx, "no-image", forever, func(pod *corev1.Pod) {
		pod.Spec.Containers[0].Image = "seaworthy.test/missing:1"
	})
	if err != nil {
		return err
	}
	return i.untilPod(ctx, "no-image", waitingFor("ImagePullBackOff"))
}

func (i *inside) pulls(ctx context.Context) error {
	err := i.pod(ctx, "pulls", forever, func(pod *corev1.Pod) {
		pod.Spec.Containers[0].ImagePullPolicy = corev1.PullAlways
	})
	if err != nil {
		return err
	}
	return i.untilPod(ctx, "pulls", running)
}

// evicted shows that a budget without room refuses, and that a pod goes when it
// has room.
func (i *inside) evicted(ctx context.Context) error {
	const name = "evicted"
	if err := i.pod(ctx, name, forever, nil); err != nil {
		return err
	}
	budgets := i.admin.PolicyV1().PodDisruptionBudgets("default")
	all := intstr.FromInt32(1)
	budget := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: &all, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}},
		},
	}
	if _, err := budgets.Create(ctx, budget, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("make a budget: %w", err)
	}
	if err := i.untilPod(ctx, name, running); err != nil {
		return err
	}
	eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}}
	err := i.admin.CoreV1().Pods("default").EvictV1(ctx, eviction)
	if !errors.IsTooManyRequests(err) {
		return fmt.Errorf("the budget has no room, but the eviction was answered with %v", err)
	}
	if err := budgets.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		return fmt.Errorf("remove the budget: %w", err)
	}
	return wait.Until(ctx, patience, "the pod to be gone", func(ctx context.Context) error {
		err := i.admin.CoreV1().Pods("default").EvictV1(ctx, eviction)
		if errors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is still there (%v)", err)
	})
}

// service shows that DNS, kube-proxy and the pod network work together.
func (i *inside) service(ctx context.Context) error {
	serve := "mkdir /tmp/www; echo served > /tmp/www/index.html; httpd -f -p 8080 -h /tmp/www"
	if err := i.pod(ctx, "serving", serve, nil); err != nil {
		return err
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "serving"},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": "serving"},
			Ports:    []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}},
		},
	}
	if _, err := i.admin.CoreV1().Services("default").Create(ctx, service, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("make a service: %w", err)
	}
	ask := "until wget -q -O - http://serving.default.svc.cluster.local | grep served; do sleep 1; done"
	if err := i.pod(ctx, "asking", ask, once); err != nil {
		return err
	}
	return i.untilPod(ctx, "asking", succeeded)
}

func (i *inside) onFakeNode(ctx context.Context) error {
	err := i.pod(ctx, "fake", forever, func(pod *corev1.Pod) {
		pod.Spec.NodeSelector = map[string]string{"type": "kwok"}
		pod.Spec.Tolerations = []corev1.Toleration{{Key: "kwok.x-k8s.io/node", Operator: corev1.TolerationOpExists}}
	})
	if err != nil {
		return err
	}
	return i.untilPod(ctx, "fake", running)
}

// cannotLeave asks for an address of the world outside; there is no way to it.
func (i *inside) cannotLeave(ctx context.Context) error {
	if err := i.pod(ctx, "leaving", "! nc -w 2 192.0.2.1 80 </dev/null", once); err != nil {
		return err
	}
	return i.untilPod(ctx, "leaving", succeeded)
}

// once makes a pod run only once.
func once(pod *corev1.Pod) { pod.Spec.RestartPolicy = corev1.RestartPolicyNever }

// succeeded holds for a pod that has done its work.
func succeeded(pod *corev1.Pod) error {
	if pod.Status.Phase == corev1.PodSucceeded {
		return nil
	}
	return fmt.Errorf("it is %s", pod.Status.Phase)
}
