package trust

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
)

// DamagedPrefix stands in front of the name of a file that was set aside.
const DamagedPrefix = "damaged-"

var errBadSeal = errors.New("the content is not what was stored under this name")

// Sealed gives what a Cache gets to store for data under name: a line with the
// digest of both, then data. A file that was cut, zeroed, changed by a bit or
// swapped with another is thereby told from one that is merely out of date,
// which no signature could do. It keeps nobody from writing into the cache:
// what is read from there is verified like what comes from the network.
func Sealed(name string, data []byte) []byte {
	return append([]byte(sealOf(name, data)+"\n"), data...)
}

func sealOf(name string, data []byte) string {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// Unsealed undoes Sealed. It is for a Cache that shows its files to others.
func Unsealed(name string, stored []byte) ([]byte, error) {
	line, data, _ := bytes.Cut(stored, []byte("\n"))
	if string(line) != sealOf(name, data) {
		return nil, errBadSeal
	}
	return data, nil
}

func (c *Client) store(name string, data []byte) error {
	sealed := Sealed(name, data)
	err := c.config.Cache.Store(name, sealed)
	if err != nil && c.blocked(name) {
		err = c.config.Cache.Store(name, sealed)
	}
	if err != nil {
		return fmt.Errorf("keeping %q in the metadata cache: %w", name, err)
	}
	return nil
}

// blocked sets aside what is in the way of a store because it is no file, and
// reports whether there was such a thing.
func (c *Client) blocked(name string) bool {
	_, err := c.config.Cache.Load(name)
	return err != nil && !errors.Is(err, fs.ErrNotExist) && c.setAside(name, err) == nil
}

// recall gives what was stored under name, or nil when there is nothing
// usable. With repair, something unusable is set aside, so that it can neither
// be met again nor stand in the way of the next store.
func (c *Client) recall(name string, repair bool) ([]byte, error) {
	stored, err := c.config.Cache.Load(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var data []byte
	if err == nil {
		data, err = Unsealed(name, stored)
	}
	if err == nil || !repair {
		return data, nil
	}
	return nil, c.setAside(name, err)
}

// setAside keeps a damaged file for whoever wants to know what happened to it.
func (c *Client) setAside(name string, damage error) error {
	c.config.Log.Warn("a file of the metadata cache is damaged and was set aside",
		"file", name, "set_aside_as", DamagedPrefix+name, "error", damage)
	if err := c.config.Cache.SetAside(name); err != nil {
		return fmt.Errorf("setting the damaged %q of the metadata cache aside: %w", name, errors.Join(err, damage))
	}
	return nil
}
