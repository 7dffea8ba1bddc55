package reader

import (
	"context"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/windows"
)

// winscard is the PC/SC library of the system, and of no other folder.
type winscard struct {
	establish, release, cancel, list, status *windows.LazyProc
}

// loadWinscard finds the library and every function that is called.
func loadWinscard() (winscard, error) {
	dll := windows.NewLazySystemDLL("winscard.dll")
	w := winscard{
		establish: dll.NewProc("SCardEstablishContext"), release: dll.NewProc("SCardReleaseContext"),
		cancel: dll.NewProc("SCardCancel"), list: dll.NewProc("SCardListReadersW"),
		status: dll.NewProc("SCardGetStatusChangeW"),
	}
	for _, p := range []*windows.LazyProc{w.establish, w.release, w.cancel, w.list, w.status} {
		if err := p.Find(); err != nil {
			return winscard{}, err
		}
	}
	return w, nil
}

// readerState is SCARD_READERSTATEW.
type readerState struct {
	reader  *uint16
	user    uintptr
	current uint32
	event   uint32
	length  uint32
	atr     [36]byte
}

const (
	scopeSystem = 2
	mostUnits   = 1 << 16 // in the list of names
)

// slots asks the resource manager. One that gives no answer within the limit
// is told to cancel and left alone: its thread ends when the call does.
func slots(asked context.Context) listing {
	w, err := loadWinscard()
	if err != nil {
		return listing{Missing: true}
	}
	ctx, stop := context.WithTimeout(asked, limit)
	defer stop()
	var handle atomic.Uintptr
	answer := make(chan listing, 1)
	go func() { answer <- w.ask(&handle) }()
	select {
	case l := <-answer:
		return l
	case <-ctx.Done():
		if h := handle.Load(); h != 0 {
			go func() { _, _, _ = w.cancel.Call(h) }() // may hang as well
		}
		if asked.Err() != nil {
			return listing{Call: "SCardListReaders", Result: resultCancelled}
		}
		return listing{Hung: true}
	}
}

// ask copies what the resource manager says. The handle is there for who wants
// to cancel.
func (w winscard) ask(handle *atomic.Uintptr) listing {
	var h uintptr
	if r, _, _ := w.establish.Call(scopeSystem, 0, 0, uintptr(unsafe.Pointer(&h))); uint32(r) != resultOK {
		return listing{Call: "SCardEstablishContext", Result: uint32(r)}
	}
	handle.Store(h)
	defer func() {
		handle.Store(0)
		_, _, _ = w.release.Call(h)
	}()
	names, result := w.names(h)
	l := listing{Call: "SCardListReaders", Result: result, Names: names}
	list, _ := multiString(names)
	for _, name := range list {
		l.Slots = append(l.Slots, w.slot(h, name))
	}
	return l
}

// names lists the readers. Their number can grow between the two calls.
func (w winscard) names(h uintptr) ([]uint16, uint32) {
	var result uint32
	for range 3 {
		var n uint32
		r, _, _ := w.list.Call(h, 0, 0, uintptr(unsafe.Pointer(&n)))
		if result = uint32(r); result != resultOK || n == 0 {
			return nil, result
		}
		names := make([]uint16, min(n, mostUnits))
		n = uint32(len(names))
		r, _, _ = w.list.Call(h, 0, uintptr(unsafe.Pointer(&names[0])), uintptr(unsafe.Pointer(&n)))
		if result = uint32(r); result != resultInsufficientBuffer {
			return names[:min(n, uint32(len(names)))], result
		}
	}
	return nil, result
}

// slot asks for the state of one slot, alone, so that a reader which was just
// taken away spoils no other answer, and so that ten readers, the most one
// call can take, are no limit.
func (w winscard) slot(h uintptr, name string) slotWord {
	p, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return slotWord{Result: resultUnknownReader} // a NUL cannot be in a name that came out of a list
	}
	state := readerState{reader: p}
	r, _, _ := w.status.Call(h, 0, uintptr(unsafe.Pointer(&state)), 1)
	word := slotWord{Result: uint32(r), Event: state.event}
	if word.Result == resultOK {
		word.ATR = append(ATR(nil), state.atr[:min(state.length, uint32(len(state.atr)))]...)
	}
	return word
}
