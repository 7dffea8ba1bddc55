package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows/svc"

	"github.com/releve-sante/releve/osdetect/program"
)

// limit is how long the command may take.
const limit = 5 * time.Minute

// order is what the service is to run.
type order struct {
	Dir     string   `json:"dir"`
	Command []string `json:"command"`
	Env     []string `json:"env"`
}

// run answers the service manager and carries out the order in the file. It
// fails when something else than the service manager starts it.
func run(file string) error { return svc.Run("releve-bench", &service{file: file}) }

type service struct{ file string }

// Execute implements svc.Handler: it runs the order and ends.
func (s *service) Execute(_ []string, _ <-chan svc.ChangeRequest, status chan<- svc.Status) (ownCode bool, code uint32) {
	status <- svc.Status{State: svc.Running}
	if err := s.work(); err != nil {
		_ = os.WriteFile(s.file+".error", []byte(err.Error()), 0o600)
		code = 1
	}
	status <- svc.Status{State: svc.StopPending}
	return true, code
}

// work runs the command, its output going to FILE.out and its exit status to
// FILE.status.
func (s *service) work() error {
	data, err := os.ReadFile(s.file)
	if err != nil {
		return err
	}
	var o order
	if err := json.Unmarshal(data, &o); err != nil {
		return fmt.Errorf("reading the order: %w", err)
	}
	res, err := program.Run(context.Background(), program.Command{
		Path: o.Command[0], Args: o.Command[1:], Dir: o.Dir, Env: o.Env, Limit: limit,
	})
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(s.file+".out", res.Output, 0o600),
		os.WriteFile(s.file+".status", fmt.Append(nil, res.Code), 0o600),
	)
}
