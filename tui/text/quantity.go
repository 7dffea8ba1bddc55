package text

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Bytes is a size in decimal units: 12 300 000 is "12,3 Mo" or "12.3 MB".
func (p *Printer) Bytes(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	if p.lang == French {
		units = []string{"o", "ko", "Mo", "Go", "To"}
	}
	if n < 1000 {
		return strconv.FormatInt(max(n, 0), 10) + " " + units[0]
	}
	v, u := float64(n)/1000, 1
	for v >= 999.5 && u < len(units)-1 {
		v, u = v/1000, u+1
	}
	return p.decimal(v) + " " + units[u]
}

// Rate is a speed, in bytes per second: "3,1 Mo/s"; "" when it is not known.
func (p *Printer) Rate(bytesPerSecond float64) string {
	if bytesPerSecond < 1 {
		return ""
	}
	return p.Bytes(int64(bytesPerSecond)) + "/s"
}

// Duration is a length of time with what matters of it: "< 0,1 s",
// "0,4 s", "12 s", "2 min 05 s", "1 h 02 min", "3 j 04 h".
func (p *Printer) Duration(d time.Duration) string {
	switch {
	case d <= 0:
		return "0 s"
	case d < 50*time.Millisecond:
		return "< " + p.decimal(0.1) + " s"
	case d < 9950*time.Millisecond && d%time.Second != 0:
		return p.decimal(d.Seconds()) + " s"
	case d < time.Minute-time.Second/2:
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	}
	if d < time.Hour-time.Second/2 {
		s := int(d.Round(time.Second).Seconds())
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	}
	if h := int(d.Round(time.Hour).Hours()); h >= 48 {
		day := "d"
		if p.lang == French {
			day = "j"
		}
		return fmt.Sprintf("%d %s %02d h", h/24, day, h%24)
	}
	m := int(d.Round(time.Minute).Minutes())
	return fmt.Sprintf("%d h %02d min", m/60, m%60)
}

// Percent is a part of a whole, "45 %" or "45%"; "" when the whole is not known.
func (p *Printer) Percent(done, total int64) string {
	if total <= 0 {
		return ""
	}
	n := strconv.FormatInt(min(max(done, 0), total)*100/total, 10)
	if p.lang == French {
		return n + " %"
	}
	return n + "%"
}

// decimal writes three significant digits at most.
func (p *Printer) decimal(v float64) string {
	digits := 1
	if v >= 99.95 {
		digits = 0
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if p.lang == French {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// Meter estimates the speed of a transfer from its counts. Its zero value is
// ready; one Meter serves one transfer.
type Meter struct {
	samples []sample
}

type sample struct {
	at   time.Time
	done int64
}

// window is how far back the speed looks: long enough to be steady, short
// enough to show a stall.
const window = 5 * time.Second

// grain is how close together samples are kept; the newest always counts.
const grain = 100 * time.Millisecond

// Add records that done bytes were there at a moment. A count that goes back
// (a transfer that begins again) forgets what was before.
func (m *Meter) Add(at time.Time, done int64) {
	if n := len(m.samples); n > 0 && done < m.samples[n-1].done {
		m.samples = nil
	}
	if n := len(m.samples); n > 1 && m.samples[n-1].at.Sub(m.samples[n-2].at) < grain {
		m.samples = m.samples[:n-1]
	}
	m.samples = append(m.samples, sample{at, done})
	drop := 0
	for drop < len(m.samples)-2 && at.Sub(m.samples[drop].at) > window {
		drop++
	}
	m.samples = m.samples[drop:]
}

// Rate is the recent speed in bytes per second, 0 while it is not known.
func (m *Meter) Rate() float64 {
	if len(m.samples) < 2 {
		return 0
	}
	first, last := m.samples[0], m.samples[len(m.samples)-1]
	took := last.at.Sub(first.at)
	if took < 200*time.Millisecond {
		return 0
	}
	return float64(last.done-first.done) / took.Seconds()
}

// Remaining is how long the rest will take at the recent speed; false while
// that is not known.
func (m *Meter) Remaining(total int64) (time.Duration, bool) {
	rate := m.Rate()
	if rate < 1 || total <= 0 {
		return 0, false
	}
	rest := float64(total-m.samples[len(m.samples)-1].done) / rate
	if rest < 0 || rest > (100*time.Hour).Seconds() {
		return 0, false
	}
	return time.Duration(rest * float64(time.Second)), true
}
