package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

const (
	// helperTimeout limits a credential helper, which may ask a cloud or a keyring.
	helperTimeout = 30 * time.Second

	maxHelperAnswer = 1 << 20

	// tokenUser means that the secret is an identity token (Docker's protocol for helpers).
	tokenUser = "<token>"
	// notFoundWords are what a helper prints if it has nothing (Docker's protocol for helpers).
	notFoundWords = "credentials not found in native keychain"
)

var helperName = text.Regexp(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// askHelper runs docker-credential-<name> get. It returns none without an error if the helper has nothing
// for the server. No error contains what the helper printed, which may be a secret.
func askHelper(ctx context.Context, name, server string) (credential, error) {
	if !helperName().MatchString(name) {
		return credential{}, errors.New("the credential helper in Docker's configuration is not the name of a program")
	}
	program := "docker-credential-" + name
	ctx, cancel := context.WithTimeout(ctx, helperTimeout)
	defer cancel()
	out := &limitedBuffer{left: maxHelperAnswer}
	cmd := exec.CommandContext(ctx, program, "get") //nolint:gosec // named by the user's own configuration, as for Docker
	// A registry's helper needs no credential of Harness.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(strings.ToUpper(v), "HARNESS") })
	cmd.Stdin = strings.NewReader(server)
	cmd.Stdout = out
	cmd.WaitDelay = time.Second // its own children may hold the pipe open
	err := cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return credential{}, fmt.Errorf("the credential helper %s, named in Docker's configuration, is not on PATH", program)
	case ctx.Err() != nil:
		return credential{}, fmt.Errorf("the credential helper %s did not answer: %w", program, ctx.Err())
	case strings.Contains(out.String(), notFoundWords):
		return credential{}, nil
	case err != nil:
		return credential{}, fmt.Errorf("the credential helper %s failed", program)
	}
	var answer struct{ Username, Secret string }
	if json.Unmarshal(out.Bytes(), &answer) != nil {
		return credential{}, fmt.Errorf("the credential helper %s did not return a credential", program)
	}
	found := credential{username: answer.Username, password: answer.Secret}
	if answer.Username == tokenUser {
		found = credential{identityToken: answer.Secret}
	}
	found.hide()
	return found, nil
}

// limitedBuffer keeps the first bytes and drops the others.
type limitedBuffer struct {
	bytes.Buffer
	left int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	kept := p[:min(len(p), b.left)]
	b.left -= len(kept)
	_, _ = b.Buffer.Write(kept) // cannot fail
	return len(p), nil
}
