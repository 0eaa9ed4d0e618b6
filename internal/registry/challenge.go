package registry

import (
	"net/http"
	"strings"
)

// challenge is how a registry wants to be logged in to.
type challenge struct {
	scheme string // "basic" or "bearer"; "" for none
	params map[string]string
}

// chooseChallenge returns the challenge of an answer to use: Bearer before Basic, since a registry that names
// a token server may take its password there alone. Any header may have several, in any order
// (prowler-cloud/prowler#12691).
func chooseChallenge(header http.Header) challenge {
	var basic challenge
	for _, value := range header.Values("WWW-Authenticate") {
		for _, c := range parseChallenges(value) {
			switch {
			case c.scheme == "bearer" && c.params["realm"] != "":
				return c
			case c.scheme == "basic":
				basic = c
			}
		}
	}
	return basic
}

// parseChallenges reads a header of challenges (RFC 9110, 11.6.1). What is malformed ends it.
func parseChallenges(s string) (all []challenge) {
	for {
		s = strings.TrimLeft(s, " \t,")
		word, rest := cutToken(s)
		if word == "" {
			return all
		}
		after := strings.TrimLeft(rest, " \t")
		if strings.HasPrefix(after, "=") && len(all) > 0 { // a parameter, not another scheme
			var value string
			var ok bool
			if value, s, ok = cutValue(strings.TrimLeft(after[1:], " \t")); !ok {
				return all
			}
			all[len(all)-1].params[strings.ToLower(word)] = value
			continue
		}
		all = append(all, challenge{scheme: strings.ToLower(word), params: map[string]string{}})
		s = after
		if token, rest := cutToken68(s); token != "" { // Negotiate and NTLM have one in place of parameters
			s = rest
		}
	}
}

// cutToken splits off a token at the beginning (RFC 9110, 5.6.2).
func cutToken(s string) (token, rest string) {
	end := strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

// cutToken68 splits off a token68 that is all of a challenge; "" if a parameter or another scheme follows.
func cutToken68(s string) (token, rest string) {
	token, rest, _ = strings.Cut(s, ",")
	token = strings.TrimSpace(token)
	if strings.ContainsAny(strings.TrimRight(token, "="), "= \t\"") || strings.HasSuffix(token, "=\"") {
		return "", s
	}
	return token, rest
}

// cutValue splits off a token or a quoted string.
func cutValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		value, rest = cutToken(s)
		return value, rest, true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}
