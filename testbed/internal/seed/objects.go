package seed

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

const (
	appLabel  = "app.kubernetes.io/name"
	hashLabel = "pod-template-hash"
)

func (w World) namespace(index int) *corev1.Namespace {
	name := namespaceName(index)
	object := &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: w.meta("namespace", index, "", name),
		Spec:       corev1.NamespaceSpec{Finalizers: []corev1.FinalizerName{corev1.FinalizerKubernetes}},
		Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
	}
	object.Labels = map[string]string{corev1.LabelMetadataName: name}
	return object
}

func (w World) node(index int) *corev1.Node {
	name := nodeName(index)
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("16"),
		corev1.ResourceMemory:           resource.MustParse("65536Mi"),
		corev1.ResourcePods:             resource.MustParse("110"),
		corev1.ResourceEphemeralStorage: resource.MustParse("200Gi"),
	}
	object := &corev1.Node{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: w.meta("node", index, "", name),
		Spec:       corev1.NodeSpec{ProviderID: "testbed://" + name},
		Status: corev1.NodeStatus{
			Capacity: capacity, Allocatable: capacity,
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: nodeIP(index)},
				{Type: corev1.NodeHostName, Address: name},
			},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: 10250}},
			NodeInfo: corev1.NodeSystemInfo{
				MachineID: short("machine", index, 20), SystemUUID: string(uid("system", index)), BootID: string(uid("boot", index)),
				KernelVersion: "6.12.0", OSImage: "Debian GNU/Linux 12", ContainerRuntimeVersion: "containerd://1.6.20",
				KubeletVersion: "v1.37.2", OperatingSystem: "linux", Architecture: "amd64",
			},
			Conditions: w.nodeConditions(),
		},
	}
	object.Labels = map[string]string{
		corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		corev1.LabelTopologyZone: zoneOf(index), corev1.LabelTopologyRegion: "testbed",
		corev1.LabelInstanceTypeStable: "standard-16",
	}
	return object
}

func (w World) nodeConditions() []corev1.NodeCondition {
	condition := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, message string) corev1.NodeCondition {
		return corev1.NodeCondition{
			Type: kind, Status: status, Reason: reason, Message: message,
			LastHeartbeatTime: metav1.NewTime(w.Born), LastTransitionTime: metav1.NewTime(w.Born),
		}
	}
	return []corev1.NodeCondition{
		condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
		condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
		condition(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
		condition(corev1.NodeReady, corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status"),
	}
}

func (w World) lease(index int) *coordinationv1.Lease {
	object := &coordinationv1.Lease{
		TypeMeta:   metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"},
		ObjectMeta: w.meta("lease", index, "kube-node-lease", nodeName(index)),
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity:       ptr.To(nodeName(index)),
			LeaseDurationSeconds: ptr.To(int32(40)),
			RenewTime:            ptr.To(metav1.NewMicroTime(w.Born)),
		},
	}
	object.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "v1", Kind: "Node", Name: nodeName(index), UID: uid("node", index),
	}}
	return object
}

func workloadLabels(workload int) map[string]string {
	return map[string]string{
		appLabel:                       deploymentName(workload),
		"app.kubernetes.io/part-of":    "shop",
		"app.kubernetes.io/version":    "2.14.3",
		"app.kubernetes.io/managed-by": "Helm",
	}
}

func selector(workload int) map[string]string {
	return map[string]string{appLabel: deploymentName(workload)}
}

func podLabels(workload int) map[string]string {
	labels := workloadLabels(workload)
	labels[hashLabel] = templateHash(workload)
	return labels
}

func (w World) deployment(workload int) *appsv1.Deployment {
	replicas := int32(w.replicas(workload))
	quarter := intstr.FromString("25%")
	object := &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: w.meta("deployment", workload, namespaceOf(workload), deploymentName(workload)),
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: selector(workload)},
			Template: podTemplate(workload, workloadLabels(workload)),
			Strategy: appsv1.DeploymentStrategy{
				Type:          appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: &quarter, MaxSurge: &quarter},
			},
			RevisionHistoryLimit: ptr.To(int32(10)), ProgressDeadlineSeconds: ptr.To(int32(600)),
		},
		Status: appsv1.DeploymentStatus{
			ObservedGeneration: 1, Replicas: replicas, UpdatedReplicas: replicas,
			ReadyReplicas: replicas, AvailableReplicas: replicas,
			Conditions: []appsv1.DeploymentCondition{
				{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, Reason: "MinimumReplicasAvailable",
					Message: "Deployment has minimum availability.", LastUpdateTime: metav1.NewTime(w.Born), LastTransitionTime: metav1.NewTime(w.Born)},
				{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable",
					Message: fmt.Sprintf("ReplicaSet %q has successfully progressed.", replicaSetName(workload)), LastUpdateTime: metav1.NewTime(w.Born), LastTransitionTime: metav1.NewTime(w.Born)},
			},
		},
	}
	object.Labels, object.Generation = workloadLabels(workload), 1
	object.Annotations = map[string]string{"deployment.kubernetes.io/revision": "1"}
	return object
}

func (w World) replicaSet(workload int) *appsv1.ReplicaSet {
	replicas := int32(w.replicas(workload))
	labels := selector(workload)
	labels[hashLabel] = templateHash(workload)
	object := &appsv1.ReplicaSet{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ReplicaSet"},
		ObjectMeta: w.meta("replicaset", workload, namespaceOf(workload), replicaSetName(workload)),
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: podTemplate(workload, podLabels(workload)),
		},
		Status: appsv1.ReplicaSetStatus{
			ObservedGeneration: 1, Replicas: replicas, FullyLabeledReplicas: replicas,
			ReadyReplicas: replicas, AvailableReplicas: replicas,
		},
	}
	object.Labels, object.Generation = podLabels(workload), 1
	object.Annotations = map[string]string{"deployment.kubernetes.io/revision": "1"}
	object.OwnerReferences = owner("apps/v1", "Deployment", deploymentName(workload), "deployment", workload)
	return object
}

func (w World) service(workload int) *corev1.Service {
	object := &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: w.meta("service", workload, namespaceOf(workload), deploymentName(workload)),
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeClusterIP, Selector: selector(workload),
			// An address would have to be allocated, and the API server would do so one by one.
			ClusterIP: corev1.ClusterIPNone, ClusterIPs: []string{corev1.ClusterIPNone},
			IPFamilies: []corev1.IPFamily{corev1.IPv4Protocol}, IPFamilyPolicy: ptr.To(corev1.IPFamilyPolicySingleStack),
			SessionAffinity: corev1.ServiceAffinityNone, InternalTrafficPolicy: ptr.To(corev1.ServiceInternalTrafficPolicyCluster),
			Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http"), Protocol: corev1.ProtocolTCP}},
		},
	}
	object.Labels = workloadLabels(workload)
	return object
}

func (w World) endpointSlice(workload int) *discoveryv1.EndpointSlice {
	name := deploymentName(workload) + "-" + short("slice", workload, 5)
	object := &discoveryv1.EndpointSlice{
		TypeMeta:    metav1.TypeMeta{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"},
		ObjectMeta:  w.meta("slice", workload, namespaceOf(workload), name),
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: ptr.To("http"), Port: ptr.To(int32(8080)), Protocol: ptr.To(corev1.ProtocolTCP)}},
	}
	object.Labels = map[string]string{
		discoveryv1.LabelServiceName: deploymentName(workload),
		discoveryv1.LabelManagedBy:   "endpointslice-controller.k8s.io",
	}
	object.OwnerReferences = owner("v1", "Service", deploymentName(workload), "service", workload)
	first := workload * podsPerWorkload
	for pod := first; pod < first+w.replicas(workload); pod++ {
		node := w.nodeOf(pod)
		object.Endpoints = append(object.Endpoints, discoveryv1.Endpoint{
			Addresses:  []string{podIP(pod)},
			Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true), Serving: ptr.To(true), Terminating: ptr.To(false)},
			NodeName:   ptr.To(nodeName(node)), Zone: ptr.To(zoneOf(node)),
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: namespaceOf(workload), Name: podName(pod), UID: uid("pod", pod)},
		})
	}
	return object
}

func owner(version, kind, name, key string, index int) []metav1.OwnerReference {
	return []metav1.OwnerReference{{
		APIVersion: version, Kind: kind, Name: name, UID: uid(key, index),
		Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true),
	}}
}

// startedAfter is how long after their creation containers run.
const startedAfter = 4 * time.Second
