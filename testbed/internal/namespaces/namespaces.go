// Package namespaces starts processes in new Linux namespaces and in those of
// other processes. A testbed lives in a set of its own, each of its nodes in
// another set inside it; when the first process of a set ends, the kernel ends
// all others and takes down mounts and interfaces.
package namespaces

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolated are the namespaces that a testbed and a node have of their own.
const isolated = unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS

// joined are those of another process that StartIn enters. The order matters:
// the mount namespace comes last, because the others are opened under /proc.
var joined = []struct {
	file string
	kind int
}{
	{"net", unix.CLONE_NEWNET},
	{"ipc", unix.CLONE_NEWIPC},
	{"uts", unix.CLONE_NEWUTS},
	{"pid", unix.CLONE_NEWPID},
	{"mnt", unix.CLONE_NEWNS},
}

// Isolate makes cmd start in namespaces of its own. Without root it also gets
// a user namespace, in which it is root.
func Isolate(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Cloneflags = isolated
	if uid := os.Geteuid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
}

// StartIn starts cmd in the namespaces of the process pid, as a child of ours.
// A pid of zero stands for our own namespaces.
func StartIn(pid int, cmd *exec.Cmd) error {
	if pid == 0 {
		return cmd.Start()
	}
	result := make(chan error, 1)
	go func() {
		// Never unlocked: the thread has changed and ends with this goroutine.
		runtime.LockOSThread()
		result <- enterAndStart(pid, cmd)
	}()
	return <-result
}

func enterAndStart(pid int, cmd *exec.Cmd) error {
	files := make([]*os.File, 0, len(joined))
	defer func() {
		for _, file := range files {
			_ = file.Close()
		}
	}()
	for _, namespace := range joined {
		file, err := os.Open(fmt.Sprintf("/proc/%d/ns/%s", pid, namespace.file))
		if err != nil {
			return fmt.Errorf("open the %s namespace of process %d: %w", namespace.file, pid, err)
		}
		files = append(files, file)
	}
	// A thread that shares its working folder with others may not change
	// its mount namespace.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("part the working folder from other threads: %w", err)
	}
	for i, namespace := range joined {
		if err := unix.Setns(int(files[i].Fd()), namespace.kind); err != nil {
			return fmt.Errorf("enter the %s namespace of process %d: %w", namespace.file, pid, err)
		}
	}
	return cmd.Start()
}

// RunIn runs cmd in the namespaces of the process pid and waits for its end.
// The error holds what it said.
func RunIn(pid int, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	output := &tail{}
	cmd.Stdout, cmd.Stderr = output, output
	if err := StartIn(pid, cmd); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, output)
	}
	return nil
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 2048
	t.kept = append(t.kept, p...)
	if len(t.kept) > most {
		t.kept = t.kept[len(t.kept)-most:]
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.kept) }
