// Package keeper stands outside of a testbed's namespaces for as long as it
// lives and clears up after it. The testbed needs no clearing up but for cgroup
// folders: the kernel ends everything else with the namespaces.
//
// Keeper and supervisor watch each other: when the supervisor ends, however
// that came, the keeper removes the folders; when the keeper ends, the
// supervisor ends everything and removes them itself.
package keeper

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"seaworthy.test/testbed/internal/cgroups"
	"seaworthy.test/testbed/internal/layout"
	"seaworthy.test/testbed/internal/namespaces"
)

// lifeline is the descriptor that the supervisor reads from; it ends with the keeper.
const lifeline = 3

// outerVariable tells the supervisor the keeper's PID namespace.
const outerVariable = "SEAWORTHY_TESTBED_OUTER_PID_NAMESPACE"

func pidNamespace() (string, error) {
	name, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "", fmt.Errorf("find out the PID namespace: %w", err)
	}
	return name, nil
}

// Run starts the testbed's first process and stays until it ends. It holds the
// testbed's lock all the while.
func Run(bed layout.Testbed, program string) error {
	lock, err := TakeLock(bed)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make the lifeline: %w", err)
	}
	cmd := exec.Command(program, "init", "--", program, "supervise", "--name", bed.Name)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{read}
	outer, err := pidNamespace()
	if err != nil {
		return err
	}
	cmd.Env = append(os.Environ(), outerVariable+"="+outer, layout.DirVariable+"="+filepath.Dir(bed.Dir))
	namespaces.Isolate(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the testbed in namespaces of its own: %w", err)
	}
	_ = read.Close()
	pids := fmt.Sprintf("%d %d\n", os.Getpid(), cmd.Process.Pid)
	if err := os.WriteFile(bed.Path("pids"), []byte(pids), 0o644); err != nil {
		return errors.Join(fmt.Errorf("write down the process numbers: %w", err), cmd.Process.Kill())
	}
	ended := cmd.Wait()
	_ = write.Close()
	return errors.Join(ended, cgroups.Remove(bed.CgroupParent()))
}

// RunInit is the first process in the testbed's namespaces: it starts the
// supervisor, passes the lifeline on and ends with it.
func RunInit(command []string) (int, error) {
	process, err := os.StartProcess(command[0], command, &os.ProcAttr{
		Env:   os.Environ(),
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr, os.NewFile(lifeline, "lifeline")},
	})
	if err != nil {
		return 0, fmt.Errorf("start the supervisor: %w", err)
	}
	return namespaces.Reap(process.Pid), nil
}

// WatchLifeline waits, in the supervisor, for the keeper's end. Then it ends
// every other process of the testbed and removes the cgroup folders.
func WatchLifeline(bed layout.Testbed) error {
	if _, err := io.Copy(io.Discard, os.NewFile(lifeline, "lifeline")); err != nil {
		return fmt.Errorf("watch the keeper: %w", err)
	}
	// In a PID namespace of our own, -1 stands for everything in the testbed
	// but its first process and ourselves. Anywhere else it stands for
	// everything on the machine, so be sure.
	ours, err := pidNamespace()
	if err != nil {
		return err
	}
	if outer := os.Getenv(outerVariable); outer == "" || outer == ours || os.Getppid() != 1 {
		return errors.New("not in a PID namespace of our own: nothing is ended")
	}
	if err := syscall.Kill(-1, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end the testbed's processes: %w", err)
	}
	return cgroups.Remove(bed.CgroupParent())
}

// TakeLock makes the caller the one keeper of bed. The lock goes with the process.
func TakeLock(bed layout.Testbed) (*os.File, error) {
	file, err := os.OpenFile(bed.Lock(), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the testbed's lock: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("testbed %q is up already: %w", bed.Name, err)
	}
	return file, nil
}

// Alive tells whether bed has a keeper.
func Alive(bed layout.Testbed) bool {
	file, err := os.Open(bed.Lock())
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	return errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// Pids returns the keeper and the testbed's first process, as the machine counts.
func Pids(bed layout.Testbed) (keeper, first int, err error) {
	data, err := os.ReadFile(bed.Path("pids"))
	if err != nil {
		return 0, 0, fmt.Errorf("read the process numbers: %w", err)
	}
	fields := strings.Fields(string(data))
	if len(fields) != 2 {
		return 0, 0, fmt.Errorf("the process numbers in %s are damaged", bed.Path("pids"))
	}
	keeper, err = strconv.Atoi(fields[0])
	if err != nil {
		return 0, 0, fmt.Errorf("read the keeper's number: %w", err)
	}
	first, err = strconv.Atoi(fields[1])
	if err != nil {
		return 0, 0, fmt.Errorf("read the first process's number: %w", err)
	}
	return keeper, first, nil
}
