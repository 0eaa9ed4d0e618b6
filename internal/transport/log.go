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

// standardLog is what the standard logger writes to once Hide was called.
var standardLog = &maskedWriter{out: os.Stderr, secrets: map[string]bool{}}

// Hide keeps secrets, which may be empty, out of what libraries tell the standard logger: net/http
// shows it the bytes that a server sent unasked, and a server may echo a credential.
func Hide(secrets ...string) {
	standardLog.hide(secrets)
	log.SetOutput(standardLog)
}

// maskedWriter writes each message on a line that is fit to be shown, without the secrets.
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
