package harness

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// imageConnectorName is what Harness itself calls the image connector.
const imageConnectorName = "Harness Docker Connector"

// The ways to log in to a registry that are known here.
const (
	Anonymous        = "Anonymous"
	UsernamePassword = "UsernamePassword"
)

// Registry has the known settings of a connector of the type DockerRegistry.
type Registry struct {
	Login
	URL               string
	ProviderType      string   // DockerHub, Harbor, Quay, Other
	DelegateSelectors []string // sorted
	ExecuteOnDelegate bool
}

// Login is how a connector logs in to its registry.
type Login struct {
	Auth string // Anonymous, UsernamePassword, or another that the server has
	// Username, or UsernameRef, a reference to a secret, as is PasswordRef.
	Username, UsernameRef, PasswordRef string
}

// Equal reports whether two registries have the same settings.
func (r Registry) Equal(other Registry) bool {
	return r.Login == other.Login && r.URL == other.URL && r.ProviderType == other.ProviderType &&
		r.ExecuteOnDelegate == other.ExecuteOnDelegate && slices.Equal(r.DelegateSelectors, other.DelegateSelectors)
}

// registrySpec is the spec of a DockerRegistry in a connector's body.
type registrySpec struct {
	URL               string   `json:"dockerRegistryUrl"`
	ProviderType      string   `json:"providerType"`
	DelegateSelectors []string `json:"delegateSelectors"`
	ExecuteOnDelegate bool     `json:"executeOnDelegate"`
	Auth              struct {
		Type string `json:"type"`
		Spec struct {
			Username    string `json:"username"`
			UsernameRef string `json:"usernameRef"`
			PasswordRef string `json:"passwordRef"`
		} `json:"spec"`
	} `json:"auth"`
}

// Registry returns the settings of a connector of the type DockerRegistry. What is absent is zero.
func (c Connector) Registry() (Registry, error) {
	if c.Type != DockerRegistry {
		return Registry{}, fmt.Errorf("the connector is of the type %s, not %s", c.Type, DockerRegistry)
	}
	var body struct {
		Spec registrySpec `json:"spec"`
	}
	if err := decodeObject(c.Body, &body); err != nil {
		return Registry{}, err
	}
	if n := len(body.Spec.DelegateSelectors); n > maxSelectors {
		return Registry{}, fmt.Errorf("the connector has %d delegate selectors, more than the %d that are supported", n, maxSelectors)
	}
	return body.Spec.registry(), nil
}

func (s registrySpec) registry() Registry {
	selectors := slices.Clone(s.DelegateSelectors)
	slices.Sort(selectors)
	login := s.Auth.Spec
	return Registry{
		Login: Login{
			Auth: cmp.Or(s.Auth.Type, Anonymous), Username: login.Username, UsernameRef: login.UsernameRef, PasswordRef: login.PasswordRef,
		},
		URL: s.URL, ProviderType: s.ProviderType,
		DelegateSelectors: slices.Compact(selectors), ExecuteOnDelegate: s.ExecuteOnDelegate,
	}
}

// maxSelectors is how many delegate selectors a connector may have here; real ones have a few.
const maxSelectors = 300

// candidateDescription describes a candidate to whoever finds one, and tells ours from those of others.
const candidateDescription = "Temporary: tests settings for the connector " + ImageConnector + " before builds see them. " +
	"Left over from an interrupted run of the Terraform provider harnessci, and safe to delete."

// CandidateBody returns a connector's body as that of a candidate.
func CandidateBody(body json.RawMessage) (json.RawMessage, error) {
	candidate, err := decoded(body)
	if err != nil {
		return nil, err
	}
	candidate["identifier"], candidate["name"], candidate["description"] = ImageCandidate, "Harness Docker Connector candidate", candidateDescription
	return json.Marshal(candidate)
}

// IsCandidate reports whether a connector is a candidate that this provider has made.
func (c Connector) IsCandidate() bool {
	var head struct {
		Description string `json:"description"`
	}
	return decodeObject(c.Body, &head) == nil && head.Description == candidateDescription
}

// Origin is what the image connector was before this provider set it: a body, or nil for none.
type Origin struct {
	Body json.RawMessage
	// LostLogin: it had a login that the body does not have.
	LostLogin bool
}

// mark is the part of a description in which WithOrigin keeps an Origin, for whoever has no state that knows it.
type mark struct {
	URL       string        `json:"url"`      // of the connector that has it: with another one, the mark is void
	Replaced  *registrySpec `json:"replaced"` // null: there was no connector
	LostLogin bool          `json:"lostLogin"`
}

var marked = regexp.MustCompile(`(?s)\s*\[Set by Terraform \(harnessci_image_connector\) in place of .*: (\{"url":.*\})\]$`)

// WithOrigin returns a connector's body with a description that says what it has replaced.
func WithOrigin(body json.RawMessage, origin Origin) (json.RawMessage, error) {
	content, err := decoded(body)
	if err != nil {
		return nil, err
	}
	registry, err := Connector{Type: DockerRegistry, Body: body}.Registry()
	if err != nil {
		return nil, err
	}
	note, was := mark{URL: ShowURL(registry.URL), LostLogin: origin.LostLogin}, "no connector"
	if origin.Body != nil {
		bare, lost, err := WithoutLogin(origin.Body)
		if err != nil {
			return nil, err
		}
		var before struct {
			Spec registrySpec `json:"spec"`
		}
		if err := decodeObject(bare, &before); err != nil {
			return nil, err
		}
		auth := before.Spec.Auth.Type
		note.Replaced, note.LostLogin = &before.Spec, note.LostLogin || lost || auth != "" && auth != Anonymous && auth != UsernamePassword
		was = ShowURL(before.Spec.URL)
	}
	says, err := json.Marshal(note)
	if err != nil {
		return nil, err
	}
	content["description"] = strings.TrimSpace(unmarked(content) + " [Set by Terraform (harnessci_image_connector) in place of " + was + ": " + string(says) + "]")
	return json.Marshal(content)
}

// unmarked returns the description of a decoded body without what WithOrigin has added.
func unmarked(content map[string]any) string {
	description, _ := content["description"].(string)
	return marked.ReplaceAllString(description, "")
}

// Origin returns what WithOrigin has recorded, unless somebody has given the connector another URL since.
func (c Connector) Origin() (origin Origin, ok bool) {
	registry, err := c.Registry()
	content, decodeErr := decoded(c.Body)
	if err != nil || decodeErr != nil {
		return Origin{}, false
	}
	description, _ := content["description"].(string)
	found := marked.FindStringSubmatch(description)
	var note mark
	if found == nil || json.Unmarshal([]byte(found[1]), &note) != nil || note.URL != ShowURL(registry.URL) {
		return Origin{}, false
	}
	if note.Replaced == nil {
		return Origin{}, true
	}
	if content["description"] = unmarked(content); content["description"] == "" {
		delete(content, "description")
	}
	origin = Origin{LostLogin: note.LostLogin}
	origin.Body, err = changed(content, note.Replaced.registry())
	return origin, err == nil
}

// Before returns what a resource that takes over the connector is to restore: what an earlier run has replaced, if that
// run has stored these settings and no state knows it, else the connector.
func (c Connector) Before() (Origin, error) {
	if origin, ok := c.Origin(); ok {
		return origin, nil
	}
	body, lost, err := WithoutLogin(c.Body)
	return Origin{Body: body, LostLogin: lost}, err
}

// WithoutLogin returns a connector's body without what may be a login in its URL, and whether there was one.
func WithoutLogin(body json.RawMessage) (_ json.RawMessage, had bool, err error) {
	c := Connector{Type: DockerRegistry, Body: body}
	registry, err := c.Registry()
	if err != nil || !HasLogin(registry.URL) {
		return body, false, err
	}
	content, err := decoded(body)
	if err != nil {
		return nil, true, err
	}
	object(content, "spec")["dockerRegistryUrl"] = splitLogin(registry.URL).bare()
	body, err = json.Marshal(content)
	return body, true, err
}

// NewConnectorBody returns the body of an image connector that does not exist yet.
func NewConnectorBody(registry Registry) (json.RawMessage, error) {
	body := map[string]any{"name": imageConnectorName, "identifier": ImageConnector, "type": DockerRegistry, "tags": map[string]any{}}
	return changed(body, registry)
}

// With returns the body of the connector with other settings. Every key that is not known here stays.
func (c Connector) With(registry Registry) (json.RawMessage, error) {
	body, err := decoded(c.Body)
	if err != nil {
		return nil, err
	}
	return changed(body, registry)
}

// decoded returns a body with its numbers as written.
func decoded(body json.RawMessage) (content map[string]any, _ error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&content); err != nil || content == nil {
		return nil, errors.New("the connector is not a JSON object")
	}
	return content, nil
}

// changed sets the settings in a decoded body.
func changed(body map[string]any, registry Registry) (json.RawMessage, error) {
	spec := object(body, "spec")
	spec["dockerRegistryUrl"] = registry.URL
	spec["providerType"] = registry.ProviderType
	spec["executeOnDelegate"] = registry.ExecuteOnDelegate
	spec["delegateSelectors"] = append([]string{}, registry.DelegateSelectors...) // never null
	if auth := object(spec, "auth"); auth["type"] != registry.Auth {
		spec["auth"] = map[string]any{"type": registry.Auth}
	}
	if registry.Auth == UsernamePassword {
		login := object(object(spec, "auth"), "spec")
		for key, value := range map[string]string{
			"username": registry.Username, "usernameRef": registry.UsernameRef, "passwordRef": registry.PasswordRef,
		} {
			delete(login, key)
			if value != "" {
				login[key] = value
			}
		}
	}
	return json.Marshal(body)
}

// object returns the object at a key, and creates it if there is none.
func object(parent map[string]any, key string) map[string]any {
	child, ok := parent[key].(map[string]any)
	if !ok {
		child = map[string]any{}
		parent[key] = child
	}
	return child
}
