package selftest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"seaworthy.test/testbed/internal/keeper"
	"seaworthy.test/testbed/internal/layout"
)

// outside is the part of the self-test that brings testbeds up and down.
type outside struct {
	program string
	bed     layout.Testbed
	// second is another testbed beside.
	second layout.Testbed
	before machine
	report *report
}

// Run brings testbeds called name up and down, and runs the checks inside.
func Run(ctx context.Context, program, name string, out io.Writer) error {
	bed, err := layout.Open(name)
	if err != nil {
		return err
	}
	second, err := layout.Open(name + "-second")
	if err != nil {
		return err
	}
	o := &outside{program: program, bed: bed, second: second, report: &report{out: out}}
	if err := errors.Join(o.down(ctx, bed), o.down(ctx, second)); err != nil {
		return err
	}
	if o.before, err = lookAtMachine(); err != nil {
		return err
	}
	o.report.all(ctx, []check{
		{"comes_up", func(ctx context.Context) error { return o.up(ctx, bed, "2", "3") }},
		{"inside", o.inside},
		{"second_testbed_beside", o.beside},
		{"down_leaves_nothing", o.downLeavesNothing},
		{"killed_supervisor_leaves_nothing", func(ctx context.Context) error { return o.killed(ctx, supervisorOf) }},
		{"killed_keeper_leaves_nothing", func(ctx context.Context) error { return o.killed(ctx, keeperOf) }},
		{"killed_first_process_leaves_nothing", func(ctx context.Context) error { return o.killed(ctx, firstOf) }},
	})
	return o.report.end()
}

func (o *outside) testbed(ctx context.Context, arguments ...string) *exec.Cmd {
	return exec.CommandContext(ctx, o.program, arguments...)
}

func (o *outside) call(ctx context.Context, arguments ...string) error {
	output, err := o.testbed(ctx, arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("testbed %s: %w: %s", strings.Join(arguments, " "), err, output)
	}
	return nil
}

func (o *outside) up(ctx context.Context, bed layout.Testbed, realNodes, fakeNodes string) error {
	return o.call(ctx, "up", "--name", bed.Name, "--real-nodes", realNodes, "--fake-nodes", fakeNodes)
}

func (o *outside) down(ctx context.Context, bed layout.Testbed) error {
	return o.call(ctx, "down", "--name", bed.Name)
}

// inside runs the checks that need the cluster's API, and takes over their outcomes.
func (o *outside) inside(ctx context.Context) error {
	cmd := o.testbed(ctx, "exec", "--name", o.bed.Name, "--", o.program, "selftest-inside")
	cmd.Stderr = os.Stderr
	said, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("listen to the checks inside: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the checks inside: %w", err)
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "test result:") {
			continue // ours has the sum
		}
		o.report.mu.Lock()
		o.report.print("%s\n", line)
		if strings.HasSuffix(line, " ... ok") {
			o.report.passed++
		} else if strings.HasSuffix(line, " ... FAILED") {
			o.report.failed++
		}
		o.report.mu.Unlock()
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("the checks inside: %w", err)
	}
	return nil
}

// beside brings a second testbed up while the first is there, and down again;
// the first must not notice.
func (o *outside) beside(ctx context.Context) error {
	if err := o.up(ctx, o.second, "1", "0"); err != nil {
		return err
	}
	for _, bed := range []layout.Testbed{o.bed, o.second} {
		if err := o.call(ctx, "exec", "--name", bed.Name, "--", "kubectl", "wait", "--for=condition=Ready", "node/node-1", "--timeout=30s"); err != nil {
			return err
		}
	}
	if err := o.down(ctx, o.second); err != nil {
		return err
	}
	if err := noTraces(ctx, o.second); err != nil {
		return err
	}
	return o.call(ctx, "exec", "--name", o.bed.Name, "--", "kubectl", "wait", "--for=condition=Ready", "node/node-1", "--timeout=30s")
}

func (o *outside) downLeavesNothing(ctx context.Context) error {
	if err := o.down(ctx, o.bed); err != nil {
		return err
	}
	if _, err := os.Stat(o.bed.Dir); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is still there (%v)", o.bed.Dir, err)
	}
	return o.gone(ctx)
}

// killed brings a testbed up with a container in it, kills one of its processes
// without warning, and looks for what is left.
func (o *outside) killed(ctx context.Context, victim func(layout.Testbed) (int, error)) error {
	if err := o.up(ctx, o.bed, "1", "0"); err != nil {
		return err
	}
	inside := []string{"exec", "--name", o.bed.Name, "--", "kubectl"}
	if err := o.call(ctx, append(inside, "run", "left", "--image=seaworthy.test/tools:1")...); err != nil {
		return err
	}
	if err := o.call(ctx, append(inside, "wait", "--for=condition=Ready", "pod/left", "--timeout=60s")...); err != nil {
		return err
	}
	pid, err := victim(o.bed)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill process %d: %w", pid, err)
	}
	if err := o.gone(ctx); err != nil {
		return err
	}
	return o.down(ctx, o.bed)
}

func (o *outside) gone(ctx context.Context) error {
	return errors.Join(noTraces(ctx, o.bed), o.before.unchanged())
}

func keeperOf(bed layout.Testbed) (int, error) {
	pid, _, err := keeper.Pids(bed)
	return pid, err
}

func firstOf(bed layout.Testbed) (int, error) {
	_, pid, err := keeper.Pids(bed)
	return pid, err
}

// supervisorOf is the child of the first process that is called so.
func supervisorOf(bed layout.Testbed) (int, error) {
	first, err := firstOf(bed)
	if err != nil {
		return 0, err
	}
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, fmt.Errorf("look for the supervisor: %w", err)
	}
	for _, folder := range folders {
		stat, _ := os.ReadFile(folder + "/stat")
		words, _ := os.ReadFile(folder + "/cmdline")
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(first) && strings.Contains(string(words), "\x00supervise\x00") {
			return strconv.Atoi(filepath.Base(folder))
		}
	}
	return 0, errors.New("the supervisor is not there")
}
