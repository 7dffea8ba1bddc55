package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/common"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/handler"
)

// keyService answers as a sigstore-kms program does, with a P-256 key that is
// made from the name of the key, and so always the same.
func keyService() {
	args, err := handler.GetPluginArgs(os.Args)
	if err == nil {
		err = answer(args)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func answer(args *common.PluginArgs) error {
	secret := sha256.Sum256([]byte(args.InitOptions.KeyResourceID))
	secret[0] = 0 // surely below the order of the curve
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret[:])
	if err != nil {
		return err
	}
	s, err := signature.LoadECDSASignerVerifier(key, crypto.SHA256)
	if err != nil {
		return err
	}
	_, err = handler.Dispatch(os.Stdout, os.Stdin, args, service{s})
	return err
}

// service lets a key be used, and no more.
type service struct{ signature.SignerVerifier }

func (service) CreateKey(context.Context, string) (crypto.PublicKey, error) {
	return nil, errors.ErrUnsupported
}

func (service) CryptoSigner(context.Context, func(error)) (crypto.Signer, crypto.SignerOpts, error) {
	return nil, nil, errors.ErrUnsupported
}
func (service) SupportedAlgorithms() []string { return nil }
func (service) DefaultAlgorithm() string      { return "" }
