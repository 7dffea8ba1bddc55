package trust

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
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
		refusal := &Error{Reason: reason(err), Role: role, File: file, Cause: err}
		refusal.Expected, refusal.Found = counted(err)
		return refusal
	}
	return nil
}

// counted gives the numbers that an error of go-tuf ends with, which it has in
// its sentence only: versions, or how many signatures there must be and are.
func counted(err error) (expected, found string) {
	var (
		unsigned *metadata.ErrUnsignedMetadata
		version  *metadata.ErrBadVersionNumber
	)
	if !errors.As(err, &unsigned) && !errors.As(err, &version) {
		return "", ""
	}
	said := err.Error()
	numbers := strings.FieldsFunc(said, func(r rune) bool { return r < '0' || r > '9' })
	if len(numbers) < 2 {
		return "", ""
	}
	last, before := numbers[len(numbers)-1], numbers[len(numbers)-2]
	// Of a role that the snapshot lists go-tuf tells them the wrong way round.
	if strings.HasSuffix(said, "got "+last) && !strings.Contains(said, ".json version ") {
		return before, last
	}
	return last, before
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

// explained adds to a refusal what go-tuf does not tell: the digests of a
// file that is another than the announced one, and the dates.
func (r *run) explained(err error, data []byte) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Reason == CodeMismatch {
		e.Expected, e.Found = r.announcedDigest(e.Role), digestOf(data)
		return err
	}
	if e.Reason != CodeExpired {
		return err
	}
	h, bad := r.client.config.Rules.inspect(e.Role, e.File, data)
	if bad != nil {
		return err
	}
	if detailed := r.expired(e.Role, e.File, h.Expires); detailed != nil {
		return detailed
	}
	return err
}

// announcedDigest is the SHA-256 that signed metadata gives the file of a role.
func (r *run) announcedDigest(role string) string {
	announced := map[string]*metadata.MetaFiles{}
	if role != "snapshot" && r.set.Snapshot != nil {
		announced = r.set.Snapshot.Signed.Meta
	} else if r.set.Timestamp != nil {
		announced = r.set.Timestamp.Signed.Meta
	}
	meta, ok := announced[role+".json"]
	if !ok {
		return ""
	}
	return hex.EncodeToString(meta.Hashes["sha256"])
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
		Expected: now.UTC().Format(time.DateOnly),
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
		Expected: strconv.FormatInt(seen, 10), Found: strconv.FormatInt(found, 10),
	}
}
