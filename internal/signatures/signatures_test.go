package signatures

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	vulnType = "https://cosign.sigstore.dev/attestation/vuln/v1"
	sbomType = "https://cyclonedx.org/bom"
)

var (
	digest = "sha256:" + strings.Repeat("a", 64)
	other  = "sha256:" + strings.Repeat("b", 64)
	now    = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
)

// pair is a private key and how it signs.
type pair struct {
	Key
	sign func(message []byte) []byte
}

func newPair(tb testing.TB, private crypto.Signer, options crypto.SignerOpts) pair {
	tb.Helper()
	key, err := ParseKey(publicPEM(tb, private.Public()))
	if err != nil {
		tb.Fatal(err)
	}
	return pair{key, func(message []byte) []byte {
		if hash := options.HashFunc(); hash != 0 {
			message = sum(hash, message)
		}
		signature, err := private.Sign(rand.Reader, message, options)
		if err != nil {
			tb.Fatal(err)
		}
		return signature
	}}
}

func publicPEM(tb testing.TB, public any) string {
	tb.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func ec(tb testing.TB, curve elliptic.Curve) crypto.Signer {
	tb.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return private
}

func p256(tb testing.TB) pair {
	tb.Helper()
	return newPair(tb, ec(tb, elliptic.P256()), crypto.SHA256)
}

// simple is what cosign stores under a .sig tag.
func simple(by pair, digest string) Document {
	payload := fmt.Appendf(nil, `{"critical":{"identity":{"docker-reference":"r.example.com/a"},"image":{"docker-manifest-digest":%q},`+
		`"type":"cosign container image signature"},"optional":null}`, digest)
	return Document{typeSimple, base64.StdEncoding.EncodeToString(by.sign(payload)), payload}
}

// envelope is what cosign stores under an .att tag.
func envelope(by pair, digest, predicateType, predicate string) Document {
	algorithm, hash, _ := strings.Cut(digest, ":")
	return signedEnvelope(by, typeStatement, fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v0.1","subject":[{"name":"a","digest":{%q:%q}}],`+
		`"predicateType":%q,"predicate":%s}`, algorithm, hash, predicateType, predicate))
}

func signedEnvelope(by pair, payloadType string, payload []byte) Document {
	signed := fmt.Sprintf("DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
	content, _ := json.Marshal(map[string]any{ //nolint:errchkjson // of strings and bytes
		"payloadType": payloadType, "payload": payload, "signatures": []any{map[string]any{"keyid": "", "sig": by.sign([]byte(signed))}},
	})
	return Document{MediaType: typeEnvelope, Content: content}
}

// bundle is what cosign attaches as a referrer.
func bundle(d Document) Document {
	const mediaType = typeBundle + ".v0.3+json"
	return Document{MediaType: mediaType, Content: fmt.Appendf(nil, `{"mediaType":%q,"verificationMaterial":{"publicKey":{"hint":"x"}},"dsseEnvelope":%s}`,
		mediaType, d.Content)}
}

func scan(finished time.Time) string {
	return fmt.Sprintf(`{"scanner":{"uri":"trivy"},"metadata":{"scanStartedOn":"2020-01-01T00:00:00Z","scanFinishedOn":%q}}`, finished.Format(time.RFC3339))
}

func TestEveryKindOfKeyAndForm(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, stranger := ec(t, elliptic.P384()), p256(t)
	for name, by := range map[string]pair{
		"P-256": p256(t), "P-384 with SHA-384": newPair(t, p384, crypto.SHA384), "P-384 with SHA-256": newPair(t, p384, crypto.SHA256),
		"P-521": newPair(t, ec(t, elliptic.P521()), crypto.SHA512), "Ed25519": newPair(t, ed, crypto.Hash(0)),
		"Ed25519ph": newPair(t, ed, &ed25519.Options{Hash: crypto.SHA512}), "RSA": newPair(t, rsaKey, crypto.SHA256),
		"RSA-PSS": newPair(t, rsaKey, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}),
	} {
		forms := map[string]Document{
			"simple": simple(by, digest), "envelope": envelope(by, digest, SignatureType, "{}"),
			"bundle": bundle(envelope(by, digest, SignatureType, "{}")),
		}
		for form, d := range forms {
			got, err := Read(d, digest, []Key{stranger.Key, by.Key})
			if want := (Statement{Type: SignatureType, Key: by.Fingerprint}); got != want || err != nil {
				t.Errorf("%s, %s: %+v, %v", name, form, got, err)
			}
			if _, err := Read(d, digest, []Key{stranger.Key}); !errors.Is(err, errOtherKey) {
				t.Errorf("%s, %s, another key: %v", name, form, err)
			}
			if _, err := Read(d, other, []Key{by.Key}); !errors.Is(err, errOtherDigest) {
				t.Errorf("%s, %s, another image: %v", name, form, err)
			}
			if altered := strings.Replace(string(d.Content), "a", "e", 1); form == "simple" {
				if _, err := Read(Document{d.MediaType, d.Signature, []byte(altered)}, digest, []Key{by.Key}); !errors.Is(err, errOtherKey) {
					t.Errorf("%s, an altered payload: %v", name, err)
				}
			}
		}
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	old, current, stranger := p256(t), p256(t), p256(t)
	keys := []Key{old.Key, current.Key}
	signature := Policy{Keys: keys, Types: []string{SignatureType}}
	scanned := Policy{Keys: keys, Types: []string{vulnType}, MaxAge: 24 * time.Hour}
	both := Policy{Keys: keys, Types: []string{vulnType, sbomType}}
	fresh := envelope(current, digest, vulnType, scan(now.Add(-time.Hour)))
	manySigned := fresh
	manySigned.Content = []byte(strings.Replace(string(fresh.Content), `"signatures":[`, `"signatures":[`+strings.Repeat(`{"sig":""},`, maxSignatures), 1))
	for name, test := range map[string]struct {
		policy    Policy
		documents []Document
		found     string // what the refusal says; "" if the image passes
	}{
		"signed":                       {signature, []Document{simple(current, digest)}, ""},
		"by a key on its way out":      {signature, []Document{simple(old, digest)}, ""},
		"among others":                 {signature, []Document{simple(stranger, digest), simple(current, other), bundle(envelope(current, digest, SignatureType, "{}"))}, ""},
		"nothing is asked for":         {Policy{Keys: keys}, nil, ""},
		"unsigned":                     {signature, nil, "unsigned: nothing is attached to this digest"},
		"other keys":                   {signature, []Document{simple(stranger, digest), bundle(envelope(stranger, digest, SignatureType, "{}"))}, "2 signed by another key"},
		"replayed":                     {signature, []Document{simple(current, other)}, "one for another digest"},
		"a scan is no signature":       {signature, []Document{fresh}, "attestation " + vulnType + ", which is not asked for"},
		"scanned":                      {scanned, []Document{fresh}, ""},
		"scanned, in a bundle":         {scanned, []Document{bundle(fresh)}, ""},
		"scanned again":                {scanned, []Document{envelope(current, digest, vulnType, scan(now.Add(-48*time.Hour))), fresh}, ""},
		"a signature is no scan":       {scanned, []Document{simple(current, digest)}, "signature, which is not asked for"},
		"too old":                      {scanned, []Document{envelope(current, digest, vulnType, scan(now.Add(-25*time.Hour)))}, "the newest attestation " + vulnType + " is of 2026-11-28T11:00:00Z, older than 24h0m0s"},
		"from the future":              {scanned, []Document{envelope(current, digest, vulnType, scan(now.Add(time.Hour)))}, "the newest attestation " + vulnType + " is from the future, 2026-11-29T13:00:00Z"},
		"without a time":               {scanned, []Document{envelope(current, digest, vulnType, "{}")}, "the newest attestation " + vulnType + " does not say when it was made"},
		"a predicate that is no JSON":  {scanned, []Document{envelope(current, digest, vulnType, `"text"`)}, "the newest attestation " + vulnType + " does not say when it was made"},
		"fresh, by another key":        {scanned, []Document{envelope(stranger, digest, vulnType, scan(now))}, "one signed by another key"},
		"one type of two":              {both, []Document{fresh}, "unsigned: nothing is attached to this digest"},
		"both types":                   {both, []Document{fresh, envelope(old, digest, sbomType, `{"metadata":{"timestamp":"2020-01-01T00:00:00Z"}}`)}, ""},
		"no base64":                    {signature, []Document{{typeSimple, "?", nil}}, "one that does not count: the signature is not in base64"},
		"no signature at all":          {signature, []Document{{typeSimple, "", []byte("{}")}}, "one that does not count: the signature is not in base64"},
		"signed, but no signature":     {signature, []Document{{typeSimple, base64.StdEncoding.EncodeToString(current.sign([]byte("{}"))), []byte("{}")}}, "one that does not count: what is signed is not a signature of an image"},
		"signed, but no statement":     {signature, []Document{signedEnvelope(current, typeStatement, []byte("{}"))}, "one that does not count: what is signed is not an in-toto statement"},
		"another payload":              {signature, []Document{signedEnvelope(current, "text/plain", []byte("{}"))}, "one that does not count: the DSSE envelope contains no in-toto statement"},
		"a bundle without an envelope": {signature, []Document{{MediaType: typeBundle + ".v0.3+json", Content: []byte(`{"messageSignature":{}}`)}}, "one that does not count: the bundle has no DSSE envelope"},
		"a broken bundle":              {signature, []Document{{MediaType: typeBundle + ".v0.3+json", Content: []byte(`{`)}}, "one that does not count: the bundle is not valid JSON"},
		"many signatures":              {scanned, []Document{manySigned}, "one that does not count: the DSSE envelope has more than 8 signatures"},
		"many members":                 {scanned, []Document{{MediaType: typeEnvelope, Content: []byte(`{"signatures":[` + strings.Repeat(`{},`, maxMembers+1) + `{}]}`)}}, "one that does not count: it has more members than are read"},
		"another media type":           {signature, []Document{{MediaType: "text/plain"}}, "one that does not count: its media type is none that cosign signs"},
	} {
		verdict := test.policy.Judge(digest, now)
		for _, d := range test.documents {
			verdict.Add(d)
		}
		found := ""
		if refusal, ok := errors.AsType[*Refusal](verdict.Problem()); ok {
			found = strings.Join(refusal.Found, "; ")
		}
		if found != test.found || verdict.Passes() != (test.found == "") {
			t.Errorf("%s: %q, passes: %v", name, found, verdict.Passes())
		}
	}
}

func TestStatementsAreListedByTypeTheNewestFirst(t *testing.T) {
	t.Parallel()
	by := p256(t)
	verdict := Policy{Keys: []Key{by.Key}}.Judge(digest, now)
	for _, hours := range []int{2, 1, 2} {
		verdict.Add(envelope(by, digest, vulnType, scan(now.Add(-time.Duration(hours)*time.Hour))))
	}
	verdict.Add(envelope(by, digest, "https://spdx.dev/Document", `{"creationInfo":{"created":"2026-01-02T03:04:05Z"}}`))
	verdict.Add(envelope(by, digest, "https://slsa.dev/provenance/v1", `{"runDetails":{"metadata":{"finishedOn":"2026-01-02T03:04:05+01:00"}}}`))
	want := []Statement{
		{vulnType, now.Add(-time.Hour), by.Fingerprint},
		{vulnType, now.Add(-2 * time.Hour), by.Fingerprint},
		{"https://slsa.dev/provenance/v1", time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC), by.Fingerprint},
		{"https://spdx.dev/Document", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), by.Fingerprint},
	}
	if got := verdict.Statements(); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	good := publicPEM(t, ec(t, elliptic.P256()).Public())
	short, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // to see it refused
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":                           "not in PEM form",
		"ssh-ed25519 AAAA":           "not in PEM form",
		good + good:                  "more after the first",
		publicPEM(t, short.Public()): "fewer than 2048 bits",
		publicPEM(t, ec(t, elliptic.P224()).Public()):                   "curve is too short",
		strings.Replace(good, "MF", "XX", 1):                            "that can be read",
		strings.ReplaceAll(good, "PUBLIC KEY", "CERTIFICATE"):           "a certificate",
		strings.ReplaceAll(good, "PUBLIC KEY", "PGP PUBLIC KEY BLOCK"):  "not a PUBLIC KEY",
		strings.ReplaceAll(good, "PUBLIC KEY", "SIGSTORE PRIVATE KEY"):  "a private key",
		strings.ReplaceAll(good, "PUBLIC KEY", "ENCRYPTED PRIVATE KEY"): "a private key",
	} {
		if _, err := ParseKey(text); err == nil || !strings.Contains(err.Error(), want) || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestGlobs(t *testing.T) {
	t.Parallel()
	policy := Policy{Types: []string{SignatureType}, Images: []*regexp.Regexp{Glob("r.example.com/approved/*"), Glob("*/ci-addon:1.*")}}
	for name, want := range map[string]bool{
		"r.example.com/approved/harness/ci-addon:2": true, "r.example.com/approved/a": true, "docker.io/harness/ci-addon:1.16": true,
		"r.example.com/quarantine/harness/ci-addon:2": false, "rXexample.com/approved/a": false, "x.r.example.com/approved/a": false,
		"docker.io/harness/ci-addon:10": false, "": false,
	} {
		if policy.AppliesTo(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	policy.Images = nil
	if !policy.AppliesTo("a") || (Policy{}).AppliesTo("a") {
		t.Error("without globs, a policy applies to all images; without types, to none")
	}
}

// Whatever is attached, reading it neither panics nor believes what no key has signed.
func FuzzNothingUnsignedIsBelieved(f *testing.F) {
	stranger, by := p256(f), p256(f)
	for _, d := range []Document{simple(stranger, digest), envelope(stranger, digest, vulnType, scan(now)), bundle(envelope(stranger, digest, SignatureType, "{}"))} {
		f.Add(d.MediaType, d.Signature, d.Content)
	}
	f.Fuzz(func(t *testing.T, mediaType, signature string, content []byte) {
		if statement, err := Read(Document{mediaType, signature, content}, digest, []Key{by.Key}); err == nil {
			t.Errorf("believed: %+v", statement)
		}
		// The same content, signed: it is read, and must not panic.
		_, _ = Read(signedEnvelope(by, typeStatement, content), digest, []Key{by.Key})
		_, _ = Read(Document{typeSimple, base64.StdEncoding.EncodeToString(by.sign(content)), content}, digest, []Key{by.Key})
		if at := timeOf(content); at.Location() != time.UTC {
			t.Errorf("a time in %s", at.Location())
		}
	})
}
