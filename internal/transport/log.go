package transport

import (
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// standardLog is what the standard logger writes to once Hide has been called.
var standardLog = &maskedWriter{out: os.Stderr, secrets: map[string]bool{}}

// Hide keeps secrets, which may be empty, out of what libraries write to the standard logger: net/http logs
// unsolicited bytes from a server, which may echo a credential.
func Hide(secrets ...string) {
	standardLog.hide(secrets)
	log.SetOutput(standardLog)
}

// maskedWriter writes each message on one line, safe to show and without the secrets.
type maskedWriter struct {
	out io.Writer

	mu      sync.Mutex
	secrets map[string]bool
}

func (w *maskedWriter) hide(secrets []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, secret := range secrets {
		if secret != "" {
			w.secrets[secret] = true
			w.secrets[strings.Trim(strconv.Quote(secret), `"`)] = true
		}
	}
}

// Write implements io.Writer.
func (w *maskedWriter) Write(message []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	said := string(message)
	for secret := range w.secrets {
		said = strings.ReplaceAll(said, secret, "[redacted]")
	}
	if _, err := io.WriteString(w.out, text.Safe(said)+"\n"); err != nil {
		return 0, err
	}
	return len(message), nil
}
