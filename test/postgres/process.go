package postgres

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// installation is PostgreSQL as this machine has it.
type installation struct {
	bin  string              // folder of initdb and postgres
	user *syscall.Credential // PostgreSQL does not run as root; nil: as we do
}

// findInstallation looks where PATH and Debian have PostgreSQL; the newest wins.
func findInstallation() (installation, error) {
	folders, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well formed
	slices.SortFunc(folders, func(a, b string) int { return version(b) - version(a) })
	if path, err := exec.LookPath("initdb"); err == nil {
		folders = append([]string{filepath.Dir(path)}, folders...)
	}
	for _, dir := range folders {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err != nil {
			continue
		}
		user, err := unprivileged()
		return installation{dir, user}, err
	}
	return installation{}, errors.New("no PostgreSQL on this machine: make deps")
}

// version is 15 of /usr/lib/postgresql/15/bin.
func version(dir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir))) // others sort last
	return n
}

// unprivileged returns who runs the server: nobody in particular, unless we are
// root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(uidErr, gidErr)
	}
	return nil, errors.New("nobody to run PostgreSQL as: no user postgres, no user nobody")
}

// command returns a program of PostgreSQL, to be run as who runs the server.
func (i installation) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(i.bin, name), args...) // it outlives tests on purpose
	cmd.Dir = os.TempDir()
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: i.user, Setpgid: true}
	return cmd
}

// folder makes an empty one that the server may use: not below the test's own,
// which only root may enter.
func (i installation) folder() (string, error) {
	dir, err := os.MkdirTemp("", "pylon-postgres-")
	if err == nil && i.user != nil {
		err = os.Chown(dir, int(i.user.Uid), int(i.user.Gid))
	}
	return dir, err
}

// initialise makes the files of an empty server.
func (i installation) initialise(dir string, o Options) error {
	locale := "--no-locale"
	if o.Locale != "" {
		locale = "--locale=" + o.Locale
	}
	cmd := i.command("initdb", "--pgdata="+dir, "--encoding=UTF8", locale, "--auth=trust", "--username=postgres", "--no-sync", "--no-instructions")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	settings := []string{
		"listen_addresses='127.0.0.1'", "unix_socket_directories=''", "max_connections=200", "logging_collector=off", "log_destination=stderr",
		"timezone=UTC", "log_timezone=UTC", "shared_buffers=64MB", "jit=off",
	}
	if o.Quick {
		settings = append(settings, "fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum_naptime=10min")
	}
	lines := strings.Join(append(settings, o.Settings...), "\n") + "\n"
	return os.WriteFile(filepath.Join(dir, "postgresql.auto.conf"), []byte(lines), 0o644)
}

// running is a server's processes.
type running struct {
	cmd   *exec.Cmd
	guard *exec.Cmd     // waits for the end of the pipe that is its input
	ended chan struct{} // closed
}

// guardScript waits until the tests have ended, however they did, and takes the
// server with it.
const guardScript = `cat >/dev/null; kill -QUIT "$1" 2>/dev/null; while kill -0 "$1" 2>/dev/null; do sleep 0.1; done; rm -rf "$2"`

// run starts the server on the data in dir and returns when it takes connections.
func (i installation) run(dir string, port int) (*running, error) {
	cmd := i.command("postgres", "-D", dir, "-p", strconv.Itoa(port))
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r := &running{cmd: cmd, ended: make(chan struct{})}
	if err := r.watch(dir); err != nil {
		return nil, errors.Join(err, cmd.Process.Kill())
	}
	ready, last := make(chan struct{}), make(chan string, 1)
	go func() {
		lines, tail := bufio.NewScanner(log), []string{}
		for open := true; lines.Scan(); {
			if open && strings.Contains(lines.Text(), "ready to accept connections") {
				close(ready)
				open = false
			}
			tail = append(tail, lines.Text())
			tail = tail[max(0, len(tail)-20):]
		}
		last <- strings.Join(tail, "\n")
		_ = cmd.Wait() // it was told to end, or its log says why
		close(r.ended)
	}()
	late := time.NewTimer(startWithin)
	defer late.Stop()
	select {
	case <-ready:
		return r, nil
	case text := <-last:
		return nil, errors.Join(fmt.Errorf("postgres ended: %s", text), r.leave())
	case <-late.C:
		return nil, errors.Join(fmt.Errorf("postgres is not ready after %s", startWithin), r.kill())
	}
}

// watch starts the guard.
func (r *running) watch(dir string) error {
	r.guard = exec.Command("/bin/sh", "-c", guardScript, "guard", strconv.Itoa(r.cmd.Process.Pid), dir) // it outlives tests on purpose
	r.guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true}                                            // so that an interrupt of the tests leaves it alone
	if _, err := r.guard.StdinPipe(); err != nil {                                                      // nothing is written to it
		return err
	}
	return r.guard.Start()
}

// leave ends the guard without what it guards.
func (r *running) leave() error {
	err := r.guard.Process.Kill()
	_ = r.guard.Wait() // it was killed; this closes its pipe
	return err
}

// stop ends the server in order.
func (r *running) stop() error {
	if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	<-r.ended
	return r.leave()
}

// kill ends all processes of the server at once.
func (r *running) kill() error {
	if err := r.cmd.Process.Signal(syscall.SIGSTOP); err != nil { // it starts no others meanwhile
		return err
	}
	others, err := r.others()
	if err != nil {
		return err
	}
	for _, pid := range append(others, r.cmd.Process.Pid) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
	}
	<-r.ended
	return r.leave()
}

// freeze stops the processes that serve connections.
func (r *running) freeze() (thaw func(), err error) {
	others, err := r.others()
	if err != nil {
		return nil, err
	}
	signal := func(s syscall.Signal) {
		for _, pid := range others {
			_ = syscall.Kill(pid, s) // it may have ended
		}
	}
	signal(syscall.SIGSTOP)
	return func() { signal(syscall.SIGCONT) }, nil
}

// others returns the processes that the server's first has started.
func (r *running) others() ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, path := range stats {
		if p, err := processAt(path); err == nil && p.parent == r.cmd.Process.Pid { // others come and go
			found = append(found, p.pid)
		}
	}
	return found, nil
}

// process is what the kernel tells of one.
type process struct {
	pid, parent int
	cpu         time.Duration // its own
	ended       time.Duration // of its children that have ended
}

// tick is the unit of processor time in /proc: 100 a second on every Linux that
// Go runs on.
const tick = 10 * time.Millisecond

// processAt reads /proc/…/stat, see proc(5).
func processAt(path string) (process, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return process{}, err
	}
	pid, _, _ := strings.Cut(string(raw), " ")
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:])) // the name may hold anything
	if len(fields) < 15 {
		return process{}, fmt.Errorf("%s: %q", path, raw)
	}
	n := func(text string) int {
		v, _ := strconv.Atoi(text) // the kernel writes numbers
		return v
	}
	return process{
		pid: n(pid), parent: n(fields[1]),
		cpu: time.Duration(n(fields[11])+n(fields[12])) * tick, ended: time.Duration(n(fields[13])+n(fields[14])) * tick,
	}, nil
}

// cpu returns the processor time of the server's processes, ended ones included.
func (r *running) cpu() (time.Duration, error) {
	first, err := processAt(fmt.Sprintf("/proc/%d/stat", r.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	others, err := r.others()
	if err != nil {
		return 0, err
	}
	used := first.cpu + first.ended
	for _, pid := range others {
		if p, err := processAt(fmt.Sprintf("/proc/%d/stat", pid)); err == nil { // it may have ended
			used += p.cpu
		}
	}
	return used, nil
}
