// Package bench holds what the benchmarks share: the load that changes pods and
// the means to tell what a program cost.
package bench

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Memory is what a process holds of the machine's memory, in bytes.
type Memory struct {
	RSSBytes  int64
	PeakBytes int64
}

// ReadMemory reads our own.
func ReadMemory() (Memory, error) {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		return Memory{}, fmt.Errorf("read memory use: %w", err)
	}
	defer func() { _ = file.Close() }()
	var memory Memory
	into := map[string]*int64{"VmRSS": &memory.RSSBytes, "VmHWM": &memory.PeakBytes}
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		name, value, _ := strings.Cut(scanner.Text(), ":")
		if target, ok := into[name]; ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				return Memory{}, fmt.Errorf("understand %s: %w", name, err)
			}
			*target = kilobytes << 10
		}
	}
	if err := scanner.Err(); err != nil {
		return Memory{}, fmt.Errorf("read memory use: %w", err)
	}
	return memory, nil
}
