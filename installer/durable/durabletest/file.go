package durabletest

import (
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
)

const (
	errIsDir    = syscall.EISDIR
	errNotEmpty = syscall.ENOTEMPTY
)

// file is an open file. It outlives the removal of its name, as on Unix.
type file struct {
	disk   *Disk
	node   *node
	name   string
	flag   int
	offset int64
	closed bool
}

// use takes the lock and tells whether the file can be used.
func (f *file) use(op string) (release func(), err error) {
	f.disk.mu.Lock()
	switch {
	case f.disk.dead:
		err = ErrPower
	case f.closed:
		err = fs.ErrClosed
	}
	if err != nil {
		f.disk.mu.Unlock()
		return nil, &fs.PathError{Op: op, Path: f.name, Err: err}
	}
	return f.disk.mu.Unlock, nil
}

func (f *file) Read(p []byte) (int, error) {
	release, err := f.use("read")
	if err != nil {
		return 0, err
	}
	defer release()
	n, err := f.readAt(p, f.offset)
	f.offset += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *file) ReadAt(p []byte, offset int64) (int, error) {
	release, err := f.use("read")
	if err != nil {
		return 0, err
	}
	defer release()
	return f.readAt(p, offset)
}

func (f *file) readAt(p []byte, offset int64) (int, error) {
	switch {
	case f.node.isDir():
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: errIsDir}
	case f.flag&os.O_WRONLY != 0:
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: syscall.EBADF}
	case offset < 0:
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrInvalid}
	case offset >= int64(len(f.node.data)):
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	n := copy(p, f.node.data[offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Write is one operation, whatever its length.
func (f *file) Write(p []byte) (int, error) {
	release, err := f.use("write")
	if err != nil {
		return 0, err
	}
	defer release()
	if f.flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: syscall.EBADF}
	}
	err = f.disk.do("write", f.name, false, func() {
		if f.flag&os.O_APPEND != 0 {
			f.offset = int64(len(f.node.data))
		}
		f.node.own(int(f.offset) + len(p))
		copy(f.node.data[f.offset:], p)
		f.offset += int64(len(p))
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f *file) Seek(offset int64, whence int) (int64, error) {
	release, err := f.use("seek")
	if err != nil {
		return 0, err
	}
	defer release()
	switch whence {
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		offset += int64(len(f.node.data))
	}
	if offset < 0 {
		return 0, &fs.PathError{Op: "seek", Path: f.name, Err: fs.ErrInvalid}
	}
	f.offset = offset
	return offset, nil
}

func (f *file) Truncate(size int64) error {
	release, err := f.use("truncate")
	if err != nil {
		return err
	}
	defer release()
	if f.flag&(os.O_WRONLY|os.O_RDWR) == 0 || size < 0 {
		return &fs.PathError{Op: "truncate", Path: f.name, Err: fs.ErrInvalid}
	}
	return f.disk.do("truncate", f.name, false, func() {
		f.node.own(int(size))
		f.node.data = f.node.data[:size]
	})
}

func (f *file) Sync() error {
	release, err := f.use("sync")
	if err != nil {
		return err
	}
	defer release()
	return f.disk.do("sync", f.name, true, f.node.sync)
}

func (f *file) Stat() (fs.FileInfo, error) {
	release, err := f.use("stat")
	if err != nil {
		return nil, err
	}
	defer release()
	return f.node.info(path.Base(f.name)), nil
}

// Close works also without power, so that a test that ends leaves no error.
func (f *file) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return &fs.PathError{Op: "close", Path: f.name, Err: fs.ErrClosed}
	}
	f.closed = true
	return nil
}
