package trust

import (
	"errors"
	"fmt"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// guard runs one verification of go-tuf and turns whatever comes out of it, a
// panic too, into an *Error that names role and file.
func guard(role, file string, verify func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Reason: CodePanic, Role: role, File: file, Cause: fmt.Errorf("%v", p)}
		}
	}()
	if err := verify(); err != nil {
		return &Error{Reason: reason(err), Role: role, File: file, Cause: err}
	}
	return nil
}

// reason gives the code for an error of go-tuf.
func reason(err error) string {
	var (
		unsigned *metadata.ErrUnsignedMetadata
		version  *metadata.ErrBadVersionNumber
		expired  *metadata.ErrExpiredMetadata
		mismatch *metadata.ErrLengthOrHashMismatch
		value    *metadata.ErrValue
		missing  *metadata.ErrRepository
	)
	switch {
	case errors.As(err, &unsigned):
		return CodeBadSignature
	case errors.As(err, &version):
		return CodeRolledBack
	case errors.As(err, &expired):
		return CodeExpired
	case errors.As(err, &mismatch):
		return CodeMismatch
	case errors.As(err, &value):
		return CodeBadSignature // no delegation, or a threshold nobody can meet
	case errors.As(err, &missing):
		return CodeRolledBack // an entry that was there before is gone
	}
	return CodeMalformed
}

// expired gives the error for metadata whose date is before now, or nil.
func expired(role, file string, expires, now time.Time) error {
	if !now.After(expires) {
		return nil
	}
	return &Error{
		Reason:   CodeExpired,
		Role:     role,
		File:     file,
		Expected: "valid on " + now.UTC().Format(time.DateOnly),
		Found:    expires.UTC().Format(time.DateOnly),
		Age:      now.Sub(expires),
	}
}

// older gives the error for a version below one already seen, or nil.
func older(role, file string, found, seen int64) error {
	if found >= seen {
		return nil
	}
	return &Error{
		Reason: CodeRolledBack, Role: role, File: file,
		Expected: fmt.Sprintf("version %d or later", seen),
		Found:    fmt.Sprintf("version %d", found),
	}
}
