package delta

import "encoding/binary"

// Most copied bytes are the same in both files. The differences are written
// without them: each that is not zero, and in another stream how many zeros are
// before it, and at last after it.

// differences writes them.
type differences struct {
	gaps, bytes []byte
	zeros       uint64
}

// add writes what turns o into w, of one length.
func (d *differences) add(w, o []byte) {
	for i, b := range w {
		if b == o[i] {
			d.zeros++
			continue
		}
		d.gaps = binary.AppendUvarint(d.gaps, d.zeros)
		d.bytes = append(d.bytes, b-o[i])
		d.zeros = 0
	}
}

// end writes the zeros at the end.
func (d *differences) end() {
	d.gaps = binary.AppendUvarint(d.gaps, d.zeros)
}

// changes reads differences.
type changes struct {
	gaps, bytes *stream
	zeros       uint64 // before the next difference
}

// start reads the first gap.
func (c *changes) start() (err error) {
	c.zeros, err = c.gaps.number()
	return err
}

// apply sets w, which holds bytes of the old file, to those of the new.
func (c *changes) apply(w []byte) error {
	for uint64(len(w)) > c.zeros {
		by, err := c.bytes.byte()
		if err != nil {
			return err
		}
		w[c.zeros] += by
		w = w[c.zeros+1:]
		if c.zeros, err = c.gaps.number(); err != nil {
			return err
		}
	}
	c.zeros -= uint64(len(w))
	return nil
}

// word returns the four bytes of the new file where the old one has those of
// was.
func (c *changes) word(was uint32) (uint32, error) {
	if c.zeros >= 4 {
		c.zeros -= 4
		return was, nil
	}
	var w [4]byte
	le.PutUint32(w[:], was)
	err := c.apply(w[:])
	return le.Uint32(w[:]), err
}

// ended reports an error where differences are left.
func (c *changes) ended() error {
	if c.zeros != 0 {
		return damaged("%d copied bytes are left", c.zeros)
	}
	return nil
}
