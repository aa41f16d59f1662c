package seed

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

var world = World{Nodes: 7, Pods: 1234, Born: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}

func TestAPodIsAsLargeAsInARealCluster(t *testing.T) {
	data, err := json.Marshal(world.pod(17))
	if err != nil {
		t.Fatal(err)
	}
	if len(data) < 5300 || len(data) > 6100 {
		t.Errorf("a pod is %d bytes of JSON, not about 5700", len(data))
	}
}

func TestObjectsReferToOneAnother(t *testing.T) {
	for _, index := range []int{0, 9, 10, 499, 500, 1233} {
		pod := world.pod(index)
		workload := index / podsPerWorkload
		set, deployment := world.replicaSet(workload), world.deployment(workload)
		if owner := pod.OwnerReferences[0]; owner.UID != set.UID || owner.Name != set.Name || pod.Namespace != set.Namespace {
			t.Errorf("pod %d is owned by %+v, not by %s/%s", index, owner, set.Namespace, set.Name)
		}
		if owner := set.OwnerReferences[0]; owner.UID != deployment.UID || owner.Name != deployment.Name {
			t.Errorf("replica set %d is owned by %+v", workload, owner)
		}
		if node := world.node(world.nodeOf(index)); pod.Spec.NodeName != node.Name {
			t.Errorf("pod %d is on %s, not on %s", index, pod.Spec.NodeName, node.Name)
		}
		for key, value := range world.service(workload).Spec.Selector {
			if pod.Labels[key] != value {
				t.Errorf("the service of workload %d does not select pod %d", workload, index)
			}
		}
		endpoint := world.endpointSlice(workload).Endpoints[index%podsPerWorkload]
		if endpoint.TargetRef.UID != pod.UID || endpoint.Addresses[0] != pod.Status.PodIP {
			t.Errorf("endpoint %+v is not pod %d", endpoint, index)
		}
	}
}

func TestTheLastWorkloadHasTheRest(t *testing.T) {
	if got := world.replicas(world.workloads() - 1); got != 4 {
		t.Errorf("the last of %d workloads has %d replicas, not 4", world.workloads(), got)
	}
	if got := world.namespaces(); got != 3 {
		t.Errorf("there are %d namespaces, not 3", got)
	}
}

func TestStoredObjectsHaveTheEnvelopeOfTheAPIServer(t *testing.T) {
	pod := world.pod(3)
	data, err := Encode(pod)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(data), "k8s\x00") {
		t.Errorf("an object starts with %q", data[:4])
	}
	var back corev1.Pod
	if err := Decode(data, &back); err != nil {
		t.Fatal(err)
	}
	if back.Name != pod.Name || back.Spec.NodeName != pod.Spec.NodeName || back.Kind != "Pod" {
		t.Errorf("read back %s of kind %q", back.Name, back.Kind)
	}
}

func TestKeysAreTheAPIServers(t *testing.T) {
	for key, want := range map[string]string{
		nodeKey("n"):             "/registry/minions/n",
		serviceKey("ns", "s"):    "/registry/services/specs/ns/s",
		PodKey("ns", "p"):        "/registry/pods/ns/p",
		deploymentKey("ns", "d"): "/registry/deployments/ns/d",
		replicaSetKey("ns", "r"): "/registry/replicasets/ns/r",
		sliceKey("ns", "e"):      "/registry/endpointslices/ns/e",
		leaseKey("n"):            "/registry/leases/kube-node-lease/n",
	} {
		if key != want {
			t.Errorf("the key is %s, not %s", key, want)
		}
	}
}
