package registry

import (
	"net/http"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

func TestAnAddressOfTheMachinesNetworkIsKnownInAnySpelling(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"169.254.169.254": true, "169.254.169.254.": true, "169.254.169.254:80": true, "2852039166": true, "0xa9fea9fe": true,
		"0xa9.0xfe.0xa9.0xfe": true, "0251.0376.0251.0376": true, "169.254.43518": true, "169.16689662": true,
		"[fe80::1]:443": true, "[fe80::1%25eth0]": true, "fe80::1%eth0": true, "[::ffff:169.254.169.254]": true, "[64:ff9b::a9fe:a9fe]": true,
		"[2002:a9fe:a9fe::1]": true, "[fd00:ec2::254]": true, "[fd20:ce::254]:80": true, "100.100.100.200": true, "168.63.129.16": true,
		"metadata.google.internal": true, "METADATA.google.internal.": true, "metadata": true,
		"10.0.0.1": false, "192.168.1.1:5000": false, "registry.example": false, "127.0.0.1": false, "[fd12::1]": false,
		"1.2.3.4.5": false, "0xregistry": false, "169.254.example": false, "": false,
	} {
		if got := isPrivilegedHost(host); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}

// The dial is refused before anything leaves, whatever name led to the address.
func TestADialToTheMachinesNetworkIsRefused(t *testing.T) {
	t.Parallel()
	tr := transport.New(nil)
	tr.Proxy = nil
	guardDials(tr)
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://169.254.169.254/latest/meta-data/", nil)
	must(t, err)
	resp, err := tr.RoundTrip(req)
	if err == nil {
		must(t, resp.Body.Close())
	}
	if err == nil || !strings.Contains(err.Error(), "which is refused") {
		t.Error(err)
	}
}
