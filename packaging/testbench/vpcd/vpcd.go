// Package vpcd presents a card to vpcd, the virtual reader of pcscd, so that a
// test bench has real PC/SC readers with cards told by their answer to reset.
// The cards know no command: whatever is sent to one is answered with 6D00.
package vpcd

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// firstPort is where vpcd waits for the card of its first reader on the
// loopback interface, "Virtual PCD 00 00"; the second follows.
const firstPort = 35963

// Address is where vpcd waits for the card of a reader, the first being 0.
func Address(slot int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+slot))
}

// Frames of one byte, from vpcd to the card.
const (
	powerOff byte = 0
	powerOn  byte = 1
	reset    byte = 2
	askATR   byte = 4
)

// cards returns the answers to reset of the cards that French workstations
// read, in hexadecimal, by name. Sources: card-cps.c of Cryptolib CPS; the first
// bytes for Vitale from field reports, the rest of those is made up.
func cards() map[string]string {
	return map[string]string{
		"cps3":   "3BAC00402A001225006480000310009000",
		"cps4":   "3B9B188001001225006480040100009044",
		"vitale": "3B751300004809EA9000",
	}
}

// ATR returns the answer to reset of a card by its name, or from hexadecimal
// digits.
func ATR(card string) ([]byte, error) {
	digits, ok := cards()[card]
	if !ok {
		digits = strings.ReplaceAll(card, " ", "")
	}
	atr, err := hex.DecodeString(digits)
	if err != nil || len(atr) < 2 || len(atr) > 33 {
		return nil, fmt.Errorf("%q is neither a known card nor an answer to reset of 2 to 33 bytes in hexadecimal", card)
	}
	return atr, nil
}

// Present connects to vpcd at address and is a card with this answer to reset
// until ctx ends, which is no error. It returns when vpcd takes the reader
// away.
func Present(ctx context.Context, address string, atr []byte) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("putting a card into the virtual reader at %s: %w", address, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	err = Serve(conn, atr)
	if ctx.Err() != nil || errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("being the card in the virtual reader at %s: %w", address, err)
}

// Serve answers the frames of vpcd until the connection ends: two bytes of
// length, the higher first, then as many bytes.
func Serve(conn io.ReadWriter, atr []byte) error {
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return err
		}
		frame := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, frame); err != nil {
			return err
		}
		answer, some := reply(frame, atr)
		if !some {
			continue
		}
		out := binary.BigEndian.AppendUint16(nil, uint16(len(answer))) //nolint:gosec // an answer has at most 33 bytes
		if _, err := conn.Write(append(out, answer...)); err != nil {
			return err
		}
	}
}

// reply is what the card answers to a frame, if anything.
func reply(frame, atr []byte) (answer []byte, some bool) {
	if len(frame) != 1 {
		return []byte{0x6d, 0x00}, len(frame) > 0
	}
	switch frame[0] {
	case powerOff, powerOn, reset:
		return nil, false
	case askATR:
		return atr, true
	}
	return []byte{0x6d, 0x00}, true
}
