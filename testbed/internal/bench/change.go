package bench

import (
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// changedAt is the annotation that says when a pod was changed, in nanoseconds
// since 1970.
const changedAt = "seaworthy.test/changed-at"

// ChangedAt is when the load changed the pod, if it did.
func ChangedAt(pod *corev1.Pod) (time.Time, bool) {
	nanoseconds, err := strconv.ParseInt(pod.Annotations[changedAt], 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	return time.Unix(0, nanoseconds), true
}

// Kind is what a change does to a pod.
type Kind string

// The kinds of change.
const (
	// Touch changes nothing but the annotation.
	Touch Kind = "touch"
	// Crash makes the pod's first container crash and wait.
	Crash Kind = "crash"
	// Heal makes it run again.
	Heal Kind = "heal"
)

// ParseKind understands a kind of change.
func ParseKind(text string) (Kind, error) {
	switch kind := Kind(text); kind {
	case Touch, Crash, Heal:
		return kind, nil
	default:
		return "", fmt.Errorf("change %q: choose touch, crash or heal", text)
	}
}

// apply changes pod as kind says, and notes the time in it.
func (k Kind) apply(pod *corev1.Pod, now time.Time) {
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[changedAt] = strconv.FormatInt(now.UnixNano(), 10)
	if k == Touch || len(pod.Status.ContainerStatuses) == 0 {
		return
	}
	status := &pod.Status.ContainerStatuses[0]
	at := metav1.NewTime(now)
	ready := corev1.ConditionTrue
	if k == Crash {
		ready = corev1.ConditionFalse
		status.RestartCount += 5
		status.LastTerminationState = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: 3, Reason: "Error", StartedAt: at, FinishedAt: at, ContainerID: status.ContainerID,
		}}
		status.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
			Reason:  "CrashLoopBackOff",
			Message: "back-off 5m0s restarting failed container=" + status.Name + " pod=" + pod.Name + "_" + pod.Namespace,
		}}
	} else {
		status.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: at}}
	}
	status.Ready = k == Heal
	for i := range pod.Status.Conditions {
		condition := &pod.Status.Conditions[i]
		if condition.Type == corev1.PodReady || condition.Type == corev1.ContainersReady {
			condition.Status, condition.LastTransitionTime = ready, at
		}
	}
}
