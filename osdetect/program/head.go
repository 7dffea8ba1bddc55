package program

import "sync"

// head keeps the first bytes of what is written to it and swallows the rest.
// It is a Writer and nothing more: a ReadFrom would be given everything. A
// program that is left alone still writes while the bytes are read.
type head struct {
	limit int

	mu   sync.Mutex
	kept []byte
	cut  bool
}

// Write implements io.Writer. It never fails.
func (h *head) Write(data []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	room := min(h.limit-len(h.kept), len(data))
	h.kept = append(h.kept, data[:room]...)
	h.cut = h.cut || room < len(data)
	return len(data), nil
}

func (h *head) bytes() (kept []byte, cut bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.kept, h.cut
}
