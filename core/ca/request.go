package ca

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
)

// MaxRequestSize is the size in bytes of the largest certificate request file.
const MaxRequestSize = 64 << 10

var (
	// ErrNoRequest is returned for a file that is not one certificate request.
	ErrNoRequest = errors.New("not a certificate request")
	// ErrWeakSignature is returned for a request that is signed with an
	// algorithm that proves nothing any more.
	ErrWeakSignature = errors.New("weak signature algorithm")
)

// requestAlgorithms are those that a request may be signed with.
var requestAlgorithms = []x509.SignatureAlgorithm{
	x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512, x509.PureEd25519,
	x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
	x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
}

// A Request is a certificate request (PKCS #10, RFC 2986) whose signature has
// been verified. It comes from ParseCSR alone.
type Request struct {
	csr     *x509.CertificateRequest
	subject string
}

// ParseCSR reads one certificate request in PEM (with or without text before it)
// or DER. Its signature is verified before any other field is looked at. An
// error wraps ErrNoRequest, ErrKey, ErrWeakSignature, ErrSignature or
// ErrSubject.
func ParseCSR(data []byte) (*Request, error) {
	der, err := requestDER(data)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate request: %w", err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate request: %w: %w; it may be cut short, or its key of a kind not supported: %s",
			ErrNoRequest, err, allowedKeys)
	}
	if err := verifyRequest(csr); err != nil {
		return nil, fmt.Errorf("verifying the certificate request: %w", err)
	}
	// From here on the holder of the key has vouched for what is read.
	if err := checkSubject(csr.RawSubject); err != nil {
		return nil, fmt.Errorf("reading the certificate request: %w", err)
	}
	subject, err := formatName(csr.RawSubject)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate request: %w", err)
	}
	return &Request{csr, subject}, nil
}

// verifyRequest looks at the key, the algorithm and the signature, and at
// nothing else.
func verifyRequest(csr *x509.CertificateRequest) error {
	if err := checkKey(csr.PublicKey); err != nil {
		return err
	}
	if !slices.Contains(requestAlgorithms, csr.SignatureAlgorithm) {
		return fmt.Errorf("%w: %v; sign the request with SHA-256 or better", ErrWeakSignature, csr.SignatureAlgorithm)
	}
	if err := csr.CheckSignature(); err != nil {
		return fmt.Errorf("%w: %w; the file was changed or damaged, fetch it again", ErrSignature, err)
	}
	return nil
}

// requestDER returns the DER in a file.
func requestDER(data []byte) ([]byte, error) {
	if len(data) > MaxRequestSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrNoRequest, len(data), MaxRequestSize)
	}
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		return data, nil
	}
	block, rest := pem.Decode(data)
	switch {
	case block == nil:
		return nil, fmt.Errorf("%w: PEM that is damaged or cut short; copy the file again", ErrNoRequest)
	case block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST":
		return nil, fmt.Errorf("%w: PEM of a %.40q; choose the request's file", ErrNoRequest, block.Type)
	case len(block.Headers) > 0:
		return nil, fmt.Errorf("%w: PEM with header lines; remove them", ErrNoRequest)
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, fmt.Errorf("%w: something follows the request; put one request into a file", ErrNoRequest)
	}
	return block.Bytes, nil
}

// Subject returns the subject as RFC 4514 writes it, the most specific part
// first, what cannot be seen escaped.
func (r *Request) Subject() string { return r.subject }

// KeyDescription names the key's kind and size.
func (r *Request) KeyDescription() string { return describeKey(r.csr.PublicKey) }

// SPKIHash returns the SHA-256 of the DER of the SubjectPublicKeyInfo.
func (r *Request) SPKIHash() [32]byte { return sha256.Sum256(r.csr.RawSubjectPublicKeyInfo) }

// DER returns a copy of the request.
func (r *Request) DER() []byte { return bytes.Clone(r.csr.Raw) }

// IgnoredExtensions names the extensions that the request asks for. None is
// granted: what a certificate may do is the profile's to say.
func (r *Request) IgnoredExtensions() []string {
	var names []string
	for _, e := range r.csr.Extensions {
		names = append(names, extensionName(e.Id.String()))
	}
	return names
}
