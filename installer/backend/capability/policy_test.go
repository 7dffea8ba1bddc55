package capability

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// stuck is a Windows whose update service does not restart. Where it is locked
// the policy cannot be written either.
type stuck struct {
	*fake
	locked bool
}

func (s stuck) SetUpdateServer(_ context.Context, v uint32) error {
	if !s.locked {
		s.server = &v
	}
	return errors.New("it does not stop")
}

func TestPolicyIsBackThoughTheServiceIsStuck(t *testing.T) {
	for _, locked := range []bool{false, true} {
		t.Run(fmt.Sprintf("locked-%v", locked), func(t *testing.T) {
			f := &fake{state: Absent, server: number(1)}
			b := New(stuck{f, locked})
			j := job(Installed, map[string]string{BypassWSUS: Yes})
			u, err := b.Prepare(t.Context(), j)
			if err != nil {
				t.Fatal(err)
			}
			f.server = number(0) // the process died while DISM worked
			var told *Error
			err = b.Settle(t.Context(), j, u, false)
			if got := errors.As(err, &told) && told.Code() == CodePolicyNotRestored; got != locked {
				t.Errorf("settled with %v", err)
			}
			if want := map[bool]uint32{true: 0, false: 1}[locked]; *f.server != want {
				t.Errorf("the policy is %d afterwards, want %d", *f.server, want)
			}
		})
	}
}
