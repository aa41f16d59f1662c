package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"seaworthy.test/testbed/internal/seed"
)

const (
	// page is how many pods are read at once.
	page = 1000
	// mostWriters bounds writes in flight.
	mostWriters = 32
)

// Load is a steady stream of changes to pods, written straight into etcd: the
// API server then has nothing to do but what is measured, to pass them on.
type Load struct {
	// PerSecond is the number of changes in each second.
	PerSecond int
	// Changes is how many there are altogether, each to another pod as long as
	// there are enough.
	Changes int
	Kind    Kind
	// Namespace, if set, is the only one in which pods change.
	Namespace string
}

// Change is one change, as it is logged.
type Change struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	UID       string `json:"uid"`
	Kind      Kind   `json:"kind"`
	// At is in nanoseconds since 1970.
	At int64 `json:"at"`
}

// Summary is what came of a load.
type Summary struct {
	Changes   int     `json:"changes"`
	Pods      int     `json:"pods"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"perSecond"`
}

// Run applies the load and logs every change as a line of JSON to log.
func (l Load) Run(ctx context.Context, etcd *clientv3.Client, log io.Writer) (Summary, error) {
	if l.PerSecond < 1 || l.Changes < 1 {
		return Summary{}, fmt.Errorf("a load needs at least one change per second and one in all")
	}
	pods, err := l.read(ctx, etcd)
	if err != nil {
		return Summary{}, err
	}
	if len(pods) == 0 {
		return Summary{}, fmt.Errorf("there are no pods to change: seed some")
	}
	lines := make(chan Change, mostWriters)
	group, groupContext := errgroup.WithContext(ctx)
	group.SetLimit(mostWriters + 1)
	logged := make(chan error, 1)
	go func() { logged <- write(lines, log) }()

	started := time.Now()
	for index := range l.Changes {
		// Each change has its time from the start on: a late one is followed by
		// others without a pause, so that the rate holds.
		due := started.Add(time.Duration(index) * time.Second / time.Duration(l.PerSecond))
		select {
		case <-groupContext.Done():
		case <-time.After(time.Until(due)):
		}
		if groupContext.Err() != nil {
			break
		}
		pod := pods[index%len(pods)]
		l.Kind.apply(pod, time.Now())
		value, err := seed.Encode(pod)
		if err != nil {
			return Summary{}, err
		}
		at, _ := ChangedAt(pod)
		change := Change{Namespace: pod.Namespace, Name: pod.Name, UID: string(pod.UID), Kind: l.Kind, At: at.UnixNano()}
		group.Go(func() error {
			if _, err := etcd.Put(groupContext, seed.PodKey(change.Namespace, change.Name), string(value)); err != nil {
				return fmt.Errorf("change pod %s/%s: %w", change.Namespace, change.Name, err)
			}
			lines <- change
			return nil
		})
	}
	err = group.Wait()
	close(lines)
	if logErr := <-logged; err == nil {
		err = logErr
	}
	seconds := time.Since(started).Seconds()
	return Summary{
		Changes: l.Changes, Pods: len(pods), Seconds: seconds, PerSecond: float64(l.Changes) / seconds,
	}, err
}

func write(lines <-chan Change, log io.Writer) error {
	encoder := json.NewEncoder(log)
	var failed error
	for change := range lines {
		if err := encoder.Encode(change); err != nil && failed == nil {
			failed = fmt.Errorf("log a change: %w", err)
		}
	}
	return failed
}

// read gets as many pods as there are changes.
func (l Load) read(ctx context.Context, etcd *clientv3.Client) ([]*corev1.Pod, error) {
	prefix := seed.PodsPrefix
	if l.Namespace != "" {
		prefix += l.Namespace + "/"
	}
	end := clientv3.GetPrefixRangeEnd(prefix)
	var pods []*corev1.Pod
	for key := prefix; len(pods) < l.Changes; {
		answer, err := etcd.Get(ctx, key, clientv3.WithRange(end), clientv3.WithLimit(page))
		if err != nil {
			return nil, fmt.Errorf("read pods: %w", err)
		}
		for _, kv := range answer.Kvs {
			pod := &corev1.Pod{}
			if err := seed.Decode(kv.Value, pod); err != nil {
				return nil, err
			}
			pod.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}
			pods = append(pods, pod)
		}
		if !answer.More {
			break
		}
		key = string(answer.Kvs[len(answer.Kvs)-1].Key) + "\x00"
	}
	return pods[:min(len(pods), l.Changes)], nil
}
