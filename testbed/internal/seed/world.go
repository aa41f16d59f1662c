package seed

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// podsPerWorkload is the number of replicas of a Deployment.
	podsPerWorkload = 10
	// workloadsPerNamespace spreads Deployments over namespaces.
	workloadsPerNamespace = 50
)

// World is a cluster of a size, the same at every call: which objects there
// are and how they refer to each other follows from their numbers.
type World struct {
	Nodes int
	Pods  int
	// Born is when everything was created.
	Born time.Time
}

func (w World) workloads() int { return (w.Pods + podsPerWorkload - 1) / podsPerWorkload }

func (w World) namespaces() int {
	return (w.workloads() + workloadsPerNamespace - 1) / workloadsPerNamespace
}

func namespaceName(index int) string  { return fmt.Sprintf("team-%03d", index) }
func nodeName(index int) string       { return fmt.Sprintf("seeded-%05d", index) }
func deploymentName(index int) string { return fmt.Sprintf("service-%05d", index) }

// namespaceOf is the namespace of a workload.
func namespaceOf(workload int) string { return namespaceName(workload / workloadsPerNamespace) }

// nodeOf is the node of a pod: neighbours in a workload are on different nodes.
func (w World) nodeOf(pod int) int { return pod % w.Nodes }

// replicas of a workload; the last may have fewer.
func (w World) replicas(workload int) int {
	return min(podsPerWorkload, w.Pods-workload*podsPerWorkload)
}

// templateHash is a suffix such as a Deployment gives to its ReplicaSets.
func templateHash(workload int) string { return short("template", workload, 10) }

func replicaSetName(workload int) string {
	return deploymentName(workload) + "-" + templateHash(workload)
}

func podName(pod int) string {
	return replicaSetName(pod/podsPerWorkload) + "-" + short("pod", pod, 5)
}

// address counts through a range of addresses.
func address(first string, index int) string {
	start := netip.MustParseAddr(first).As4()
	number := uint32(start[0])<<24 | uint32(start[1])<<16 | uint32(start[2])<<8 | uint32(start[3])
	number += uint32(index)
	return netip.AddrFrom4([4]byte{byte(number >> 24), byte(number >> 16), byte(number >> 8), byte(number)}).String()
}

func podIP(pod int) string   { return address("10.128.0.1", pod) }
func nodeIP(node int) string { return address("10.64.0.1", node) }
func zoneOf(node int) string { return "zone-" + string(rune('a'+node%3)) }
func sum(kind string, n int) []byte {
	s := sha256.Sum256(fmt.Appendf(nil, "%s/%d", kind, n))
	return s[:]
}

// uid is a lasting identity for an object of a kind.
func uid(kind string, index int) types.UID {
	s := hex.EncodeToString(sum(kind, index)[:16])
	return types.UID(s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:])
}

// short is a suffix of the letters that Kubernetes uses for such.
func short(kind string, index, length int) string {
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	text := make([]byte, length)
	for i, b := range sum(kind, index)[:length] {
		text[i] = letters[int(b)%len(letters)]
	}
	return string(text)
}

// meta is what all objects have.
func (w World) meta(kind string, index int, namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name:              name,
		Namespace:         namespace,
		UID:               uid(kind, index),
		CreationTimestamp: metav1.NewTime(w.Born.Truncate(time.Second)),
	}
}
