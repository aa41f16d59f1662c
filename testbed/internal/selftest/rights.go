package selftest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"seaworthy.test/testbed/internal/wait"
)

// rightsChecks show that what guards a real cluster guards this one.
func (i *inside) rightsChecks() []check {
	return []check{
		{"rbac_denies", i.rbacDenies},
		{"pod_security_refuses", i.podSecurityRefuses},
		{"audit_log_has_writes_with_their_bodies", i.audited},
	}
}

func (i *inside) rbacDenies(ctx context.Context) error {
	config := rest.CopyConfig(i.config)
	config.Impersonate.UserName = "system:serviceaccount:default:default"
	nobody, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	_, err = nobody.CoreV1().Pods("default").List(ctx, metav1.ListOptions{})
	if !errors.IsForbidden(err) {
		return fmt.Errorf("a service account without rights got %v", err)
	}
	return nil
}

func (i *inside) podSecurityRefuses(ctx context.Context) error {
	privileged := true
	err := i.pod(ctx, "privileged", forever, func(pod *corev1.Pod) {
		pod.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: &privileged}
	})
	if !errors.IsForbidden(err) {
		return fmt.Errorf("a privileged pod got %v", err)
	}
	return nil
}

func (i *inside) audited(ctx context.Context) error {
	secret := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "audited"}, Data: map[string]string{"key": "audited-value"}}
	if _, err := i.admin.CoreV1().ConfigMaps("default").Create(ctx, secret, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("make a config map: %w", err)
	}
	return wait.Until(ctx, patience, "the call in the audit log", func(context.Context) error { return i.inAudit("audited") })
}

func (i *inside) inAudit(name string) error {
	file, err := os.Open(i.audit)
	if err != nil {
		return fmt.Errorf("open the audit log: %w", err)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var event struct {
			Verb      string
			ObjectRef struct{ Resource, Name string }
			User      struct{ Username string }
			// RequestObject is the body.
			RequestObject *struct{ Data map[string]string }
		}
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			continue // the last line may be half written
		}
		if event.Verb == "create" && event.ObjectRef.Resource == "configmaps" && event.RequestObject != nil &&
			event.RequestObject.Data["key"] == name+"-value" && event.User.Username == "admin" {
			return nil
		}
	}
	return fmt.Errorf("it is not there (%v)", lines.Err())
}
