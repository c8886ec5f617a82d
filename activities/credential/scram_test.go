package credential

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

// The exchange of RFC 7677, section 3: both proofs follow from what the verifier holds.
func TestVerifierAgreesWithTheStandard(t *testing.T) {
	const exchange = "n=user,r=rOprNGfwEbeRWgbNEkqO," +
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096," +
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
	salt := decode(t, "W22ZaJ0SNY7soEsUEjb6gQ==")
	verifier, err := scramVerifier("pencil", salt)
	if err != nil {
		t.Fatal(err)
	}
	keys, ok := strings.CutPrefix(verifier, "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")
	stored, server, found := strings.Cut(keys, ":")
	if !ok || !found {
		t.Fatalf("the verifier is %s", verifier)
	}
	if signature := hmacOf(decode(t, server), exchange); !bytes.Equal(signature, decode(t, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")) {
		t.Errorf("the server's signature is %x", signature)
	}
	proof := decode(t, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
	client := make([]byte, len(proof))
	for i, b := range hmacOf(decode(t, stored), exchange) {
		client[i] = proof[i] ^ b
	}
	if key := sha256.Sum256(client); !bytes.Equal(key[:], decode(t, stored)) {
		t.Error("the client's proof does not prove the stored key")
	}
	if other, err := scramVerifier("pencil", bytes.Repeat([]byte{1}, scramSalt)); err != nil || other == verifier {
		t.Errorf("another salt gives %s, %v", other, err)
	}
}

func TestNativeHash(t *testing.T) {
	// As MySQL's manual has it for PASSWORD('password').
	if got := nativeHash("password"); got != "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19" {
		t.Error(got)
	}
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
