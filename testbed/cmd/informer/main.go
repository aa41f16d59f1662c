// Command informer is what Seaworthy's monitor is measured against: a plain
// client-go informer on pods and nodes, over protobuf. It prints what that
// costs as one JSON object.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"

	"seaworthy.test/testbed/internal/bench"
)

// result is what is printed. Memory is in bytes, times are in seconds.
type result struct {
	Pods         int     `json:"pods"`
	Nodes        int     `json:"nodes"`
	SyncSeconds  float64 `json:"syncSeconds"`
	SyncCPU      float64 `json:"syncCpuSeconds"`
	TotalCPU     float64 `json:"totalCpuSeconds"`
	SettledRSS   int64   `json:"settledRssBytes"`
	PeakRSS      int64   `json:"peakRssBytes"`
	Changes      int     `json:"changes"`
	LatencyP50   float64 `json:"latencyP50Seconds"`
	LatencyP99   float64 `json:"latencyP99Seconds"`
	LatencyWorst float64 `json:"latencyWorstSeconds"`
}

func main() {
	kubeconfig := flag.String("kubeconfig", os.Getenv("KUBECONFIG"), "kubeconfig of the cluster")
	settle := flag.Duration("settle", 20*time.Second, "time between sync and the look at settled memory")
	watch := flag.Duration("watch", 0, "time during which the latency of changes is measured")
	synced := flag.String("synced", "", "file to make once everything has been read")
	flag.Parse()
	if err := run(*kubeconfig, *synced, *settle, *watch); err != nil {
		fmt.Fprintln(os.Stderr, "informer:", err)
		os.Exit(1)
	}
}

func run(kubeconfig, synced string, settle, watch time.Duration) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("read the kubeconfig: %w", err)
	}
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = config.ContentType
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	var latencies latencies
	started := time.Now()
	factory := informers.NewSharedInformerFactory(client, 0)
	pods, nodes := factory.Core().V1().Pods(), factory.Core().V1().Nodes()
	nodeStore := nodes.Informer().GetStore()
	podInformer := pods.Informer()
	if _, err := podInformer.AddEventHandler(cache.ResourceEventHandlerFuncs{UpdateFunc: latencies.observe}); err != nil {
		return fmt.Errorf("listen to pods: %w", err)
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	r := result{SyncSeconds: time.Since(started).Seconds()}
	if r.SyncCPU, err = cpuSeconds(); err != nil {
		return err
	}
	if synced != "" {
		if err := os.WriteFile(synced, nil, 0o644); err != nil {
			return fmt.Errorf("say that everything has been read: %w", err)
		}
	}
	// Not synchronisation: memory is looked at a fixed time after sync.
	time.Sleep(settle)
	memory, err := bench.ReadMemory()
	if err != nil {
		return err
	}
	r.SettledRSS, r.PeakRSS = memory.RSSBytes, memory.PeakBytes
	r.Pods, r.Nodes = len(podInformer.GetStore().ListKeys()), len(nodeStore.ListKeys())
	time.Sleep(watch)
	r.Changes, r.LatencyP50, r.LatencyP99, r.LatencyWorst = latencies.summary()
	if r.TotalCPU, err = cpuSeconds(); err != nil {
		return err
	}
	if memory, err = bench.ReadMemory(); err != nil {
		return err
	}
	r.PeakRSS = memory.PeakBytes
	return json.NewEncoder(os.Stdout).Encode(r)
}

// latencies are the times from a change to the call of a handler.
type latencies struct {
	mu   sync.Mutex
	seen []time.Duration
}

func (l *latencies) observe(_, changed any) {
	pod, ok := changed.(*corev1.Pod)
	if !ok {
		return
	}
	at, ok := bench.ChangedAt(pod)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, time.Since(at))
}

func (l *latencies) summary() (count int, p50, p99, worst float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.seen) == 0 {
		return 0, 0, 0, 0
	}
	slices.Sort(l.seen)
	at := func(share float64) float64 { return l.seen[int(share*float64(len(l.seen)-1))].Seconds() }
	return len(l.seen), at(0.5), at(0.99), at(1)
}

func cpuSeconds() (float64, error) {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("read the time used: %w", err)
	}
	seconds := func(t unix.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime), nil
}
