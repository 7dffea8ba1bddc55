package reader

import (
	"fmt"
	"slices"
	"testing"
)

func TestSerialDevices(t *testing.T) {
	tests := []struct {
		name    string
		in      inventory
		want    []Serial
		unknown bool
	}{
		{"nothing", inventory{}, nil, false},
		{
			"serial-reader",
			inventory{Devices: []device{{Class: classPorts, ID: `USB\VID_0F14&PID_0038\5&2A`, Name: "Olaqin SESAM-VITALE reader (COM3)", Port: "COM3"}}},
			[]Serial{{Port: "COM3", Device: "Olaqin SESAM-VITALE reader (COM3)", Vendor: "0F14", Product: "0038", Maker: "Ingenico"}}, false,
		},
		{
			"port-beside-the-slots-of-a-reader",
			inventory{Devices: []device{
				{Class: classPorts, ID: `USB\VID_0F14&PID_0038&MI_00\6&1`, Port: "COM3"},
				{Class: classReaders, ID: `USB\VID_0F14&PID_0038&MI_01\6&1`},
			}}, nil, false,
		},
		{
			"another-reader-has-the-slot",
			inventory{Devices: []device{
				{Class: classReaders, ID: `USB\VID_04E6&PID_5810\1`},
				{Class: classPorts, ID: `USB\VID_0B00&PID_0055\1`, Port: "COM5"},
			}},
			[]Serial{{Port: "COM5", Vendor: "0B00", Product: "0055", Maker: "Ingenico"}}, false,
		},
		{
			"converter-with-its-own-bus",
			inventory{Devices: []device{{Class: classPorts, ID: `FTDIBUS\vid_0403+pid_6001+A50285BI\0000`, Name: "USB Serial Port", Port: "COM4"}}},
			[]Serial{{Port: "COM4", Device: "USB Serial Port", Vendor: "0403", Product: "6001"}}, false,
		},
		{"built-in-port", inventory{Devices: []device{{Class: classPorts, ID: `ACPI\PNP0501\1`, Name: "Communications Port", Port: "COM1"}}}, nil, false},
		{"no-numbers", inventory{Devices: []device{{Class: classPorts, ID: `USB\VID_0F1&PID_`, Port: "COM1"}, {Class: classPorts, ID: `USB\VID_ZZZZ&PID_0001`}}}, nil, false},
		{
			"made-for-the-terminal",
			inventory{Devices: []device{{Class: classPorts, ID: `USB\VID_0403&PID_6001`, Name: "A\x1b[31m", Port: "COM\n4"}}},
			[]Serial{{Port: "COM?4", Device: "A?[31m", Vendor: "0403", Product: "6001"}}, false,
		},
		{"cannot-be-listed", inventory{Error: "access denied"}, nil, true},
		{"hangs", inventory{Hung: true}, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := interpret(reading{PCSC: &listing{Result: resultNoReaders}, USB: &tt.in})
			if !slices.Equal(r.Serial, tt.want) {
				t.Errorf("serial\n got %+v\nwant %+v", r.Serial, tt.want)
			}
			if r.SerialKnown == tt.unknown || r.has(CodeDevices) != tt.unknown {
				t.Errorf("known %v, problems %v", r.SerialKnown, codes(r))
			}
		})
	}
}

func TestMoreDevicesThanAreRead(t *testing.T) {
	var in inventory
	for i := range mostDevices + 1 {
		in.Devices = append(in.Devices, device{Class: classPorts, ID: fmt.Sprintf(`ACPI\%d`, i)})
	}
	if r := interpret(reading{PCSC: &listing{}, USB: &in}); r.SerialKnown {
		t.Error("a list that was cut is taken as whole")
	}
}
