package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// wire is what the programs of a benchmark talk over.
type wire struct {
	measure string // the program that measures
	own     bool   // a network namespace of its own, where nobody else's packets are counted
}

// newWire moves this thread, and with it every program it starts and every
// server it opens, into a network namespace with a loopback interface. Where
// that is not allowed, what the server reads and writes is counted.
func newWire(b *testing.B) *wire {
	runtime.LockOSThread() // never unlocked: the thread ends with the benchmark
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		b.Logf("no network namespace (%v): bytes are those of the connections, without packet headers", err)
		return &wire{}
	}
	if err := raise(); err != nil {
		b.Fatalf("raising the loopback interface: %v", err)
	}
	return &wire{own: true}
}

// raise sets the loopback interface up, with the MTU of Ethernet.
func raise() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	ifreq, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifreq.SetUint32(1500)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFMTU, ifreq); err != nil {
		return err
	}
	ifreq.SetUint16(unix.IFF_UP | unix.IFF_RUNNING | unix.IFF_LOOPBACK)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifreq)
}

// count gives the bytes that do sends and receives.
func (w *wire) count(b *testing.B, s *situation, do func()) int64 {
	if !w.own {
		before := s.bytes.Load()
		do()
		return s.bytes.Load() - before
	}
	before := w.sent(b)
	do()
	after := w.sent(b)
	// The last packets of a connection follow the end of the program.
	for range 100 {
		time.Sleep(time.Millisecond)
		now := w.sent(b)
		if now == after {
			break
		}
		after = now
	}
	return after - before
}

// sent reads what went over the loopback interface so far: IP packets, without
// the 14 bytes that stand for an Ethernet header.
func (w *wire) sent(b *testing.B) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/net/dev", unix.Gettid()))
	if err != nil {
		b.Fatal(err)
	}
	for l := range strings.Lines(string(data)) {
		name, numbers, _ := strings.Cut(strings.TrimSpace(l), ":")
		if name != "lo" {
			continue
		}
		fields := strings.Fields(numbers)
		bytes, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		packets, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		return bytes - 14*packets
	}
	b.Fatal("no loopback interface")
	return 0
}

// metered counts the connections and bytes of a listener.
type metered struct {
	net.Listener
	dials, bytes *atomic.Int64
}

// Accept implements net.Listener.
func (m metered) Accept() (net.Conn, error) {
	conn, err := m.Listener.Accept()
	if err != nil {
		return nil, err
	}
	m.dials.Add(1)
	return meteredConn{conn, m.bytes}, nil
}

type meteredConn struct {
	net.Conn
	bytes *atomic.Int64
}

func (c meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}

func (c meteredConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.bytes.Add(int64(n))
	return n, err
}
