package bench

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

func TestAPodCrashesAndHeals(t *testing.T) {
	pod := &corev1.Pod{Status: corev1.PodStatus{
		ContainerStatuses: []corev1.ContainerStatus{{Name: "app", Ready: true}},
		Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}, {Type: corev1.PodScheduled, Status: corev1.ConditionTrue}},
	}}
	now := time.Unix(1, 234)
	Crash.apply(pod, now)
	status := pod.Status.ContainerStatuses[0]
	if status.Ready || status.State.Waiting == nil || status.State.Waiting.Reason != "CrashLoopBackOff" || status.RestartCount == 0 {
		t.Errorf("crashed, its container is %+v", status)
	}
	if pod.Status.Conditions[0].Status != corev1.ConditionFalse || pod.Status.Conditions[1].Status != corev1.ConditionTrue {
		t.Errorf("crashed, its conditions are %+v", pod.Status.Conditions)
	}
	if at, ok := ChangedAt(pod); !ok || !at.Equal(now) {
		t.Errorf("it was changed at %s", at)
	}
	Heal.apply(pod, now)
	if status := pod.Status.ContainerStatuses[0]; !status.Ready || status.State.Running == nil {
		t.Errorf("healed, its container is %+v", status)
	}
}

func TestKindsOfChangeAreKnown(t *testing.T) {
	if _, err := ParseKind("explode"); err == nil {
		t.Error("explode is no kind of change")
	}
	if kind, err := ParseKind("crash"); err != nil || kind != Crash {
		t.Errorf("crash is %s, %v", kind, err)
	}
}
