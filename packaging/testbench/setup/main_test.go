package main

import "testing"

func TestRead(t *testing.T) {
	got, err := read([]string{"/s", "/version:5.10.04", "/late:3010", `/report:C:\a.txt`})
	if want := (order{silent: true, version: "5.10.04", late: 3010, report: `C:\a.txt`}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for _, bad := range [][]string{{"/s"}, {"/s", "/version:1", "/exit:x"}, {"/version:1", "/what"}} {
		if _, err := read(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if status := run([]string{"/version:1.0"}); status != statusCancelled {
		t.Errorf("with questions: got %d, want %d", status, statusCancelled)
	}
	if status := run([]string{"/s", "/version:1.0", "/exit:1618"}); status != 1618 {
		t.Errorf("busy: got %d, want 1618", status)
	}
}

func TestNewer(t *testing.T) {
	if !newer("5.10.04", "5.9.0") || newer("5.9.0", "5.10.04") || newer("5.10.4", "5.10.04") {
		t.Error("versions are not compared number by number")
	}
}
