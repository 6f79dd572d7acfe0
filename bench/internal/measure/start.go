package measure

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Starts are the times from exec to exit of one program.
type Starts struct {
	Times  []time.Duration
	Faults int64 // page faults of one start, the median
}

// StartAll starts each program rounds times with arg and lets them take turns, in another order each
// time, so that all see the same load of the machine and the caches as any other leaves them; where it may, at the highest priority.
// Without thp no program gets transparent huge pages, whatever it asks for.
func StartAll(rounds int, thp bool, arg string, programs []string) ([]Starts, error) {
	var s []Starts
	err := self(&s, append([]string{"starts", strconv.Itoa(rounds), strconv.FormatBool(thp), arg}, programs...)...)
	return s, err
}

// prSetTHPDisable is of prctl(2). Children inherit it, also across exec.
const prSetTHPDisable = 41

func starts(args []string) ([]Starts, error) {
	rounds, err := strconv.Atoi(args[0])
	if err != nil {
		return nil, err
	}
	debug.SetGCPercent(-1)
	runtime.LockOSThread()
	// Only a privileged process may have this thread, and with it the programs, go before all other work of the machine.
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, -20)
	if args[1] == "false" {
		if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetTHPDisable, 1, 0); errno != 0 {
			return nil, fmt.Errorf("prctl(PR_SET_THP_DISABLE): %w", errno)
		}
	}
	programs := args[3:]
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	attr := &syscall.ProcAttr{Files: []uintptr{null.Fd(), null.Fd(), 2}}
	result := make([]Starts, len(programs))
	faults := make([][]int64, len(programs))
	order := rand.New(rand.NewPCG(1, 2))
	for round := -2; round < rounds; round++ { // the first two warm up
		for _, i := range order.Perm(len(programs)) {
			argv := []string{programs[i], args[2]}
			start := time.Now()
			pid, err := syscall.ForkExec(argv[0], argv, attr)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", argv[0], err)
			}
			usage, err := wait(pid)
			took := time.Since(start)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", argv[0], err)
			}
			if round >= 0 {
				result[i].Times = append(result[i].Times, took)
				faults[i] = append(faults[i], usage.Minflt+usage.Majflt)
			}
		}
	}
	for i := range result {
		result[i].Faults = Quantile(faults[i], 0.5)
	}
	return result, nil
}

// Memory is what a program that returns at once has used, in bytes.
type Memory struct {
	Peak    int64 // largest resident set
	Private int64 // of the resident set at the end, what is no page of a file
}

// MemoryOf runs a program with arg, stops it when it exits and looks.
func MemoryOf(program, arg string) (Memory, error) {
	var m Memory
	err := self(&m, "memory", program, arg)
	return m, err
}

func memory(args []string) (*Memory, error) {
	runtime.LockOSThread() // only the thread that traces may
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	pid, err := syscall.ForkExec(args[0], args, &syscall.ProcAttr{
		Files: []uintptr{null.Fd(), null.Fd(), 2},
		Sys:   &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return nil, err
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || !status.Stopped() {
		return nil, fmt.Errorf("%s: did not stop at exec: %#x, %v", args[0], int(status), err)
	}
	const traceExit = 0x40 // PTRACE_O_TRACEEXIT
	if err := syscall.PtraceSetOptions(pid, traceExit); err != nil {
		return nil, err
	}
	signal := 0
	for {
		if err := syscall.PtraceCont(pid, signal); err != nil {
			return nil, err
		}
		if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
			return nil, err
		}
		const exitEvent = 6 // PTRACE_EVENT_EXIT
		switch {
		case !status.Stopped():
			return nil, fmt.Errorf("%s: ended unseen, wait status %#x", args[0], int(status))
		case status.TrapCause() == exitEvent:
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if err != nil {
				return nil, err
			}
			m := &Memory{Peak: statusField(string(text), "VmHWM"), Private: statusField(string(text), "RssAnon")}
			if err := syscall.PtraceCont(pid, 0); err != nil {
				return nil, err
			}
			_, err = wait(pid)
			return m, err
		}
		signal = int(status.StopSignal())
	}
}

// statusField returns a field of /proc/PID/status that is in kB, in bytes.
func statusField(text, name string) int64 {
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(line, ":"); ok && key == name {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return n * 1024
		}
	}
	return 0
}
