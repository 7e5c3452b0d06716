package hsmhttp

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/certusone/yubihsm-go/commands"
	"github.com/certusone/yubihsm-go/connector"
	"github.com/certusone/yubihsm-go/securechannel"

	"anodize/devices/sim"
)

const serial = 34332673

func listen(t *testing.T) (*sim.HSM, *Server) {
	t.Helper()
	h := sim.NewHSM(serial)
	s, err := Listen(h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return h, s
}

// openssl runs the real one; a machine without it fails the test.
func openssl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func file(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// client is a session that yubihsm-go opened, with its own secure channel and
// its own HTTP.
type client struct {
	t *testing.T
	*securechannel.SecureChannel
}

func login(t *testing.T, s *Server) client {
	t.Helper()
	channel, err := securechannel.NewSecureChannel(connector.NewHTTPConnector(s.Addr()), 1, "password")
	if err != nil {
		t.Fatal(err)
	}
	if err := channel.Authenticate(); err != nil {
		t.Fatal(err)
	}
	return client{t, channel}
}

// do sends a command that yubihsm-go built and returns what it read.
func do[R commands.Response](c client, command *commands.CommandMessage, err error) R {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	answer, err := c.SendEncryptedCommand(command)
	if err != nil {
		c.t.Fatal(err)
	}
	out, ok := answer.(R)
	if !ok {
		c.t.Fatalf("command %#x is answered with %T", command.CommandType, answer)
	}
	return out
}

const keyID = 0x0100

// generate makes a P-384 key and returns its SubjectPublicKeyInfo.
func (c client) generate() []byte {
	c.t.Helper()
	command, err := commands.CreateGenerateAsymmetricKeyCommand(keyID, []byte("root"), 1,
		commands.CapabilityAsymmetricSignEcdsa|commands.CapabilityExportableUnderWrap, commands.AlgorithmP384)
	do[*commands.CreateAsymmetricKeyResponse](c, command, err)
	command, err = commands.CreateGetPubKeyCommand(keyID)
	point := do[*commands.GetPubKeyResponse](c, command, err)
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P384(), append([]byte{4}, point.KeyData...))
	if err != nil {
		c.t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		c.t.Fatal(err)
	}
	return spki
}

func TestAForeignClientMakesAKeyAndSignsForOpenSSL(t *testing.T) {
	_, s := listen(t)
	c := login(t, s)
	public := file(t, "public.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: c.generate()}))
	if text := openssl(t, "pkey", "-pubin", "-in", public, "-pubcheck", "-noout", "-text"); !strings.Contains(text, "Key is valid") || !strings.Contains(text, "secp384r1") {
		t.Errorf("OpenSSL reads %s", text)
	}
	digest := sha512.Sum384([]byte("to be signed"))
	command, err := commands.CreateSignDataEcdsaCommand(keyID, digest[:])
	signed := do[*commands.SignDataEcdsaResponse](c, command, err)
	out := openssl(t, "pkeyutl", "-verify", "-pubin", "-inkey", public, "-in", file(t, "digest", digest[:]),
		"-sigfile", file(t, "signature", signed.Signature), "-pkeyopt", "digest:sha384")
	if !strings.Contains(out, "Verified Successfully") {
		t.Error(out)
	}
}

func TestAForeignClientPutsAKeyOfPKCS8ThatOpenSSLMade(t *testing.T) {
	_, s := listen(t)
	c := login(t, s)
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	openssl(t, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out", path("key.pem"))
	openssl(t, "pkcs8", "-topk8", "-nocrypt", "-in", path("key.pem"), "-outform", "DER", "-out", path("key.der"))
	openssl(t, "pkey", "-in", path("key.pem"), "-pubout", "-out", path("public.pem"))
	der, err := os.ReadFile(path("key.der"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	scalar, err := key.(*ecdsa.PrivateKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	command, err := commands.CreatePutAsymmetricKeyCommand(keyID, []byte("root"), 1, commands.CapabilityAsymmetricSignEcdsa, commands.AlgorithmP384, scalar, nil)
	if put := do[*commands.PutAsymmetricKeyResponse](c, command, err); put.KeyID != keyID {
		t.Errorf("the key's number is %#x", put.KeyID)
	}
	digest := sha512.Sum384([]byte("to be signed"))
	command, err = commands.CreateSignDataEcdsaCommand(keyID, digest[:])
	signed := do[*commands.SignDataEcdsaResponse](c, command, err)
	openssl(t, "pkeyutl", "-verify", "-pubin", "-inkey", path("public.pem"), "-in", file(t, "digest", digest[:]),
		"-sigfile", file(t, "signature", signed.Signature), "-pkeyopt", "digest:sha384")
}

func TestAForeignClientGetsAnAttestationThatOpenSSLVerifies(t *testing.T) {
	_, s := listen(t)
	c := login(t, s)
	spki := c.generate()
	command, err := commands.CreateSignAttestationCertCommand(keyID, 0)
	attested := do[*commands.SignAttestationCertResponse](c, command, err)
	command, err = commands.CreateGetOpaqueCommand(0)
	device := do[*commands.GetOpaqueResponse](c, command, err)
	certificate := func(name string, der []byte) string {
		return file(t, name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	leaf := certificate("leaf.pem", attested.Cert)
	openssl(t, "verify", "-CAfile", certificate("root.pem", sim.HSMAttestationRoot()), "-untrusted", certificate("device.pem", device.Data), leaf)
	public := filepath.Join(t.TempDir(), "public.der")
	openssl(t, "pkey", "-pubin", "-in", file(t, "public.pem", []byte(openssl(t, "x509", "-in", leaf, "-noout", "-pubkey"))), "-outform", "DER", "-out", public)
	if got, err := os.ReadFile(public); err != nil || !bytes.Equal(got, spki) {
		t.Errorf("it attests the key %x (%v), not %x", got, err, spki)
	}
}

func TestTheStatusIsWhatAForeignClientReads(t *testing.T) {
	h, s := listen(t)
	for _, want := range []connector.Status{"OK", "NO_DEVICE"} {
		status, err := connector.NewHTTPConnector(s.Addr()).GetStatus()
		if err != nil {
			t.Fatal(err)
		}
		if got := status.Address + ":" + status.Port; status.Status != want || status.Serial != fmt.Sprintf("%010d", serial) ||
			status.Version != version || status.Pid != fmt.Sprint(os.Getpid()) || got != s.Addr() {
			t.Errorf("status %+v", status)
		}
		h.Unplug()
	}
}

func TestWhatIsNoMessageDoesNotReachTheDevice(t *testing.T) {
	h, s := listen(t)
	for _, tt := range []struct {
		why, method, path string
		body              io.Reader
		want              int
	}{
		{"status by POST", http.MethodPost, "status", nil, http.StatusMethodNotAllowed},
		{"a message by GET", http.MethodGet, "api", nil, http.StatusMethodNotAllowed},
		{"another path", http.MethodGet, "", nil, http.StatusNotFound},
		{"no message", http.MethodPost, "api", nil, http.StatusBadRequest},
		{"two bytes", http.MethodPost, "api", bytes.NewReader(make([]byte, 2)), http.StatusBadRequest},
		{"too many bytes", http.MethodPost, "api", bytes.NewReader(make([]byte, maxMessage+1)), http.StatusBadRequest},
		{"no length", http.MethodPost, "api", io.MultiReader(bytes.NewReader(make([]byte, 3))), http.StatusBadRequest},
	} {
		request, err := http.NewRequest(tt.method, "http://"+s.Addr()+"/connector/"+tt.path, tt.body)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != tt.want {
			t.Errorf("%s: status %d, want %d", tt.why, response.StatusCode, tt.want)
		}
	}
	if h.Frames() != 0 {
		t.Errorf("%d messages reached the device", h.Frames())
	}
}

func TestADeviceThatDoesNotAnswerIsAServerError(t *testing.T) {
	h, s := listen(t)
	for _, fault := range []sim.HSMFault{sim.HSMLoseAnswer, sim.HSMUnplugAfter} {
		h.FaultIn(1, fault)
		response, err := http.Post("http://"+s.Addr()+"/connector/api", "application/octet-stream", bytes.NewReader([]byte{6, 0, 0}))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusInternalServerError {
			t.Errorf("fault %d: status %d", fault, response.StatusCode)
		}
	}
}

func TestTwoDevicesAtOnceAreTwoConnectors(t *testing.T) {
	_, first := listen(t)
	_, second := listen(t)
	a, b := login(t, first), login(t, second)
	if bytes.Equal(a.generate(), b.generate()) {
		t.Error("two devices made one key")
	}
}
