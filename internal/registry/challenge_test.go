package registry

import (
	"net/http"
	"testing"
)

func TestTheChallengeThatCanBeAnsweredIsChosen(t *testing.T) {
	t.Parallel()
	const token = `Bearer realm="https://auth.example/token?a=b,c",service="r",scope="repository:a/b:pull,push"` //nolint:gosec // a challenge, no credential
	for name, test := range map[string]struct {
		headers       []string
		scheme, realm string
	}{
		"none":                    {nil, "", ""},
		"Basic":                   {[]string{`Basic realm="r"`}, "basic", "r"},
		"Basic alone":             {[]string{"Basic"}, "basic", ""},
		"Bearer":                  {[]string{token}, "bearer", "https://auth.example/token?a=b,c"},
		"other case and space":    {[]string{`bEaReR  Realm = "https://auth.example/token?a=b,c" , service=r`}, "bearer", "https://auth.example/token?a=b,c"},
		"two headers":             {[]string{`Basic realm="r"`, token}, "bearer", "https://auth.example/token?a=b,c"},
		"two in one":              {[]string{`Basic realm="r", ` + token}, "bearer", "https://auth.example/token?a=b,c"},
		"two in one, reversed":    {[]string{token + `, Basic realm="r"`}, "bearer", "https://auth.example/token?a=b,c"},
		"Basic alone, and Bearer": {[]string{`Basic, ` + token}, "bearer", "https://auth.example/token?a=b,c"},
		"Negotiate first":         {[]string{`Negotiate, NTLM TlRMTVNTUA==, Basic realm="r"`}, "basic", "r"},
		"only what we cannot":     {[]string{`Negotiate`, `Digest realm="d", nonce="x"`}, "", ""},
		"Bearer without realm":    {[]string{`Bearer service="r"`, `Basic realm="r"`}, "basic", "r"},
		"escaped quote":           {[]string{`Basic realm="a \"b\""`}, "basic", `a "b"`},
		"unfinished":              {[]string{`Bearer realm="https://auth`}, "", ""},
		"nonsense":                {[]string{`="=",,,`, "\x00"}, "", ""},
	} {
		header := http.Header{}
		for _, value := range test.headers {
			header.Add("WWW-Authenticate", value)
		}
		if c := chooseChallenge(header); c.scheme != test.scheme || c.params["realm"] != test.realm {
			t.Errorf("%s: %+v", name, c)
		}
	}
}
