package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of CPU time in /proc: USER_HZ is 100 on every Linux that Go
// runs on.
const tick = time.Second / 100

// parseCPU returns user and system time out of /proc/PID/stat.
// Source: proc_pid_stat(5), fields 14 and 15.
func parseCPU(stat []byte) (time.Duration, error) { return statTicks(stat, 14, 15) }

// parseFamilyCPU is parseCPU with the children that the process has waited for.
// Source: proc_pid_stat(5), fields 14 to 17.
func parseFamilyCPU(stat []byte) (time.Duration, error) { return statTicks(stat, 14, 17) }

// statTicks sums up the fields from first to last of /proc/PID/stat. The second
// is the name of the program, which may hold spaces and brackets; from its last
// bracket on fields are separated by spaces.
func statTicks(stat []byte, first, last int) (time.Duration, error) {
	const behind = 3 // the field that follows the name
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= last-behind {
		return 0, fmt.Errorf("stat of a process has %d fields after its name", len(fields))
	}
	return ticks(fields[first-behind : last-behind+1]...)
}

// parseBusy returns how long all cores together have worked since the machine
// started, out of /proc/stat.
// Source: proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal.
func parseBusy(stat []byte) (time.Duration, error) {
	const idle, iowait = 3, 4
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 8 || string(fields[0]) != "cpu" {
		return 0, fmt.Errorf("stat of the machine begins %.40q", line)
	}
	var work [][]byte
	for i, field := range fields[1:8] { // steal is not ours
		if i != idle && i != iowait {
			work = append(work, field)
		}
	}
	return ticks(work...)
}

func ticks(fields ...[]byte) (time.Duration, error) {
	var sum time.Duration
	for _, field := range fields {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("ticks: %w", err)
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

// parseResident returns the resident memory, in bytes, out of /proc/PID/status.
func parseResident(status []byte) (int64, error) {
	value, err := procField(status, "VmRSS")
	if err != nil {
		return 0, err
	}
	kib, err := strconv.ParseInt(strings.TrimSuffix(value, " kB"), 10, 64)
	return kib << 10, err
}

// procField returns the value of a line "name: value"; the first one counts.
func procField(text []byte, name string) (string, error) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("no %s", name)
}

// usage is CPU time used so far.
type usage struct {
	server    time.Duration
	database  time.Duration // processes of the database; 0 where it is in the server
	generator time.Duration // this process
	machine   time.Duration // all processes
	at        time.Time
}

// since returns what was used from then to u.
func (u usage) since(then usage) spent {
	return spent{
		server: u.server - then.server, database: u.database - then.database, generator: u.generator - then.generator,
		machine: u.machine - then.machine, elapsed: u.at.Sub(then.at),
	}
}

// spent is CPU time used in a stretch of time.
type spent struct{ server, database, generator, machine, elapsed time.Duration }

// String tells who had the machine.
func (s spent) String() string {
	database := ""
	if s.database > 0 {
		database = fmt.Sprintf(", the database %d %%", percent(s.database, s.elapsed))
	}
	return fmt.Sprintf("of the machine the server had %d %%%s, the generator %d %%, others %d %%",
		percent(s.server, s.elapsed), database, percent(s.generator, s.elapsed), percent(s.machine-s.server-s.database-s.generator, s.elapsed))
}

// readUsage reads the clocks of a server and of all others.
func readUsage(pid int, now time.Time) (usage, error) {
	server, serverErr := readCPU(fmt.Sprintf("/proc/%d/stat", pid), parseCPU)
	generator, generatorErr := readCPU("/proc/self/stat", parseCPU)
	machine, machineErr := readCPU("/proc/stat", parseBusy)
	return usage{server: server, generator: generator, machine: machine, at: now}, errors.Join(serverErr, generatorErr, machineErr)
}

func readCPU(path string, parse func([]byte) (time.Duration, error)) (time.Duration, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	d, err := parse(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// others is what the machine did beside us, so far: we, the servers that have
// ended, and the database.
type others struct {
	busy time.Duration
	at   time.Time
}

func (l *lab) readOthers() (others, error) {
	family, err := readCPU("/proc/self/stat", parseFamilyCPU)
	if l.postgres != nil && err == nil {
		var database time.Duration
		database, err = l.postgres.CPU()
		family += database
	}
	machine, machineErr := readCPU("/proc/stat", parseBusy)
	return others{machine - family, l.clock.Now()}, errors.Join(err, machineErr)
}

// since returns the share of the machine that others have had from then to o, in
// per cent.
func (o others) since(then others) int {
	return percent(o.busy-then.busy, o.at.Sub(then.at))
}

// percent returns how much of all cores d is in a stretch of time.
func percent(d, elapsed time.Duration) int {
	if elapsed <= 0 {
		return 0
	}
	return int(100 * max(0, d.Seconds()) / (elapsed.Seconds() * float64(runtime.NumCPU())))
}

// machine is where the figures were taken.
type machine struct {
	cores      int
	model      string
	memoryGiB  int
	filesystem string // of the databases
}

// String describes the machine.
func (m machine) String() string {
	return fmt.Sprintf("%d cores (%s), %d GiB, databases on %s, %s", m.cores, m.model, m.memoryGiB, m.filesystem, runtime.Version())
}

// readMachine describes this machine as well as it can.
func readMachine(dir string) machine {
	m := machine{cores: runtime.NumCPU(), model: "unknown processor", filesystem: filesystem(dir)}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if model, err := procField(text, "model name"); err == nil {
			m.model = model
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		if total, err := procField(text, "MemTotal"); err == nil {
			kib, _ := strconv.Atoi(strings.TrimSuffix(total, " kB")) // 0 tells that it is not known
			m.memoryGiB = (kib + 1<<19) >> 20
		}
	}
	return m
}

// filesystem names what a folder lies on. On tmpfs durability costs nothing, so
// figures from there say nothing about a disk.
func filesystem(dir string) string {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return "an unknown file system"
	}
	switch s.Type {
	case 0xEF53:
		return "ext4"
	case 0x58465342:
		return "xfs"
	case 0x9123683E:
		return "btrfs"
	case 0x01021994:
		return "tmpfs (nothing is durable there)"
	case 0x794c7630:
		return "overlayfs"
	}
	return fmt.Sprintf("file system %#x", s.Type)
}
