package registry

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// A server may echo what it was sent, in any field of its answer.
func TestAnEchoedCredentialIsNotShown(t *testing.T) {
	t.Parallel()
	const password = "hunter2-password"
	basic := base64.StdEncoding.EncodeToString([]byte("me:" + password))
	for _, token := range []bool{false, true} {
		server := fakeregistry.Start(t, fakeregistry.Options{Username: "me", Password: password, Token: token})
		var bearer string
		server.Inject(fakeregistry.Fault{Call: "manifests", Times: -1, Hook: func(r fakeregistry.Request) {
			_, bearer, _ = strings.Cut(r.Authorization, " ")
		}})
		client := New(Config{Hosts: map[string]Host{server.Host(): {Username: "me", Password: password}}})
		t.Cleanup(client.Close)
		_, _ = client.Head(t.Context(), server.Host()+"/x:1") // only what it sends matters
		if bearer == "" {
			t.Fatal("no credential was sent")
		}
		server.ClearFaults()
		for _, kind := range []string{"manifests", "tags", "token", "base"} {
			echo := fmt.Sprintf(`{"errors": [{"code": "NO_%[1]s", "message": "%[1]s %[2]s %[3]s", "detail": "%[1]s"}]}`, password, basic, bearer)
			for _, status := range []int{400, 403, 404, 500} {
				server.Inject(fakeregistry.Fault{Call: kind, Times: -1, Status: status, Body: echo})
				_, err := client.Head(t.Context(), server.Host()+"/x:1")
				_, tags := client.Tags(t.Context(), server.Host()+"/x")
				for _, secret := range []string{password, basic, bearer} {
					if strings.Contains(fmt.Sprintf("%v %v %+v %+v", err, tags, err, tags), secret) {
						t.Errorf("token %v, %d to %s: %v, %v", token, status, kind, err, tags)
					}
				}
				server.ClearFaults()
			}
		}
	}
}
