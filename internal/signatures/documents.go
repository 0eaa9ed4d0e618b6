// Package signatures decides whether what is attached to an image proves that it was signed: with public keys alone,
// without a network. It reads what cosign writes: simple signing payloads, DSSE envelopes and Sigstore bundles. Whatever it is
// given may be hostile; nothing is believed before a key has signed it.
package signatures

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// SignatureType is the predicate type of a signature; other types are of attestations.
const SignatureType = "https://sigstore.dev/cosign/sign/v1"

const (
	typeSimple   = "application/vnd.dev.cosign.simplesigning.v1+json"
	typeEnvelope = "application/vnd.dsse.envelope.v1+json"
	// bundles of all versions begin with it, and differ in what is not read here.
	typeBundle = "application/vnd.dev.sigstore.bundle"

	typeStatement   = "application/vnd.in-toto+json"
	statementPrefix = "https://in-toto.io/Statement/"
	simpleKind      = "cosign container image signature"
)

// Limits of one document.
const (
	maxMembers    = 10_000 // of its JSON, before a key has signed it
	maxSignatures = 8
)

// Document is what was attached to an image.
type Document struct {
	MediaType string
	// Signature is that of a simple signing payload, in base64, which is not part of its content.
	Signature string
	Content   []byte
}

// IsBundle reports whether a media type, or the type of an artifact, is that of a Sigstore bundle.
func IsBundle(mediaType string) bool { return strings.HasPrefix(mediaType, typeBundle) }

// Statement is what a key has signed about an image.
type Statement struct {
	Type string    // of the predicate
	Time time.Time // when the predicate's content was found out, in its own words; zero if it does not say
	Key  string    // the fingerprint
}

// Why a document proves nothing. Any other error is about its form.
var (
	errOtherKey    = errors.New("signed by another key")
	errOtherDigest = errors.New("of another image")
)

// Read returns what one of the keys has signed about the image with a digest.
func Read(d Document, digest string, keys []Key) (Statement, error) {
	if bytes.Count(d.Content, []byte{','}) > maxMembers && d.MediaType != typeSimple { // counted before it takes room
		return Statement{}, errors.New("it has more members than are read")
	}
	switch {
	case d.MediaType == typeSimple:
		return readSimple(d, digest, keys)
	case d.MediaType == typeEnvelope:
		return readEnvelope(d.Content, digest, keys)
	case IsBundle(d.MediaType):
		var bundle struct {
			Envelope json.RawMessage `json:"dsseEnvelope"`
		}
		if err := json.Unmarshal(d.Content, &bundle); err != nil {
			return Statement{}, errors.New("the bundle is not valid JSON")
		}
		if bundle.Envelope == nil {
			return Statement{}, errors.New("the bundle has no DSSE envelope")
		}
		return readEnvelope(bundle.Envelope, digest, keys)
	}
	return Statement{}, errors.New("its media type is none that cosign signs")
}

// readSimple reads the form of signatures under a .sig tag.
func readSimple(d Document, digest string, keys []Key) (Statement, error) {
	signature, err := base64.StdEncoding.DecodeString(d.Signature)
	if err != nil || len(signature) == 0 {
		return Statement{}, errors.New("the signature is not in base64")
	}
	key := signer(keys, newMessage(d.Content), signature)
	if key == "" {
		return Statement{}, errOtherKey
	}
	var payload struct {
		Critical struct {
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
			Type string `json:"type"`
		} `json:"critical"`
	}
	if json.Unmarshal(d.Content, &payload) != nil || payload.Critical.Type != simpleKind {
		return Statement{}, errors.New("what is signed is not a signature of an image")
	}
	if payload.Critical.Image.Digest != digest {
		return Statement{}, errOtherDigest
	}
	return Statement{Type: SignatureType, Key: key}, nil
}

// readEnvelope reads a DSSE envelope with an in-toto statement.
func readEnvelope(content []byte, digest string, keys []Key) (Statement, error) {
	var envelope struct {
		PayloadType string `json:"payloadType"`
		Payload     []byte `json:"payload"`
		Signatures  []struct {
			Sig []byte `json:"sig"`
		} `json:"signatures"`
	}
	switch err := json.Unmarshal(content, &envelope); {
	case err != nil:
		return Statement{}, errors.New("the DSSE envelope is not valid")
	case envelope.PayloadType != typeStatement:
		return Statement{}, errors.New("the DSSE envelope contains no in-toto statement")
	case len(envelope.Signatures) > maxSignatures:
		return Statement{}, fmt.Errorf("the DSSE envelope has more than %d signatures", maxSignatures)
	}
	// The encoding before authentication of DSSE 1.0.
	signed := newMessage(fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(envelope.PayloadType), envelope.PayloadType, len(envelope.Payload), envelope.Payload))
	for _, signature := range envelope.Signatures {
		if key := signer(keys, signed, signature.Sig); key != "" {
			return readStatement(envelope.Payload, digest, key)
		}
	}
	return Statement{}, errOtherKey
}

// readStatement reads a statement that a key has signed.
func readStatement(payload []byte, digest, key string) (Statement, error) {
	var statement struct {
		Type    string `json:"_type"`
		Subject []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
		PredicateType string          `json:"predicateType"`
		Predicate     json.RawMessage `json:"predicate"`
	}
	if json.Unmarshal(payload, &statement) != nil || !strings.HasPrefix(statement.Type, statementPrefix) || statement.PredicateType == "" {
		return Statement{}, errors.New("what is signed is not an in-toto statement")
	}
	algorithm, hash, _ := strings.Cut(digest, ":")
	for _, subject := range statement.Subject {
		if hash != "" && subject.Digest[algorithm] == hash {
			return Statement{Type: statement.PredicateType, Time: timeOf(statement.Predicate), Key: key}, nil
		}
	}
	return Statement{}, errOtherDigest
}

// timeOf returns when a predicate's content was found out: where cosign's vulnerability scans, in-toto's, SLSA's provenance
// (0.2, 1), CycloneDX, SPDX and cosign's custom predicates say so.
func timeOf(predicate json.RawMessage) time.Time {
	var p struct {
		Metadata struct {
			ScanFinishedOn  string `json:"scanFinishedOn"`
			BuildFinishedOn string `json:"buildFinishedOn"`
			Timestamp       string `json:"timestamp"`
		} `json:"metadata"`
		RunDetails struct {
			Metadata struct {
				FinishedOn string `json:"finishedOn"`
			} `json:"metadata"`
		} `json:"runDetails"`
		CreationInfo struct {
			Created string `json:"created"`
		} `json:"creationInfo"`
		Timestamp string `json:"Timestamp"`
	}
	if json.Unmarshal(predicate, &p) != nil {
		return time.Time{}
	}
	said := cmp.Or(p.Metadata.ScanFinishedOn, p.Metadata.BuildFinishedOn, p.RunDetails.Metadata.FinishedOn, p.Metadata.Timestamp,
		p.CreationInfo.Created, p.Timestamp)
	at, err := time.Parse(time.RFC3339, said)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// sorted orders statements by type, the newest of a type first, and drops repeats.
func sorted(statements []Statement) []Statement {
	slices.SortFunc(statements, func(a, b Statement) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), b.Time.Compare(a.Time), cmp.Compare(a.Key, b.Key))
	})
	return slices.CompactFunc(statements, func(a, b Statement) bool { return a.Type == b.Type && a.Key == b.Key && a.Time.Equal(b.Time) })
}
