package publish

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
)

// Password gives the password of a key; create says that it is a new one, for
// which asking twice is wise.
type Password func(name string, create bool) ([]byte, error)

// Elsewhere opens the key called name that lies in no file here: uri says
// where, for example "pkcs11:token=ans;id=%01?module-path=..." or "awskms://...".
type Elsewhere func(name, uri string) (signature.Signer, error)

// keySize is the most a key file may have, in bytes.
const keySize = 64 << 10

// directory keeps each key in a file of its own, NAME.key, encrypted with
// scrypt and NaCl's secretbox in the PEM form of sigstore, readable by the
// owner only. NAME.ref in its place holds one line, a URI that says where the
// key is instead: on a token, or with a key management service. A key is
// opened once in a process.
type directory struct {
	dir       string
	password  Password
	elsewhere Elsewhere
	open      memoryKeys
}

// NewDirKeys makes a KeyStore from a directory, which is made, for its owner
// only, when it is missing. Without elsewhere references are refused.
func NewDirKeys(dir string, password Password, elsewhere Elsewhere) (KeyStore, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("keys directory %q: %w", dir, err)
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return nil, fmt.Errorf("making keys directory %q: %w", dir, err)
	}
	return &directory{dir: abs, password: password, elsewhere: elsewhere, open: memoryKeys{}}, nil
}

// Dir tells where the keys are, so that they are kept out of the repository.
func (d *directory) Dir() string { return d.dir }

func (d *directory) file(name, kind string) string { return filepath.Join(d.dir, name+kind) }

// Has implements KeyStore.
func (d *directory) Has(name string) bool {
	return isName(name) && (exists(d.file(name, ".key")) || exists(d.file(name, ".ref")))
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// Signer implements KeyStore.
func (d *directory) Signer(name string) (signature.Signer, error) {
	if d.open.Has(name) {
		return d.open.Signer(name)
	}
	if !isName(name) {
		return nil, &Error{Reason: CodeBadName, Name: name, Expected: "[a-z0-9-]{1,32}"}
	}
	text, err := readLimited(d.file(name, ".key"), keySize)
	var s signature.Signer
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s, err = d.refer(name)
	case err != nil:
		err = fmt.Errorf("reading key %q: %w", name, err)
	default:
		s, err = d.decrypt(name, text)
	}
	if err != nil {
		return nil, err
	}
	d.open[name] = s
	return s, nil
}

// refer opens a key that lies elsewhere.
func (d *directory) refer(name string) (signature.Signer, error) {
	file := d.file(name, ".ref")
	text, err := readLimited(file, keySize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Reason: CodeMissingKey, Role: name, Name: d.file(name, ".key"), Cause: err}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the reference of key %q: %w", name, err)
	}
	uri := strings.TrimSpace(string(text))
	if d.elsewhere == nil || uri == "" || strings.ContainsAny(uri, "\r\n") {
		return nil, &Error{Reason: CodeBadKey, Role: name, Name: file, Expected: "one line with a URI", Found: fmt.Sprintf("%.80q", uri)}
	}
	s, err := d.elsewhere(name, uri)
	if err != nil {
		return nil, err
	}
	public, err := s.PublicKey()
	if err != nil {
		return nil, err
	}
	if err := supported(public); err != nil {
		err.Role, err.Name = name, file
		return nil, err
	}
	return s, nil
}

// decrypt opens the content of a key file.
func (d *directory) decrypt(name string, text []byte) (signature.Signer, error) {
	file := d.file(name, ".key")
	if strings.Contains(string(text), "PRIVATE KEY-----") && !strings.Contains(string(text), "-----BEGIN ENCRYPTED ") {
		return nil, &Error{Reason: CodeBadKey, Role: name, Name: file, Expected: "an encrypted key", Found: "an open one"}
	}
	password, err := d.password(name, false)
	if err != nil {
		return nil, fmt.Errorf("asking for the password of key %q: %w", name, err)
	}
	private, err := cryptoutils.UnmarshalPEMToPrivateKey(text, cryptoutils.StaticPasswordFunc(password))
	if err != nil {
		return nil, &Error{Reason: CodeWrongPassword, Role: name, Name: file, Cause: err}
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, &Error{Reason: CodeBadKey, Role: name, Name: file, Expected: keyTypes, Found: fmt.Sprintf("%T", private)}
	}
	if err := supported(signer.Public()); err != nil {
		err.Role, err.Name = name, file
		return nil, err
	}
	s, err := signature.LoadSigner(private, crypto.SHA256)
	if err != nil {
		return nil, &Error{Reason: CodeBadKey, Role: name, Name: file, Cause: err}
	}
	return s, nil
}

// keyTypes says which keys may sign. RSA and larger curves are left out: what
// go-tuf writes about them and what it verifies do not agree.
const keyTypes = "ed25519 or ECDSA P-256"

// supported refuses every public key that is not one of keyTypes.
func supported(public crypto.PublicKey) *Error {
	found := fmt.Sprintf("%T", public)
	switch key := public.(type) {
	case ed25519.PublicKey:
		if len(key) == ed25519.PublicKeySize {
			return nil
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return nil
		}
		found = "ECDSA " + key.Curve.Params().Name
	}
	return &Error{Reason: CodeBadKey, Expected: keyTypes, Found: strings.TrimPrefix(found, "*")}
}

// Create implements KeyStore. The public part is written beside it, NAME.pub.
func (d *directory) Create(name string) (signature.Signer, error) {
	if !isName(name) {
		return nil, &Error{Reason: CodeBadName, Name: name, Expected: "[a-z0-9-]{1,32}"}
	}
	if d.Has(name) {
		return nil, &Error{Reason: CodeExists, Name: d.file(name, ".key"), Cause: fs.ErrExist}
	}
	password, err := d.password(name, true)
	if err != nil {
		return nil, fmt.Errorf("asking for the password of key %q: %w", name, err)
	}
	if len(password) == 0 {
		return nil, &Error{Reason: CodeEmptyPassword, Role: name}
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making key %q: %w", name, err)
	}
	der, err := cryptoutils.MarshalPrivateKeyToEncryptedDER(private, cryptoutils.StaticPasswordFunc(password))
	if err != nil {
		return nil, fmt.Errorf("encrypting key %q: %w", name, err)
	}
	text, err := cryptoutils.MarshalPublicKeyToPEM(public)
	if err != nil {
		return nil, fmt.Errorf("encoding the public part of key %q: %w", name, err)
	}
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return nil, fmt.Errorf("keys directory: %w", err)
	}
	f := files{root: root}
	err = errors.Join(
		f.write(name+".pub", text, 0o644),
		f.write(name+".key", cryptoutils.PEMEncode(cryptoutils.EncryptedSigstorePrivateKeyPEMType, der), 0o600),
		root.Close(),
	)
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
