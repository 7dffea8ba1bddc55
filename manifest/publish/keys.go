package publish

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
)

// KeyStore holds the private keys of a repository, one for each name: root-1,
// root-2, root-3, targets, catalogue, snapshot, timestamp, and one for each
// publisher. All are ed25519. A KeyStore is not safe for concurrent use.
type KeyStore interface {
	// Has reports whether there is a key of that name.
	Has(name string) bool
	// Signer gives the key of that name; an *Error with CodeMissingKey when
	// there is none.
	Signer(name string) (signature.Signer, error)
	// Create makes the key of that name, which must not exist.
	Create(name string) (signature.Signer, error)
}

// memoryKeys lives as long as the process.
type memoryKeys map[string]signature.Signer

// NewMemoryKeys makes a KeyStore that writes nothing, for a repository that
// is shown or tested.
func NewMemoryKeys() KeyStore { return memoryKeys{} }

// Has implements KeyStore.
func (m memoryKeys) Has(name string) bool { return m[name] != nil }

// Signer implements KeyStore.
func (m memoryKeys) Signer(name string) (signature.Signer, error) {
	if s, ok := m[name]; ok {
		return s, nil
	}
	return nil, &Error{Reason: CodeMissingKey, Role: name}
}

// Create implements KeyStore.
func (m memoryKeys) Create(name string) (signature.Signer, error) {
	if m.Has(name) {
		return nil, &Error{Reason: CodeExists, Name: name, Cause: fs.ErrExist}
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making key %q: %w", name, err)
	}
	s, err := signature.LoadED25519Signer(private)
	if err != nil {
		return nil, fmt.Errorf("making key %q: %w", name, err)
	}
	m[name] = s
	return s, nil
}

// Password gives the password of a key; create says that it is a new one, for
// which asking twice is wise.
type Password func(name string, create bool) ([]byte, error)

// keySize is the most a key file may have, in bytes.
const keySize = 64 << 10

// directory keeps each key in a file of its own, NAME.key, encrypted with
// scrypt and NaCl's secretbox in the PEM form of sigstore, readable by the
// owner only. A key is decrypted once in a process.
type directory struct {
	dir      string
	password Password
	open     memoryKeys
}

// NewDirKeys makes a KeyStore from a directory, which is made, for its owner
// only, when it is missing.
func NewDirKeys(dir string, password Password) (KeyStore, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("keys directory %q: %w", dir, err)
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return nil, fmt.Errorf("making keys directory %q: %w", dir, err)
	}
	return &directory{dir: abs, password: password, open: memoryKeys{}}, nil
}

// Dir tells where the keys are, so that they are kept out of the repository.
func (d *directory) Dir() string { return d.dir }

func (d *directory) file(name string) string { return filepath.Join(d.dir, name+".key") }

// Has implements KeyStore.
func (d *directory) Has(name string) bool {
	_, err := os.Lstat(d.file(name))
	return err == nil
}

// Signer implements KeyStore.
func (d *directory) Signer(name string) (signature.Signer, error) {
	if d.open.Has(name) {
		return d.open.Signer(name)
	}
	text, err := readLimited(d.file(name), keySize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Reason: CodeMissingKey, Role: name, Name: d.file(name), Cause: err}
	}
	if err != nil {
		return nil, fmt.Errorf("reading key %q: %w", name, err)
	}
	password, err := d.password(name, false)
	if err != nil {
		return nil, fmt.Errorf("asking for the password of key %q: %w", name, err)
	}
	private, err := cryptoutils.UnmarshalPEMToPrivateKey(text, cryptoutils.StaticPasswordFunc(password))
	if err != nil {
		return nil, &Error{Reason: CodeWrongPassword, Role: name, Name: d.file(name), Cause: err}
	}
	key, ok := private.(ed25519.PrivateKey)
	if !ok {
		return nil, &Error{Reason: CodeBadKey, Role: name, Name: d.file(name), Expected: "ed25519", Found: fmt.Sprintf("%T", private)}
	}
	s, err := signature.LoadED25519Signer(key)
	if err != nil {
		return nil, &Error{Reason: CodeBadKey, Role: name, Name: d.file(name), Cause: err}
	}
	d.open[name] = s
	return s, nil
}

// Create implements KeyStore.
func (d *directory) Create(name string) (signature.Signer, error) {
	if d.Has(name) {
		return nil, &Error{Reason: CodeExists, Name: d.file(name), Cause: fs.ErrExist}
	}
	password, err := d.password(name, true)
	if err != nil {
		return nil, fmt.Errorf("asking for the password of key %q: %w", name, err)
	}
	if len(password) == 0 {
		return nil, &Error{Reason: CodeEmptyPassword, Role: name}
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making key %q: %w", name, err)
	}
	der, err := cryptoutils.MarshalPrivateKeyToEncryptedDER(private, cryptoutils.StaticPasswordFunc(password))
	if err != nil {
		return nil, fmt.Errorf("encrypting key %q: %w", name, err)
	}
	text := cryptoutils.PEMEncode(cryptoutils.EncryptedSigstorePrivateKeyPEMType, der)
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return nil, fmt.Errorf("keys directory: %w", err)
	}
	err = errors.Join(files{root: root}.write(name+".key", text, 0o600), root.Close())
	if err != nil {
		return nil, fmt.Errorf("writing key %q: %w", name, err)
	}
	s, err := signature.LoadED25519Signer(private)
	if err != nil {
		return nil, fmt.Errorf("making key %q: %w", name, err)
	}
	d.open[name] = s
	return s, nil
}

// readLimited reads a file of at most limit bytes.
func readLimited(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("more than %d bytes", limit)
	}
	return data, nil
}
