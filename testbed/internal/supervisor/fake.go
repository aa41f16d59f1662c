package supervisor

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seaworthy.test/testbed/internal/controlplane"
	"seaworthy.test/testbed/internal/layout"
	"seaworthy.test/testbed/internal/process"
)

const (
	// fakeMark is how KWOK knows the nodes that it pretends to be.
	fakeMark = "kwok.x-k8s.io/node"
	// fakeParallelism bounds the calls that make fake nodes.
	fakeParallelism = 16
)

// stages is what KWOK does with nodes and pods.
//
//go:embed stages.yaml
var stages []byte

// startFake makes the fake nodes and starts KWOK, which keeps them and the pods
// on them alive.
func (s *Supervisor) startFake(ctx context.Context) error {
	if s.options.FakeNodes == 0 {
		return nil
	}
	program := filepath.Join(filepath.Dir(s.program), "kwok")
	if _, err := os.Stat(program); err != nil {
		return fmt.Errorf("fake nodes need KWOK, which `cargo xtask testbed` builds: %w", err)
	}
	if err := os.WriteFile(s.bed.Config("stages.yaml"), stages, 0o644); err != nil {
		return fmt.Errorf("write what KWOK is to do: %w", err)
	}
	kwok := process.New(process.Spec{
		Name: "kwok", Path: program, Env: controlplane.Environment(), Log: s.bed.Log("kwok"),
		Args: []string{
			"--kubeconfig=" + s.bed.Kubeconfig(controlplane.Admin),
			"--config=" + s.bed.Config("stages.yaml"),
			"--manage-nodes-with-annotation-selector=" + fakeMark + "=fake",
			"--node-ip=" + layout.ControlPlaneIP,
			"--cidr=10.100.0.0/14",
			"--node-lease-duration-seconds=8",
		},
	})
	s.mu.Lock()
	s.extras = append(s.extras, kwok)
	s.mu.Unlock()
	if err := kwok.Start(); err != nil {
		return err
	}
	group, groupContext := errgroup.WithContext(ctx)
	group.SetLimit(fakeParallelism)
	for index := 1; index <= s.options.FakeNodes; index++ {
		group.Go(func() error {
			_, err := s.client.CoreV1().Nodes().Create(groupContext, fakeNode(index), metav1.CreateOptions{})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("make the fake nodes: %w", err)
	}
	last := fakeNode(s.options.FakeNodes).Name
	if err := s.waitNode(ctx, last); err != nil {
		return err
	}
	s.step("%d fake nodes are there", s.options.FakeNodes)
	return nil
}

// fakeNode is a node on which only pods run that tolerate that nothing runs there.
func fakeNode(index int) *corev1.Node {
	name := fmt.Sprintf("fake-%05d", index)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Annotations: map[string]string{fakeMark: "fake"},
			Labels: map[string]string{
				corev1.LabelHostname:       name,
				corev1.LabelTopologyZone:   "zone-" + string(rune('a'+(index-1)%3)),
				corev1.LabelTopologyRegion: "testbed",
				"type":                     "kwok",
			},
		},
		Spec: corev1.NodeSpec{Taints: []corev1.Taint{
			{Key: fakeMark, Value: "fake", Effect: corev1.TaintEffectNoSchedule},
		}},
		Status: corev1.NodeStatus{Capacity: fakeCapacity(), Allocatable: fakeCapacity()},
	}
}

func fakeCapacity() corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("32"),
		corev1.ResourceMemory: resource.MustParse("128Gi"),
		corev1.ResourcePods:   resource.MustParse("110"),
	}
}
