package selftest

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"seaworthy.test/testbed/internal/control"
	"seaworthy.test/testbed/internal/images"
	"seaworthy.test/testbed/internal/layout"
	"seaworthy.test/testbed/internal/wait"
)

// patience bounds the wait for one condition. It is long only so that a
// machine under load does not fail a check; nothing is measured.
const patience = 120 * time.Second

// inside is the part of the self-test that uses the cluster.
type inside struct {
	admin  kubernetes.Interface
	config *rest.Config
	proxy  kubernetes.Interface
	orders *control.Client
	audit  string
}

// RunInside runs the checks of the cluster in whose testbed we are.
func RunInside(ctx context.Context, bed layout.Testbed, out io.Writer) error {
	i := &inside{orders: control.NewClient(bed.ControlSocket()), audit: bed.AuditLog()}
	var err error
	if i.config, i.admin, err = connect(os.Getenv("KUBECONFIG")); err != nil {
		return err
	}
	if _, i.proxy, err = connect(os.Getenv("SEAWORTHY_TESTBED_PROXY")); err != nil {
		return err
	}
	report := &report{out: out}
	report.together(ctx, i.podChecks())
	report.together(ctx, i.rightsChecks())
	report.together(ctx, []check{
		{"fault_freeze_kubelet", i.freezeKubelet},
		{"fault_cut_network", i.cutNetwork},
	})
	report.together(ctx, []check{
		{"fault_kill_containerd", i.killContainerd},
		{"fault_fill_disk", i.fillDisk},
	})
	report.together(ctx, []check{
		{"fault_break_cni", i.breakCNI},
		{"fault_memory_pressure", i.memoryPressure},
	})
	report.together(ctx, []check{
		{"fault_power_off", i.powerOff},
		{"fault_stop_kubelet", i.stopKubelet},
	})
	report.all(ctx, i.clusterChecks())
	report.all(ctx, i.proxyChecks())
	return report.end()
}

func connect(kubeconfig string) (*rest.Config, kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, nil, fmt.Errorf("read the kubeconfig %q: %w", kubeconfig, err)
	}
	config.QPS, config.Burst = 100, 200
	config.ContentType = "application/json" // the proxy reads it
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, nil, fmt.Errorf("make a client: %w", err)
	}
	return config, client, nil
}

// fault gives the order for a fault.
func (i *inside) fault(ctx context.Context, name, node string, params map[string]string) error {
	request := control.FaultRequest{Name: name, Node: node, Params: params}
	if _, err := i.orders.Order(ctx, "/fault", request); err != nil {
		return fmt.Errorf("fault %s: %w", name, err)
	}
	return nil
}

// pod makes a pod of the tools image that runs a shell script.
func (i *inside) pod(ctx context.Context, name, script string, adapt func(*corev1.Pod)) error {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", Labels: map[string]string{"app": name}},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: new(int64),
			Containers: []corev1.Container{{
				Name: "main", Image: images.Tools, Command: []string{"/bin/sh", "-c", script},
			}},
		},
	}
	if adapt != nil {
		adapt(pod)
	}
	if _, err := i.admin.CoreV1().Pods("default").Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("make pod %s: %w", name, err)
	}
	return nil
}

// untilPod waits until a pod is as holds says; what it returns is why not yet.
func (i *inside) untilPod(ctx context.Context, name string, holds func(*corev1.Pod) error) error {
	return wait.Until(ctx, patience, "pod "+name, func(ctx context.Context) error {
		pod, err := i.admin.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		return holds(pod)
	})
}

// untilNode waits until a condition of a node has a status.
func (i *inside) untilNode(ctx context.Context, name string, kind corev1.NodeConditionType, want corev1.ConditionStatus) error {
	what := fmt.Sprintf("%s of %s to be %s", kind, name, want)
	return wait.Until(ctx, patience, what, func(ctx context.Context) error {
		node, err := i.admin.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range node.Status.Conditions {
			if condition.Type == kind {
				if condition.Status == want {
					return nil
				}
				return fmt.Errorf("it is %s: %s %s", condition.Status, condition.Reason, condition.Message)
			}
		}
		return fmt.Errorf("the node does not say")
	})
}

// running holds for a pod whose first container runs.
func running(pod *corev1.Pod) error {
	if statuses := pod.Status.ContainerStatuses; len(statuses) > 0 && statuses[0].State.Running != nil {
		return nil
	}
	return fmt.Errorf("it does not run: %s %+v", pod.Status.Phase, pod.Status.ContainerStatuses)
}

// waitingFor holds for a pod whose first container waits for that reason.
func waitingFor(reason string) func(*corev1.Pod) error {
	return func(pod *corev1.Pod) error {
		for _, status := range pod.Status.ContainerStatuses {
			if status.State.Waiting != nil && status.State.Waiting.Reason == reason {
				return nil
			}
		}
		return fmt.Errorf("it does not wait for %s: %+v", reason, pod.Status.ContainerStatuses)
	}
}
