package signatures

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes that signatures are made over
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"strings"
)

const (
	minRSA   = 2048 // bits
	minCurve = 256
)

// Key is a public key that images are signed with. It is comparable only by its Fingerprint.
type Key struct {
	// Fingerprint is the SHA-256 of the key in DER form (PKIX), such as sha256:….
	Fingerprint string
	public      crypto.PublicKey
}

// ParseKey reads one public key in PEM form ("PUBLIC KEY", as cosign writes it): ECDSA, Ed25519 or RSA. Errors never
// contain the text, which may be a private key by mistake.
func ParseKey(text string) (Key, error) {
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil:
		return Key{}, errors.New("it is not in PEM form (-----BEGIN PUBLIC KEY-----)")
	case strings.Contains(block.Type, "PRIVATE"):
		return Key{}, errors.New("it is a private key, which nobody but the signer should have; give the public one, such as cosign.pub")
	case block.Type == "CERTIFICATE":
		return Key{}, errors.New("it is a certificate; give its public key (openssl x509 -pubkey -noout)")
	case block.Type != "PUBLIC KEY":
		return Key{}, errors.New("its PEM block is not a PUBLIC KEY")
	case strings.TrimSpace(string(rest)) != "":
		return Key{}, errors.New("there is more after the first PEM block; each key is an element of its own")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return Key{}, errors.New("the PEM block does not contain a public key that can be read")
	}
	switch key := public.(type) {
	case ed25519.PublicKey:
	case *ecdsa.PublicKey:
		if key.Curve.Params().BitSize < minCurve {
			return Key{}, errors.New("its curve is too short; P-256 and longer are safe")
		}
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSA {
			return Key{}, errors.New("it is an RSA key of fewer than 2048 bits, which is not safe")
		}
	default:
		return Key{}, errors.New("it is neither an ECDSA, nor an Ed25519, nor an RSA key")
	}
	return Key{Fingerprint: "sha256:" + hex.EncodeToString(sum(crypto.SHA256, block.Bytes)), public: public}, nil
}

// message is what is signed, hashed once for all keys.
type message struct {
	content []byte
	sums    map[crypto.Hash][]byte
}

// hashes are those that signatures are made over. cosign takes SHA-256 for most keys and that of the size of the curve
// for others; a signature does not say which.
var hashes = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}

func newMessage(content []byte) message {
	m := message{content, map[crypto.Hash][]byte{}}
	for _, hash := range hashes {
		m.sums[hash] = sum(hash, content)
	}
	return m
}

func sum(hash crypto.Hash, content []byte) []byte {
	h := hash.New()
	_, _ = h.Write(content) // never fails
	return h.Sum(nil)
}

// signed reports whether a signature of the message is by the key.
func (k Key) signed(m message, signature []byte) bool {
	switch public := k.public.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(public, m.content, signature) ||
			ed25519.VerifyWithOptions(public, m.sums[crypto.SHA512], signature, &ed25519.Options{Hash: crypto.SHA512}) == nil
	case *ecdsa.PublicKey:
		for _, hash := range hashes {
			if ecdsa.VerifyASN1(public, m.sums[hash], signature) {
				return true
			}
		}
	case *rsa.PublicKey:
		for _, hash := range hashes {
			if rsa.VerifyPKCS1v15(public, hash, m.sums[hash], signature) == nil ||
				rsa.VerifyPSS(public, hash, m.sums[hash], signature, nil) == nil {
				return true
			}
		}
	}
	return false
}

// signer returns the fingerprint of the key that a signature of the message is by; "" if it is none of them.
func signer(keys []Key, m message, signature []byte) string {
	for _, key := range keys {
		if key.signed(m, signature) {
			return key.Fingerprint
		}
	}
	return ""
}
