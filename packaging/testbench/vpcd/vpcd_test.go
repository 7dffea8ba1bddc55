package vpcd_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/releve-sante/releve/packaging/testbench/vpcd"
)

// conversation is what vpcd says, and collects what the card answers.
type conversation struct {
	io.Reader
	bytes.Buffer
}

func (c *conversation) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func TestServeAnswersFrames(t *testing.T) {
	atr := []byte{0x3b, 0x00}
	tests := []struct{ name, says, want string }{
		{"power-and-reset-have-no-answer", "000101" + "000102" + "000100", ""},
		{"atr", "000104", "00023b00"},
		{"every-command-is-unknown", "0004" + "00a40400" + "0005" + "00b0000001", "00026d00" + "00026d00"},
		{"an-empty-frame", "0000" + "000104", "00023b00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			said, err := hex.DecodeString(tt.says)
			if err != nil {
				t.Fatal(err)
			}
			c := &conversation{Reader: bytes.NewReader(said)}
			if err := vpcd.Serve(c, atr); !errors.Is(err, io.EOF) {
				t.Errorf("got %v, want the end", err)
			}
			if got := hex.EncodeToString(c.Bytes()); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestPresentEndsWithItsContext(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	done := make(chan error, 1)
	go func() { done <- vpcd.Present(ctx, l.Addr().String(), []byte{0x3b, 0x00}) }()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte{0, 1, 4}); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4)
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, []byte{0, 2, 0x3b, 0}) {
		t.Errorf("got %x, %v", got, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("got %v", err)
	}
}

func TestCardsHaveLengths(t *testing.T) {
	for _, name := range []string{"cps3", "cps4", "vitale", "3F 65 25 00"} {
		if _, err := vpcd.ATR(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{"", "cps9", "3b", "3", "zz00"} {
		if atr, err := vpcd.ATR(bad); err == nil {
			t.Errorf("%q: got %x", bad, atr)
		}
	}
}
