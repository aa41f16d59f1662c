package selftest

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seaworthy.test/testbed/internal/wait"
)

// The nodes of the self-test. Faults of one run beside faults of the other.
const (
	nodeOne = "node-1"
	nodeTwo = "node-2"
)

// comesAndGoes brings a fault about, waits for what it does to a condition of
// the node, undoes it and waits for that to pass.
func (i *inside) comesAndGoes(ctx context.Context, fault, undo, node string, kind corev1.NodeConditionType, broken, whole corev1.ConditionStatus) error {
	if err := i.fault(ctx, fault, node, nil); err != nil {
		return err
	}
	if err := i.untilNode(ctx, node, kind, broken); err != nil {
		return err
	}
	if err := i.fault(ctx, undo, node, nil); err != nil {
		return err
	}
	return i.untilNode(ctx, node, kind, whole)
}

func (i *inside) freezeKubelet(ctx context.Context) error {
	return i.comesAndGoes(ctx, "freeze-kubelet", "thaw-kubelet", nodeOne,
		corev1.NodeReady, corev1.ConditionUnknown, corev1.ConditionTrue)
}

func (i *inside) cutNetwork(ctx context.Context) error {
	return i.comesAndGoes(ctx, "cut-network", "mend-network", nodeTwo,
		corev1.NodeReady, corev1.ConditionUnknown, corev1.ConditionTrue)
}

func (i *inside) killContainerd(ctx context.Context) error {
	return i.comesAndGoes(ctx, "kill-containerd", "start-containerd", nodeOne,
		corev1.NodeReady, corev1.ConditionFalse, corev1.ConditionTrue)
}

func (i *inside) fillDisk(ctx context.Context) error {
	return i.comesAndGoes(ctx, "fill-disk", "free-disk", nodeTwo,
		corev1.NodeDiskPressure, corev1.ConditionTrue, corev1.ConditionFalse)
}

func (i *inside) breakCNI(ctx context.Context) error {
	return i.comesAndGoes(ctx, "break-cni", "mend-cni", nodeOne,
		corev1.NodeReady, corev1.ConditionFalse, corev1.ConditionTrue)
}

func (i *inside) memoryPressure(ctx context.Context) error {
	return i.comesAndGoes(ctx, "memory-pressure", "relieve-memory", nodeTwo,
		corev1.NodeMemoryPressure, corev1.ConditionTrue, corev1.ConditionFalse)
}

func (i *inside) stopKubelet(ctx context.Context) error {
	return i.comesAndGoes(ctx, "stop-kubelet", "start-kubelet", nodeTwo,
		corev1.NodeReady, corev1.ConditionUnknown, corev1.ConditionTrue)
}

// powerOff also shows that the node has rebooted when it comes back, and that
// it runs pods again.
func (i *inside) powerOff(ctx context.Context) error {
	before, err := i.bootID(ctx, nodeOne)
	if err != nil {
		return err
	}
	err = i.comesAndGoes(ctx, "power-off", "power-on", nodeOne,
		corev1.NodeReady, corev1.ConditionUnknown, corev1.ConditionTrue)
	if err != nil {
		return err
	}
	err = wait.Until(ctx, patience, "another boot id", func(ctx context.Context) error {
		after, err := i.bootID(ctx, nodeOne)
		if err == nil && after == before {
			err = fmt.Errorf("it is still %s", before)
		}
		return err
	})
	if err != nil {
		return err
	}
	err = i.pod(ctx, "rebooted", forever, func(pod *corev1.Pod) { pod.Spec.NodeName = nodeOne })
	if err != nil {
		return err
	}
	return i.untilPod(ctx, "rebooted", running)
}

func (i *inside) bootID(ctx context.Context, name string) (string, error) {
	node, err := i.admin.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("look at %s: %w", name, err)
	}
	return node.Status.NodeInfo.BootID, nil
}
