// Package process keeps the programs of a testbed running: it restarts one that
// ends by itself, and stops, freezes and thaws it when told to.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"seaworthy.test/testbed/internal/namespaces"
)

// State is what a process is doing.
type State string

// The states of a process.
const (
	Stopped State = "stopped"
	Running State = "running"
	Frozen  State = "frozen"
	Failed  State = "failed"
)

const (
	restartDelay = time.Second
	// stopPatience is what a program has between SIGTERM and SIGKILL.
	stopPatience = 3 * time.Second
)

// Spec says how to start a program.
type Spec struct {
	Name string
	Path string
	Args []string
	// Env is the whole environment.
	Env []string
	// Log takes what the program prints.
	Log string
	// Namespaces returns the process whose namespaces to start in, or zero if
	// there is none at the time; nil for our own.
	Namespaces func() int
}

// Process is a program that is kept in the state it was last told to be in.
type Process struct {
	spec Spec

	mu       sync.Mutex
	state    State
	pid      int
	restarts int
	lastExit string
	ended    chan struct{}
	wanted   bool
}

// Status is a snapshot of a process.
type Status struct {
	Name     string `json:"name"`
	State    State  `json:"state"`
	PID      int    `json:"pid,omitempty"`
	Restarts int    `json:"restarts"`
	LastExit string `json:"lastExit,omitempty"`
	// RSSBytes is its resident memory.
	RSSBytes int64 `json:"rssBytes,omitempty"`
}

// New returns a process that is not started yet.
func New(spec Spec) *Process {
	return &Process{spec: spec, state: Stopped}
}

// Name is the name in its Spec.
func (p *Process) Name() string { return p.spec.Name }

// Start starts the program unless it runs.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = true
	if p.state == Running || p.state == Frozen {
		return nil
	}
	return p.start()
}

func (p *Process) start() error {
	if err := os.MkdirAll(filepath.Dir(p.spec.Log), 0o755); err != nil {
		return fmt.Errorf("make the log folder of %s: %w", p.spec.Name, err)
	}
	log, err := os.OpenFile(p.spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", p.spec.Name, err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(p.spec.Path, p.spec.Args...)
	cmd.Env = p.spec.Env
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	place := 0
	if p.spec.Namespaces != nil {
		if place = p.spec.Namespaces(); place == 0 {
			return fmt.Errorf("start %s: its node is switched off", p.spec.Name)
		}
	}
	if err := namespaces.StartIn(place, cmd); err != nil {
		p.state = Failed
		return fmt.Errorf("start %s: %w", p.spec.Name, err)
	}
	p.state, p.pid = Running, cmd.Process.Pid
	p.ended = make(chan struct{})
	go p.watch(cmd, p.ended)
	return nil
}

// watch waits for the program's end and starts it again if it should be running.
func (p *Process) watch(cmd *exec.Cmd, ended chan struct{}) {
	err := cmd.Wait()
	p.mu.Lock()
	p.pid = 0
	p.lastExit = "exit code 0"
	if err != nil {
		p.lastExit = err.Error()
	}
	p.state = Stopped
	again := p.wanted
	if again {
		p.state = Failed
	}
	close(ended)
	p.mu.Unlock()
	if !again {
		return
	}
	time.Sleep(restartDelay)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wanted && p.state == Failed {
		p.restarts++
		// A failure to start is kept in the state; there is nobody to return it to.
		if err := p.start(); err != nil {
			p.lastExit = err.Error()
		}
	}
}

// Stop asks the program to end, and makes it after a while.
func (p *Process) Stop(ctx context.Context) error { return p.end(ctx, syscall.SIGTERM) }

// Kill ends the program at once, without a chance to tidy up.
func (p *Process) Kill(ctx context.Context) error { return p.end(ctx, syscall.SIGKILL) }

func (p *Process) end(ctx context.Context, signal syscall.Signal) error {
	p.mu.Lock()
	p.wanted = false
	pid, ended := p.pid, p.ended
	if pid == 0 {
		p.state = Stopped
		p.mu.Unlock()
		return nil
	}
	if p.state == Frozen {
		signal = syscall.SIGKILL // a frozen program hears nothing else
	}
	p.mu.Unlock()
	if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %s: %w", p.spec.Name, err)
	}
	patience := time.NewTimer(stopPatience)
	defer patience.Stop()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the end of %s: %w", p.spec.Name, ctx.Err())
	case <-patience.C:
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill %s: %w", p.spec.Name, err)
	}
	<-ended
	return nil
}

// Restart stops and starts the program.
func (p *Process) Restart(ctx context.Context) error {
	if err := p.Stop(ctx); err != nil {
		return err
	}
	return p.Start()
}

// Freeze halts the program where it is.
func (p *Process) Freeze() error { return p.signal(syscall.SIGSTOP, Running, Frozen) }

// Thaw lets a frozen program go on.
func (p *Process) Thaw() error { return p.signal(syscall.SIGCONT, Frozen, Running) }

func (p *Process) signal(signal syscall.Signal, from, to State) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == to {
		return nil
	}
	if p.state != from {
		return fmt.Errorf("%s is %s, not %s", p.spec.Name, p.state, from)
	}
	if err := syscall.Kill(p.pid, signal); err != nil {
		return fmt.Errorf("signal %s: %w", p.spec.Name, err)
	}
	p.state = to
	return nil
}

// Status returns a snapshot.
func (p *Process) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Status{
		Name: p.spec.Name, State: p.state, PID: p.pid,
		Restarts: p.restarts, LastExit: p.lastExit, RSSBytes: RSS(p.pid),
	}
}
