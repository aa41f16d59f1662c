package seed

import (
	"encoding/hex"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

const (
	image    = "registry.seaworthy.test/shop/service:2.14.3"
	tokenDir = "/var/run/secrets/kubernetes.io/serviceaccount"
	token    = "kube-api-access-x7k2p"
)

// pod is a pod as it comes from a real cluster: about 5.7 KB as JSON, a third
// of it bookkeeping about who manages which field.
func (w World) pod(index int) *corev1.Pod {
	workload := index / podsPerWorkload
	template := podTemplate(workload, podLabels(workload))
	object := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: w.meta("pod", index, namespaceOf(workload), podName(index)),
		Spec:       template.Spec,
		Status:     w.podStatus(index),
	}
	object.GenerateName = replicaSetName(workload) + "-"
	object.Labels, object.Annotations = template.Labels, template.Annotations
	object.Generation = 1
	object.OwnerReferences = owner("apps/v1", "ReplicaSet", replicaSetName(workload), "replicaset", workload)
	object.ManagedFields = w.managedFields()
	spec := &object.Spec
	spec.NodeName = nodeName(w.nodeOf(index))
	spec.ServiceAccountName, spec.DeprecatedServiceAccount = "default", "default"
	spec.Priority, spec.EnableServiceLinks = ptr.To(int32(0)), ptr.To(true)
	spec.PreemptionPolicy = ptr.To(corev1.PreemptLowerPriority)
	spec.Tolerations = []corev1.Toleration{
		{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To(int64(300))},
		{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To(int64(300))},
	}
	spec.Volumes = append(spec.Volumes, tokenVolume())
	spec.Containers[0].VolumeMounts = append(spec.Containers[0].VolumeMounts,
		corev1.VolumeMount{Name: token, MountPath: tokenDir, ReadOnly: true})
	return object
}

func podTemplate(workload int, labels map[string]string) corev1.PodTemplateSpec {
	probe := func(path string, period int32) *corev1.Probe {
		return &corev1.Probe{
			ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
				Path: path, Port: intstr.FromString("http"), Scheme: corev1.URISchemeHTTP,
			}},
			TimeoutSeconds: 1, PeriodSeconds: period, SuccessThreshold: 1, FailureThreshold: 3,
		}
	}
	field := func(path string) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}
	}
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{
			Labels: labels,
			Annotations: map[string]string{
				"checksum/config":      hex.EncodeToString(sum("config", workload)),
				"prometheus.io/scrape": "true",
				"prometheus.io/port":   "8080",
			},
		},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyAlways, DNSPolicy: corev1.DNSClusterFirst, SchedulerName: corev1.DefaultSchedulerName,
			TerminationGracePeriodSeconds: ptr.To(int64(30)), SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: ptr.To(true)},
			Volumes: []corev1.Volume{{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: deploymentName(workload)}, DefaultMode: ptr.To(int32(420)),
			}}}},
			Containers: []corev1.Container{{
				Name: "app", Image: image, Args: []string{"--config=/etc/app/config.yaml", "--log-level=info"},
				ImagePullPolicy: corev1.PullIfNotPresent,
				Ports:           []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}},
				Env: []corev1.EnvVar{
					{Name: "POD_NAME", ValueFrom: field("metadata.name")},
					{Name: "POD_IP", ValueFrom: field("status.podIP")},
					{Name: "GOMEMLIMIT", Value: "230MiB"},
				},
				Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")},
					Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")},
				},
				LivenessProbe: probe("/healthz", 10), ReadinessProbe: probe("/readyz", 5),
				VolumeMounts:             []corev1.VolumeMount{{Name: "config", MountPath: "/etc/app", ReadOnly: true}},
				TerminationMessagePath:   corev1.TerminationMessagePathDefault,
				TerminationMessagePolicy: corev1.TerminationMessageReadFile,
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: ptr.To(false), ReadOnlyRootFilesystem: ptr.To(true),
					Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}
}

// tokenVolume is what every pod gets to speak with the API.
func tokenVolume() corev1.Volume {
	return corev1.Volume{Name: token, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		DefaultMode: ptr.To(int32(420)),
		Sources: []corev1.VolumeProjection{
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{ExpirationSeconds: ptr.To(int64(3607)), Path: "token"}},
			{ConfigMap: &corev1.ConfigMapProjection{
				LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
				Items:                []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
			}},
			{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{{
				Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"},
			}}}},
		},
	}}}
}

func (w World) podStatus(index int) corev1.PodStatus {
	started := metav1.NewTime(w.Born.Add(startedAfter))
	digest := hex.EncodeToString(sum("image", 0))
	condition := func(kind corev1.PodConditionType) corev1.PodCondition {
		return corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: started, ObservedGeneration: 1}
	}
	return corev1.PodStatus{
		Phase: corev1.PodRunning, ObservedGeneration: 1, QOSClass: corev1.PodQOSBurstable,
		HostIP: nodeIP(w.nodeOf(index)), HostIPs: []corev1.HostIP{{IP: nodeIP(w.nodeOf(index))}},
		PodIP: podIP(index), PodIPs: []corev1.PodIP{{IP: podIP(index)}},
		StartTime: ptr.To(metav1.NewTime(w.Born)),
		Conditions: []corev1.PodCondition{
			condition(corev1.PodReadyToStartContainers), condition(corev1.PodInitialized),
			condition(corev1.PodReady), condition(corev1.ContainersReady), condition(corev1.PodScheduled),
		},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: "app", Image: image, ImageID: "registry.seaworthy.test/shop/service@sha256:" + digest,
			ContainerID: "containerd://" + hex.EncodeToString(sum("container", index)),
			Ready:       true, Started: ptr.To(true),
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}},
		}},
	}
}

// managedFields are who wrote which field: the controller manager the pod, the
// kubelet its status.
func (w World) managedFields() []metav1.ManagedFieldsEntry {
	at := metav1.NewTime(w.Born)
	entry := func(manager, part, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{
			Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1", Time: &at,
			FieldsType: "FieldsV1", FieldsV1: &metav1.FieldsV1{Raw: []byte(fields)}, Subresource: part,
		}
	}
	return []metav1.ManagedFieldsEntry{
		entry("kube-controller-manager", "", specFields),
		entry("kubelet", "status", statusFields),
	}
}

const specFields = `{"f:metadata":{"f:annotations":{".":{},"f:checksum/config":{},"f:prometheus.io/port":{},"f:prometheus.io/scrape":{}},"f:generateName":{},"f:labels":{".":{},"f:app.kubernetes.io/name":{},"f:pod-template-hash":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"0\"}":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"app\"}":{".":{},"f:args":{},"f:env":{".":{},"k:{\"name\":\"POD_NAME\"}":{".":{},"f:name":{},"f:valueFrom":{}}},"f:image":{},"f:livenessProbe":{},"f:name":{},"f:ports":{},"f:readinessProbe":{},"f:resources":{},"f:securityContext":{},"f:volumeMounts":{}}},"f:dnsPolicy":{},"f:restartPolicy":{},"f:securityContext":{},"f:volumes":{}}}`

const statusFields = `{"f:status":{"f:conditions":{"k:{\"type\":\"ContainersReady\"}":{".":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Ready\"}":{".":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}}},"f:containerStatuses":{},"f:hostIP":{},"f:phase":{},"f:podIP":{},"f:startTime":{}}}`
