package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pylon/test/program"
)

const (
	// diskShort and diskLong are the sizes of the disk that is filled, where one can
	// be made: some times what a campaign writes.
	diskShort, diskLong = "128m", "1g"
	// mendTerm bounds the time until the server writes again after its disk does.
	mendTerm = 30 * time.Second
	// refuseTerm bounds the start of a server that cannot write.
	refuseTerm = 30 * time.Second
)

// disk is a server's data folder, and how it can be broken.
type disk struct {
	*lab
	node    *node
	folder  string
	mounted bool // a file system of our own; otherwise there is a limit on the process
	marks   int
}

// diskBroken is one server on SQLite whose disk is full, cannot be written to, or
// fails, now and then.
func diskBroken(l *lab) stage {
	d := &disk{lab: l, folder: l.t.TempDir()}
	room := diskShort
	if *long {
		room = diskLong
	}
	if err := syscall.Mount("tmpfs", d.folder, "tmpfs", 0, "size="+room); err == nil {
		d.mounted = true
		l.t.Cleanup(func() {
			if err := syscall.Unmount(d.folder, syscall.MNT_DETACH); err != nil {
				l.t.Errorf("unmount %s: %v", d.folder, err)
			}
		})
		l.note("a disk of our own is filled to the last byte, and is mounted read-only for a start")
	} else {
		l.note("no disk of our own can be mounted (" + err.Error() + "): a limit on the size of the server's files stands for a full one")
	}
	l.note("errors of single calls are injected with strace")
	d.node = l.node(program.Config{Data: filepath.Join(d.folder, "data")})
	ways := []func(){
		d.fill,
		func() { d.fail("cannot be written to", "pwrite64,write,ftruncate", "EROFS") },
		d.readOnly,
		func() { d.fail("fails to write", "pwrite64", "EIO") },
		func() { d.fail("fails to sync", "fsync,fdatasync", "EIO") },
	}
	turn := 0
	return stage{stations: d.node.stations(), api: d.node.api(), strike: func() {
		l.pause(l.between(500*time.Millisecond, 2*time.Second))
		ways[turn%len(ways)]()
		turn++
		d.mend()
	}}
}

// fill leaves no room on the disk for a while.
func (d *disk) fill() {
	last := d.outage()
	if !d.mounted {
		d.broke("disk full (limit on the process)")
		d.limit(last)
		return
	}
	d.broke("disk full")
	ballast := filepath.Join(d.folder, "ballast")
	if err := fillUp(ballast); !errors.Is(err, syscall.ENOSPC) {
		d.t.Errorf("fill the disk: got %v, want %v", err, syscall.ENOSPC)
	}
	d.pause(last)
	if err := os.Remove(ballast); err != nil {
		d.t.Error(err)
	}
}

// fillUp writes a file until there is no room.
func fillUp(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for size := 1 << 20; ; {
		if _, err = f.Write(make([]byte, size)); err == nil {
			continue
		}
		if size == 1 {
			return err
		}
		size /= 2
	}
}

// limit lets no file of the server grow for a while.
func (d *disk) limit(last time.Duration) {
	pid := strconv.Itoa(d.node.server.PID())
	if out, err := exec.Command("prlimit", "--pid", pid, "--fsize=0:unlimited").CombinedOutput(); err != nil {
		d.t.Errorf("prlimit: %v: %s", err, out)
	}
	d.pause(last)
	_ = exec.Command("prlimit", "--pid", pid, "--fsize=unlimited:unlimited").Run() // the server may have ended over it
}

// fail makes calls of the server on its database fail with an error for a while.
func (d *disk) fail(how, calls, with string) {
	d.broke("disk " + how + " (" + with + ")")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	data, trace := d.node.config.Data, filepath.Join(d.t.TempDir(), "trace")
	args := []string{"-f", "-qq", "-o", trace, "-p", strconv.Itoa(d.node.server.PID()), "-e", "trace=" + calls, "-e", "inject=" + calls + ":error=" + with}
	for _, file := range []string{"pylon.db", "pylon.db-wal", "frames.db", "frames.db-wal"} {
		args = append(args, "-P", filepath.Join(data, file))
	}
	tracer := exec.CommandContext(ctx, "strace", args...)
	tracer.Cancel = func() error { return tracer.Process.Signal(os.Interrupt) } // it lets go of the server
	var said strings.Builder
	tracer.Stderr = &said
	if err := tracer.Start(); err != nil {
		d.t.Errorf("strace: %v", err)
		return
	}
	d.pause(d.outage())
	cancel()
	_ = tracer.Wait() // it was interrupted
	told, err := os.ReadFile(trace)
	if err != nil {
		d.t.Errorf("strace: %v: %s", err, said.String())
	}
	failed := bytes.Count(told, []byte("(INJECTED)"))
	if failed == 0 {
		d.t.Errorf("strace: no call failed: %s", said.String())
	}
	d.brokeTimes("calls that failed with "+with, failed)
}

// readOnly starts the server on a disk that is read-only: it must say so and end,
// and start as ever when the disk can be written to.
func (d *disk) readOnly() {
	if !d.mounted {
		d.fail("cannot be written to", "pwrite64,write,ftruncate,openat", "EROFS")
		return
	}
	d.broke("disk read-only for a start")
	d.node.kill()
	remount := func(flags uintptr) {
		if err := syscall.Mount("", d.folder, "", syscall.MS_REMOUNT|flags, ""); err != nil {
			d.t.Fatalf("remount: %v", err)
		}
	}
	remount(syscall.MS_RDONLY)
	ctx, cancel := context.WithTimeout(context.Background(), refuseTerm)
	defer cancel()
	start := exec.CommandContext(ctx, d.binary, "serve", "--listen", d.node.config.Address, "--data", d.node.config.Data)
	out, err := start.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() < 1 {
		d.wrong("no_refusal", "", fmt.Sprintf("a server on a read-only disk: got %v, want a clear end: %s", err, out))
	}
	remount(0)
	d.node.start()
}

// mend waits until the server writes again by itself. One that has ended is started
// again, which must do; one that goes on and does not write is stuck.
func (d *disk) mend() {
	ctx, cancel := context.WithTimeout(context.Background(), mendTerm)
	defer cancel()
	for d.runs() {
		d.marks++
		uid := "SOAK" + strconv.Itoa(d.marks)
		if _, err := d.api.CreateToken(ctx, map[string]any{"uid": uid, "type": "ISO14443", "status": "blocked"}); err == nil {
			d.report.Checks["went on by itself when the disk was whole"]++
			return
		}
		if !d.api.Wait(ctx, patience) {
			d.wrong("stuck", "", "it runs and does not write, though its disk is whole since "+mendTerm.String())
			break
		}
	}
	d.node.kill()
	d.node.start()
	d.report.Checks["ended, and a start healed it"]++
}

// runs says whether the server's process is there.
func (d *disk) runs() bool { return syscall.Kill(d.node.server.PID(), 0) == nil }
