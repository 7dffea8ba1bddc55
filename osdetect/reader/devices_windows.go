package reader

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// The device setup classes. Source: "System-Defined Device Setup Classes",
// learn.microsoft.com.
const (
	guidPorts   = "{4D36E978-E325-11CE-BFC1-08002BE10318}"
	guidReaders = "{50DD5230-BA8A-11D1-BF5D-0000F805F530}"
)

// devices lists what is plugged in now, within the limit: devices of the past
// stay in the registry and are passed over.
func devices(ctx context.Context) inventory {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	answer := make(chan inventory, 1)
	go func() {
		var in inventory
		if err := errors.Join(in.add(classPorts, guidPorts), in.add(classReaders, guidReaders)); err != nil {
			in.Error = err.Error()
		}
		answer <- in
	}()
	select {
	case in := <-answer:
		return in
	case <-ctx.Done():
		return inventory{Hung: true}
	}
}

// add copies the devices of one class.
func (in *inventory) add(class, id string) error {
	guid, err := windows.GUIDFromString(id)
	if err != nil {
		return fmt.Errorf("reading the class %s: %w", id, err)
	}
	set, err := windows.SetupDiGetClassDevsEx(&guid, "", 0, windows.DIGCF_PRESENT, 0, "")
	if err != nil {
		return fmt.Errorf("listing the devices of class %s: %w", class, err)
	}
	defer func() { _ = set.Close() }()
	for i := 0; i <= mostDevices; i++ {
		data, err := set.EnumDeviceInfo(i)
		if err != nil {
			return nil //nolint:nilerr // the end of the list
		}
		id, err := set.DeviceInstanceID(data)
		if err != nil {
			continue
		}
		d := device{Class: class, ID: id, Name: text(set, data, windows.SPDRP_FRIENDLYNAME)}
		if d.Name == "" {
			d.Name = text(set, data, windows.SPDRP_DEVICEDESC)
		}
		if class == classPorts {
			d.Port = port(set, data)
		}
		in.Devices = append(in.Devices, d)
	}
	return nil
}

// text reads a property that is a text, or "".
func text(set windows.DevInfo, data *windows.DevInfoData, property windows.SPDRP) string {
	v, err := set.DeviceRegistryProperty(data, property)
	s, ok := v.(string)
	if err != nil || !ok {
		return ""
	}
	return s
}

// port reads the name of the serial port from the key of the device.
func port(set windows.DevInfo, data *windows.DevInfoData) string {
	h, err := set.OpenDevRegKey(data, windows.DICS_FLAG_GLOBAL, 0, windows.DIREG_DEV, windows.KEY_QUERY_VALUE)
	if err != nil {
		return ""
	}
	key := registry.Key(h)
	defer key.Close()
	name, _, err := key.GetStringValue("PortName")
	if err != nil {
		return ""
	}
	return name
}
