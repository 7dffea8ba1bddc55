package capability

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"

	"github.com/releve-sante/releve/osdetect/program"
)

// Machine is this Windows.
type Machine struct{}

var _ System = Machine{}

// The policy that sends Windows Update to a server of the organisation.
const (
	policyKey   = `SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU`
	policyValue = "UseWUServer"
	updates     = "wuauserv"
	serviceTime = 30 * time.Second
)

// Present implements System.
func (Machine) Present() (bool, error) {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return false, err
	}
	info, err := os.Stat(filepath.Join(system, "wbem", "WMIC.exe"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.Mode().IsRegular(), err
}

// DISM implements System.
func (Machine) DISM(ctx context.Context, limit time.Duration, args ...string) (Answer, error) {
	path, err := program.DISM.Path()
	if err != nil {
		return Answer{}, err
	}
	// The servicing of Windows does the work in a process of its own, which
	// would be left half way by an end of DISM.
	r, err := program.Run(ctx, program.Command{Path: path, Args: args, Limit: limit, NoEnd: true})
	if errors.Is(err, program.ErrTime) {
		err = fmt.Errorf("%w: %w", ErrTime, err)
	}
	return Answer{Code: uint32(r.Code), Output: r.Output}, err
}

// Working implements System.
func (Machine) Working(ctx context.Context) (bool, error) {
	return program.DISM.GoesOn(ctx, "/CapabilityName:"+name)
}

// Wait implements System.
func (Machine) Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// UpdateServer implements System.
func (Machine) UpdateServer() (*uint32, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, policyKey, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", policyKey, err)
	}
	defer key.Close()
	value, kind, err := key.GetIntegerValue(policyValue)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err == nil && kind != registry.DWORD:
		err = registry.ErrUnexpectedType
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s of %s: %w", policyValue, policyKey, err)
	}
	number := uint32(value)
	return &number, nil
}

// SetUpdateServer implements System. Windows Update reads the policy when its
// service starts; one that does not run reads it when it is needed.
func (Machine) SetUpdateServer(ctx context.Context, value uint32) error {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, policyKey, registry.SET_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return fmt.Errorf("opening %s: %w", policyKey, err)
	}
	err = key.SetDWordValue(policyValue, value)
	if err = errors.Join(err, key.Close()); err != nil {
		return fmt.Errorf("writing %s of %s: %w", policyValue, policyKey, err)
	}
	if err := restart(ctx, updates); err != nil {
		return fmt.Errorf("restarting the service %s: %w", updates, err)
	}
	return nil
}

// restart stops a service that runs and starts it again.
func restart(ctx context.Context, name string) error {
	m, err := mgr.Connect()
	if err != nil {
		return err
	}
	defer func() { _ = m.Disconnect() }()
	s, err := m.OpenService(name)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	status, err := s.Query()
	if err != nil || status.State == svc.Stopped {
		return err
	}
	if _, err := s.Control(svc.Stop); err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, serviceTime)
	defer cancel()
	for {
		status, err := s.Query()
		if err != nil {
			return err
		}
		if status.State == svc.Stopped {
			return s.Start()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
