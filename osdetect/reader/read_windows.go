package reader

import (
	"context"
	"runtime"
)

// read asks the resource manager and the devices, each within the limit.
func read(ctx context.Context) reading {
	usb := make(chan inventory, 1)
	go func() { usb <- devices(ctx) }()
	pcsc := slots(ctx)
	plugged := <-usb
	return reading{System: runtime.GOOS, PCSC: &pcsc, USB: &plugged}
}
