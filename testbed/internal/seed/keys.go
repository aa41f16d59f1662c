package seed

import (
	"bytes"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// prefix is below what the API server keeps everything.
const prefix = "/registry/"

// Keys of the API server's layout in etcd. Nodes and Services are kept under
// names that they once had.
func nodeKey(name string) string                  { return prefix + "minions/" + name }
func namespaceKey(name string) string             { return prefix + "namespaces/" + name }
func serviceKey(namespace, name string) string    { return namespaced("services/specs", namespace, name) }
func sliceKey(namespace, name string) string      { return namespaced("endpointslices", namespace, name) }
func deploymentKey(namespace, name string) string { return namespaced("deployments", namespace, name) }
func replicaSetKey(namespace, name string) string { return namespaced("replicasets", namespace, name) }
func leaseKey(node string) string                 { return namespaced("leases", "kube-node-lease", node) }
func namespaced(kind, namespace, name string) string {
	return prefix + kind + "/" + namespace + "/" + name
}

// PodKey is where the API server keeps a pod.
func PodKey(namespace, name string) string { return namespaced("pods", namespace, name) }

// PodsPrefix is below what all pods are.
const PodsPrefix = prefix + "pods/"

// codec writes the envelope that the API server expects: "k8s\0", then the kind
// and the object as protobuf.
var codec = protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)

// Encode renders an object as the API server stores it. Its kind has to be set.
func Encode(object runtime.Object) ([]byte, error) {
	var buffer bytes.Buffer
	if err := codec.Encode(object, &buffer); err != nil {
		return nil, fmt.Errorf("encode an object for etcd: %w", err)
	}
	return buffer.Bytes(), nil
}

// Decode reads what the API server has stored into object.
func Decode(data []byte, object runtime.Object) error {
	if _, _, err := codec.Decode(data, nil, object); err != nil {
		return fmt.Errorf("decode an object from etcd: %w", err)
	}
	return nil
}
