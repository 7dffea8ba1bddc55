// Command card is a card in a virtual reader of the test bench, until it is
// interrupted:
//
//	card -port 35963 -atr cps3
//
// The card is named (cps3, cps4, vitale) or given as its answer to reset.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"

	"github.com/releve-sante/releve/packaging/testbench/vpcd"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "card:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	port := flag.Int("port", vpcd.FirstPort, "where vpcd waits for the card of a reader")
	card := flag.String("atr", "cps3", "a card, or its answer to reset")
	flag.Parse()
	atr, err := vpcd.ATR(*card)
	if err != nil {
		return err
	}
	return vpcd.Present(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(*port)), atr)
}
