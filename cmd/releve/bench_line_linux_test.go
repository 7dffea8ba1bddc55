package main

import (
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// distant is a listener at the other end of a line: what arrives and what is
// sent takes half a round trip, and a connection is open only after a whole
// one. The line itself is as fast as this machine.
type distant struct {
	net.Listener
	roundTrip time.Duration
}

// Accept implements net.Listener.
func (d distant) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	here, there := net.Pipe()
	var opened atomic.Bool
	go carry(there, conn, func() time.Duration {
		if opened.CompareAndSwap(false, true) {
			return d.roundTrip + d.roundTrip/2 // the handshake of TCP came first
		}
		return d.roundTrip / 2
	})
	go carry(conn, there, func() time.Duration { return d.roundTrip / 2 })
	return here, nil
}

// carry moves bytes from one end to the other, each after its delay.
func carry(to, from net.Conn, delay func() time.Duration) {
	type parcel struct {
		data []byte
		due  time.Time
	}
	parcels := make(chan parcel, 1024)
	go func() {
		defer close(parcels)
		for {
			data := make([]byte, 16<<10)
			n, err := from.Read(data)
			if n > 0 {
				parcels <- parcel{data[:n], time.Now().Add(delay())}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range parcels {
		time.Sleep(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			break
		}
	}
	_ = to.Close()
}

// BenchmarkCheckFarAway measures how long the same check takes where a round
// trip takes 45 ms, which is what counts on ADSL. Goals: at most 0.80 of
// go-tuf over HTTP/2 and 0.55 over HTTP/1.1 with TLS, and 1.15 of the one
// request of curl.
func BenchmarkCheckFarAway(b *testing.B) {
	for _, kind := range []string{"http", "h2", "h1"} {
		b.Run(kind, func(b *testing.B) {
			line, t := contenders(b)
			s := newSituation(b, kind, 10, 45*time.Millisecond)
			s.contend(b, t)
			for b.Loop() {
				for range 11 {
					for _, p := range s.programs {
						p.measure(b, line, s)
					}
				}
			}
			wall := func(i int) float64 { return middle(s.programs[i].walls).Seconds() * 1e3 }
			for i, p := range s.programs {
				b.ReportMetric(wall(i), p.name+"-ms")
			}
			b.ReportMetric(wall(0)/wall(1), "ratio-gotuf")
			b.ReportMetric(wall(0)/wall(2), "ratio-curl")
		})
	}
}
