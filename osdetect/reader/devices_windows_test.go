package reader

import (
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/windows/registry"
)

// plug makes the keys of a device as the plug and play manager does.
func plug(t *testing.T, id, class, name, portName string) {
	t.Helper()
	const enum = `SYSTEM\CurrentControlSet\Enum\`
	key, _, err := registry.CreateKey(registry.LOCAL_MACHINE, enum+id, registry.ALL_ACCESS)
	if err != nil {
		t.Fatal(err)
	}
	defer key.Close()
	for value, text := range map[string]string{"ClassGUID": class, "FriendlyName": name} {
		if err := key.SetStringValue(value, text); err != nil {
			t.Fatal(err)
		}
	}
	if portName != "" {
		parameters, _, err := registry.CreateKey(key, "Device Parameters", registry.ALL_ACCESS)
		if err != nil {
			t.Fatal(err)
		}
		defer parameters.Close()
		if err := parameters.SetStringValue("PortName", portName); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDevicesOfWindows(t *testing.T) {
	if os.Getenv("RELEVE_BENCH") != "wine" {
		t.Skip("needs a machine whose devices may be made up (RELEVE_BENCH=wine)")
	}
	plug(t, `USB\VID_0F14&PID_0038\5&2A`, guidPorts, "Olaqin SESAM-VITALE reader (COM13)", "COM13")
	plug(t, `USB\VID_04E6&PID_5810\1`, guidReaders, "Identive CLOUD 2700 R Smart Card Reader", "")
	in := devices(t.Context())
	if in.Error != "" || in.Hung {
		t.Fatalf("devices: %+v", in)
	}
	t.Logf("%+v", in.Devices)
	r := interpret(reading{PCSC: &listing{Result: resultNoReaders}, USB: &in})
	want := Serial{Port: "COM13", Device: "Olaqin SESAM-VITALE reader (COM13)", Vendor: "0F14", Product: "0038", Maker: "Ingenico"}
	if !slices.Contains(r.Serial, want) || !r.suspect() {
		t.Errorf("serial devices %+v, want %+v among them", r.Serial, want)
	}
}
