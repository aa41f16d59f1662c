package selftest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"seaworthy.test/testbed/internal/layout"
	"seaworthy.test/testbed/internal/wait"
)

// tracePatience is what the kernel and the keeper have to clear up.
const tracePatience = 60 * time.Second

// settings of the machine that a kubelet would like to change.
var settings = []string{
	"/proc/sys/vm/overcommit_memory", "/proc/sys/vm/panic_on_oom",
	"/proc/sys/kernel/panic", "/proc/sys/kernel/panic_on_oops",
	"/proc/sys/net/ipv4/ip_forward",
}

// machine is what a testbed must leave as it was.
type machine struct {
	interfaces []string
	settings   map[string]string
}

func lookAtMachine() (machine, error) {
	m := machine{settings: map[string]string{}}
	interfaces, err := net.Interfaces()
	if err != nil {
		return m, fmt.Errorf("list the machine's interfaces: %w", err)
	}
	for _, entry := range interfaces {
		m.interfaces = append(m.interfaces, entry.Name)
	}
	for _, setting := range settings {
		value, err := os.ReadFile(setting)
		if err != nil {
			return m, fmt.Errorf("read a setting of the machine: %w", err)
		}
		m.settings[setting] = string(value)
	}
	return m, nil
}

// unchanged compares the machine with how it is now.
func (m machine) unchanged() error {
	now, err := lookAtMachine()
	if err != nil {
		return err
	}
	if !slices.Equal(m.interfaces, now.interfaces) {
		return fmt.Errorf("the machine's interfaces were %v and are %v", m.interfaces, now.interfaces)
	}
	for setting, value := range m.settings {
		if now.settings[setting] != value {
			return fmt.Errorf("%s was %q and is %q", setting, value, now.settings[setting])
		}
	}
	return nil
}

// noTraces waits until nothing of the testbed is left but, maybe, its logs.
func noTraces(ctx context.Context, bed layout.Testbed) error {
	return wait.Until(ctx, tracePatience, "the testbed to be gone", func(context.Context) error {
		for _, look := range []func(layout.Testbed) ([]string, error){cgroupTraces, mountTraces, loopTraces, processTraces} {
			found, err := look(bed)
			if err != nil {
				return err
			}
			if len(found) > 0 {
				return fmt.Errorf("left behind: %s", strings.Join(found, ", "))
			}
		}
		return nil
	})
}

func cgroupTraces(bed layout.Testbed) ([]string, error) {
	found, err := filepath.Glob("/sys/fs/cgroup/*" + bed.CgroupParent())
	if err != nil {
		return nil, fmt.Errorf("look for cgroups: %w", err)
	}
	unified, err := filepath.Glob("/sys/fs/cgroup" + bed.CgroupParent())
	return append(found, unified...), err
}

func mountTraces(bed layout.Testbed) ([]string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("look for mounts: %w", err)
	}
	var found []string
	for line := range strings.Lines(string(data)) {
		if strings.Contains(line, bed.Dir+"/") {
			found = append(found, "mount "+strings.TrimSpace(line))
		}
	}
	return found, nil
}

func loopTraces(bed layout.Testbed) ([]string, error) {
	files, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	if err != nil {
		return nil, fmt.Errorf("look for loop devices: %w", err)
	}
	var found []string
	for _, file := range files {
		// A device that went away meanwhile is no trace.
		if data, err := os.ReadFile(file); err == nil && strings.HasPrefix(string(data), bed.Dir+"/") {
			found = append(found, "loop device of "+strings.TrimSpace(string(data)))
		}
	}
	return found, nil
}

// processTraces finds the testbed's own processes by their words and those in
// containers by their cgroup.
func processTraces(bed layout.Testbed) ([]string, error) {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, fmt.Errorf("look for processes: %w", err)
	}
	var found []string
	for _, folder := range folders {
		// A process that went away meanwhile is no trace.
		words, _ := os.ReadFile(folder + "/cmdline")
		groups, _ := os.ReadFile(folder + "/cgroup")
		line := strings.ReplaceAll(string(words), "\x00", " ")
		ours := strings.Contains(line, bed.Dir+"/") ||
			strings.Contains(line, " supervise --name "+bed.Name+" ") ||
			strings.Contains(line, " keep --name "+bed.Name+" ")
		if ours || strings.Contains(string(groups), bed.CgroupParent()+"/") {
			found = append(found, "process "+filepath.Base(folder)+" "+strings.TrimSpace(line))
		}
	}
	return found, nil
}
