package trust

import (
	"encoding/json"
	"fmt"
	"time"
)

const (
	// largestJump is how far the clock may go forward between two refreshes
	// and be believed at once.
	largestJump = 30 * 24 * time.Hour
	// secondLook is how much later another refresh has to find the clock
	// still there: the end of an evening with a wrong clock is not enough.
	secondLook = time.Hour
	// clockSlack is how far behind a clock may be without being told of: so
	// much is put right by time servers every day.
	clockSlack = 5 * time.Minute
)

// clock is what is remembered of time between runs. It is changed by refreshes
// that ended well, and by nothing else.
type clock struct {
	Refreshed time.Time `json:"refreshed"`        // the last refresh that ended well
	Floor     time.Time `json:"floor"`            // it cannot be earlier than this
	Ahead     time.Time `json:"ahead,omitzero"`   // where the clock jumped to, until a second refresh agrees
	Durable   time.Time `json:"durable,omitzero"` // the floor when it was last made to survive a power cut
}

// Noter is a Cache that can also write in place. A check that finds nothing
// new then costs no flush of the disk: what a power cut can take is a day of
// the floor, and the time of the last refresh.
type Noter interface {
	// Note replaces the content of name, which was stored before. After a
	// power cut the file may hold the old content, the new one, or neither.
	Note(name string, data []byte) error
}

// noteFor is how far the floor may go before it is made durable again.
const noteFor = 24 * time.Hour

// after gives what is remembered once a refresh ended well while the clock of
// the system showed system. A clock that is wrong for one day, with the year
// 2099, must not make everything look expired for ever: a jump is believed
// when a later refresh finds the clock still there.
func (k clock) after(system time.Time) clock {
	k.Refreshed = latest(system, k.Floor)
	still := system.Sub(k.Ahead)
	switch {
	case !system.After(k.Floor):
		k.Ahead = time.Time{}
	case k.Floor.IsZero(), system.Sub(k.Floor) <= largestJump, still >= secondLook && still <= largestJump:
		k.Floor, k.Ahead = system, time.Time{}
	case k.Ahead.IsZero(), still < 0, still > largestJump:
		k.Ahead = system
	}
	return k
}

// now is the time metadata is judged at: the clock of the system, but never
// earlier than what is known to have been.
func (c *Client) now() time.Time { return latest(c.config.Now(), c.floor()) }

// floor is the latest of what is known to be past: the last refresh, the set
// that is kept, and the making of this program. A lost file lowers it to what
// the others say.
func (c *Client) floor() time.Time {
	return latest(c.clock().Floor, c.record().Floor, c.config.Built)
}

// behind is how much the clock of the system was turned back, 0 when it was not.
func (c *Client) behind() time.Duration {
	if d := c.floor().Sub(c.config.Now()); d > clockSlack {
		return d
	}
	return 0
}

// judgedAt is the time a role is judged at. Under a grace the mirror and what
// it repeats may be older; who may sign what, and what was signed, may not.
func (c *Client) judgedAt(role string, now time.Time) time.Time {
	if role == "timestamp" || role == "snapshot" {
		return now.Add(-c.config.Grace)
	}
	return now
}

// clock gives what is remembered. A damaged file is set aside and begun again.
func (c *Client) clock() clock {
	if c.time == nil {
		c.time = &clock{}
		// What cannot be kept for support is no reason to stop.
		data, err := c.recall(clockName, true)
		if err != nil || data == nil || json.Unmarshal(data, c.time) != nil {
			*c.time = clock{}
		}
	}
	return *c.time
}

// nextClock is what will be remembered when a refresh ends well now.
func (c *Client) nextClock() clock {
	next := c.clock()
	next.Floor = latest(next.Floor, c.record().Floor)
	return next.after(c.config.Now().UTC().Truncate(time.Second))
}

// keepTime remembers that a refresh ended well now.
func (c *Client) keepTime() error {
	before, next := c.clock(), c.nextClock()
	noter, ok := c.config.Cache.(Noter)
	note := ok && !before.Durable.IsZero() && next.Floor.Sub(before.Durable) < noteFor && next.Ahead.Equal(before.Ahead)
	if !note {
		next.Durable = next.Floor
	}
	data, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("encoding for the metadata cache: %w", err)
	}
	c.time = &next
	if note && noter.Note(clockName, Sealed(clockName, data)) == nil {
		return nil
	}
	return c.store(clockName, data)
}

func latest(first time.Time, more ...time.Time) time.Time {
	for _, t := range more {
		if t.After(first) {
			first = t
		}
	}
	return first
}
