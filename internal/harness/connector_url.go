package harness

import (
	"net/url"
	"strings"
)

// hiddenLogin stands for what may be a password.
const hiddenLogin = "xxxxx"

// shortestToken is how long a user without a password must be to be taken for a token.
const shortestToken = 12

// shortestBare is how long it must be to be hidden where it stands alone in what Harness says of the URL: less
// protects nothing, and occurs in too many words.
const shortestBare = 4

// loginURL is a registry's URL, cut apart by its characters alone: one that somebody stored by hand may not
// parse, such as https://user:p%ss@registry.example.com.
type loginURL struct {
	scheme string // with ://; "" if there is none
	user   string // all before the last @; "" if there is none
	rest   string // host and path
	query  string // from the first ? or # on
	// garbled: it does not parse and has no @, so the rest may be anything.
	garbled bool
}

func splitLogin(value string) (u loginURL) {
	u.rest = value
	if scheme, rest, ok := strings.Cut(value, "://"); ok && !strings.ContainsAny(scheme, "@?#") {
		u.scheme, u.rest = scheme+"://", rest
	}
	if at := strings.LastIndexByte(u.rest, '@'); at >= 0 {
		u.user, u.rest = u.rest[:at], u.rest[at+1:]
	}
	if i := strings.IndexAny(u.rest, "?#"); i >= 0 {
		u.rest, u.query = u.rest[:i], u.rest[i:]
	}
	_, err := url.Parse(u.scheme + u.rest)
	u.garbled = err != nil
	return u
}

// bare returns the URL without what is hidden.
func (u loginURL) bare() string {
	if u.garbled {
		return u.scheme
	}
	return u.scheme + u.rest
}

// HasLogin reports whether a registry's URL has parts that may be a secret: a user, a query, a fragment, or
// anything if it does not parse.
func HasLogin(registryURL string) bool {
	u := splitLogin(registryURL)
	return u.user != "" || u.query != "" || u.garbled
}

// ShowURL returns a registry's URL for people and for the state, without what may be a secret.
func ShowURL(registryURL string) string {
	u := splitLogin(registryURL)
	shown := u.scheme
	if u.user != "" {
		shown += hiddenLogin + "@"
	}
	if u.garbled {
		return shown + hiddenLogin
	}
	shown += u.rest
	if u.query != "" {
		shown += u.query[:1] + hiddenLogin
	}
	return shown
}

// loginParts returns the parts of a URL that may be secrets, for texts that quote one of them alone.
func loginParts(registryURL string) (parts []string) {
	u := splitLogin(registryURL)
	_, password, _ := strings.Cut(u.user, ":")
	query := strings.TrimLeft(u.query, "?#")
	candidates := []string{password, query}
	if len(u.user) >= shortestToken {
		candidates = append(candidates, u.user)
	}
	for pair := range strings.SplitSeq(query, "&") {
		_, value, _ := strings.Cut(pair, "=")
		candidates = append(candidates, value)
	}
	if u.garbled {
		_, password, _ := strings.Cut(u.rest, ":")
		candidates = append(candidates, u.rest, password)
	}
	if u.user != "" { // a short one may be an ordinary word: hidden only where it is the user of a URL
		host, _, _ := strings.Cut(u.rest, "/")
		host, _, _ = strings.Cut(host, ":")
		candidates = append(candidates, u.user+"@"+host)
		if u.scheme != "" {
			candidates = append(candidates, u.scheme+u.user+"@")
		}
	}
	for _, part := range candidates {
		parts = append(parts, part, unescaped(part))
	}
	return parts
}

// showMessage returns what Harness says of a registry's URL, without what may be a secret in the URL. A user
// without a password may be a token, and is hidden wherever it stands.
func showMessage(message, registryURL string) string {
	if !HasLogin(registryURL) {
		return message
	}
	message = strings.ReplaceAll(message, registryURL, ShowURL(registryURL))
	u := splitLogin(registryURL)
	if u.user == "" {
		return message
	}
	hide := []string{u.user + "@", hiddenLogin + "@", unescaped(u.user) + "@", hiddenLogin + "@"}
	if len(u.user) >= shortestBare && !strings.Contains(u.user, ":") {
		hide = append(hide, u.user, hiddenLogin, unescaped(u.user), hiddenLogin)
	}
	return strings.NewReplacer(hide...).Replace(message)
}

func unescaped(s string) string {
	plain, err := url.PathUnescape(s)
	if err != nil {
		return s
	}
	return plain
}
