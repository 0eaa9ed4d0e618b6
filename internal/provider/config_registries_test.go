package provider

import (
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var registryType = map[string]attr.Type{
	"username": types.StringType, "password": types.StringType, "insecure": types.BoolType,
}

// login is an element of registries; nil means null.
func login(username, password any, insecure ...bool) attr.Value {
	text := func(value any) attr.Value {
		switch value := value.(type) {
		case string:
			return types.StringValue(value)
		case attr.Value:
			return value
		}
		return types.StringNull()
	}
	plain := types.BoolNull()
	if len(insecure) > 0 {
		plain = types.BoolValue(insecure[0])
	}
	return types.ObjectValueMust(registryType, map[string]attr.Value{
		"username": text(username), "password": text(password), "insecure": plain,
	})
}

func registriesOf(elements map[string]attr.Value) types.Map {
	return types.MapValueMust(types.ObjectType{AttrTypes: registryType}, elements)
}

func TestResolveRegistries(t *testing.T) {
	t.Parallel()
	s, known, diags := resolveWith(providerModel{Registries: registriesOf(map[string]attr.Value{
		"index.docker.io":               login("me", "token"),
		"Registry.Example.com:5000":     login("AWS", "s e\ncret", false),
		"localhost:5000":                login(nil, nil, true),
		"127.0.0.1:5001":                login("me", "token", true),
		"us-docker.pkg.dev":             login(nil, nil),
		"index.docker.io/harness":       login("robot", "of a path"),
		"Registry.Example.com:5000/a/b": login("robot", "of a longer one"),
		"plain.registry.example.com:8":  login(nil, nil, true),
	})}, complete())
	if len(diags) != 0 || !known || !s.registriesKnown {
		t.Fatalf("known %v, %v, diagnostics %v", known, s.registriesKnown, diags)
	}
	want := map[string]registryLogin{
		"docker.io":                     {"me", "token", false},
		"registry.example.com:5000":     {"AWS", "s e\ncret", false},
		"localhost:5000":                {insecure: true},
		"127.0.0.1:5001":                {"me", "token", true},
		"us-docker.pkg.dev":             {},
		"docker.io/harness":             {"robot", "of a path", false},
		"registry.example.com:5000/a/b": {"robot", "of a longer one", false},
		"plain.registry.example.com:8":  {insecure: true},
	}
	if !maps.Equal(s.registries, want) {
		t.Errorf("registries are %+v", s.registries)
	}
}

func TestRegistriesErrorsShowNoSecret(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		host  string
		login attr.Value
		at    string
		words string
	}{
		"scheme":            {"https://r.example.com", login(nil, nil), "registries", "scheme"},
		"path and scheme":   {"https://r.example.com/team", login("me", "hunter2"), "registries", "scheme"},
		"path with a slash": {"r.example.com/team/", login("me", "hunter2"), "registries", "has a path"},
		"path of nobody":    {"r.example.com/Team", login("me", "hunter2"), "registries", "has a path"},
		"image":             {"r.example.com/team/app:1", login("me", "hunter2"), "registries", "has a path"},
		"path, insecure":    {"r.example.com/team", login("me", "hunter2", true), "registries", "the host alone"},
		"user info":         {"me:hunter2@r.example.com", login(nil, nil), "registries", "password"},
		"user info and URL": {"https://me:hunter2@r.example.com", login(nil, nil), "registries", "scheme"},
		"begin with a host": {"harness", login(nil, nil), "registries", "begin with a host"},
		"empty":             {"", login(nil, nil), "registries", "begin with a host"},
		"space":             {"r.example.com ", login(nil, nil), "registries", "begin with a host"},
		"port":              {"r.example.com:port", login(nil, nil), "registries", "begin with a host"},
		"username is not":   {"r.example.com", login(nil, "hunter2"), "registries", "username is not"},
		"password is not":   {"r.example.com", login("me", nil), "registries", "password is not"},
		"empty username":    {"r.example.com", login("", "hunter2"), "registries", "empty"},
		"empty password":    {"r.example.com", login("me", ""), "registries", "empty"},
		"line break":        {"r.example.com", login("me", "hunter2\n"), "registries", "trimspace"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, diags := resolveWith(providerModel{Registries: registriesOf(map[string]attr.Value{test.host: test.login})}, complete())
			if len(diags) != 1 || !diags.HasError() {
				t.Fatalf("want one error, got %v", diags)
			}
			requireConfigDiagnostic(t, diags[0], test.at, test.words)
		})
	}
}

func TestRegistriesOfOneHostAreAnError(t *testing.T) {
	t.Parallel()
	_, _, diags := resolveWith(providerModel{Registries: registriesOf(map[string]attr.Value{
		"docker.io": login("me", "hunter2"), "registry-1.docker.io": login("you", "hunter2"),
	})}, complete())
	if diags.ErrorsCount() != 1 {
		t.Fatalf("want one error, got %v", diags)
	}
	requireConfigDiagnostic(t, diags[0], "registries", "docker.io and registry-1.docker.io")
}

func TestPasswordOverPlainHTTPIsAWarning(t *testing.T) {
	t.Parallel()
	_, known, diags := resolveWith(providerModel{Registries: registriesOf(map[string]attr.Value{
		"r.example.com:5000": login("me", "hunter2", true),
	})}, complete())
	if !known || diags.HasError() || len(diags) != 1 {
		t.Fatalf("known %v, diagnostics %v", known, diags)
	}
	requireConfigDiagnostic(t, diags[0], "registries", "r.example.com:5000", "https")
}

// A token from another resource must not keep the overrides from being planned.
func TestUnknownRegistriesLeaveTheRestKnown(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]types.Map{
		"all":      types.MapUnknown(types.ObjectType{AttrTypes: registryType}),
		"login":    registriesOf(map[string]attr.Value{"r.example.com": types.ObjectUnknown(registryType)}),
		"password": registriesOf(map[string]attr.Value{"r.example.com": login("AWS", types.StringUnknown())}),
	} {
		s, known, diags := resolveWith(providerModel{Registries: value}, complete())
		if !known || s.registriesKnown || len(diags) != 0 {
			t.Errorf("%s: known %v, registries known %v, %v", name, known, s.registriesKnown, diags)
		}
	}
}

func TestResolveVerifyImages(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		value types.String
		env   string
		want  verification
		fails string
	}{
		"default":              {want: verifyWhenReachable},
		"attribute":            {value: types.StringValue("required"), want: verifyRequired},
		"variable":             {env: "off", want: verifyOff},
		"attribute wins":       {value: types.StringValue("when_reachable"), env: "off", want: verifyWhenReachable},
		"wrong attribute":      {value: types.StringValue("always"), fails: "the attribute verify_images"},
		"wrong case":           {value: types.StringValue("Off"), fails: `written "off"`},
		"wrong in environment": {env: "yes", fails: envVerifyImages},
		"empty":                {value: types.StringValue(""), fails: "empty"},
	} {
		env := complete()
		env[envVerifyImages] = test.env
		s, known, diags := resolveWith(providerModel{VerifyImages: test.value}, env)
		if test.fails == "" {
			if !known || len(diags) != 0 || s.verifyImages != test.want {
				t.Errorf("%s: %q, %v", name, s.verifyImages, diags)
			}
			continue
		}
		if diags.ErrorsCount() != 1 || !strings.Contains(diags[0].Detail(), test.fails) {
			t.Errorf("%s: want an error with %q, got %v", name, test.fails, diags)
		}
	}
	if _, known, _ := resolveWith(providerModel{VerifyImages: types.StringUnknown()}, complete()); known {
		t.Error("an unknown verify_images counts as known")
	}
}

func TestSignaturesSettings(t *testing.T) {
	t.Parallel()
	const key = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n"
	object, _ := signaturesAttribute().GetType().(types.ObjectType)
	list := func(values ...string) attr.Value {
		var elements []attr.Value
		for _, value := range values {
			elements = append(elements, types.StringValue(value))
		}
		return types.ListValueMust(types.StringType, elements)
	}
	for name, test := range map[string]struct {
		set     map[string]attr.Value
		unknown bool
		fails   string
		types   int
	}{
		"keys alone":               {set: map[string]attr.Value{}},
		"a signature":              {set: map[string]attr.Value{"require": types.StringValue("signature")}, types: 1},
		"attestations":             {set: map[string]attr.Value{"require": types.StringValue("attestation"), "attestation_types": list("a", "b"), "max_age": types.StringValue("24h")}, types: 2},
		"an unknown key":           {set: map[string]attr.Value{"public_keys": types.ListValueMust(types.StringType, []attr.Value{types.StringUnknown()})}, unknown: true},
		"no key":                   {set: map[string]attr.Value{"public_keys": list()}, fails: "public_keys is empty"},
		"a private key":            {set: map[string]attr.Value{"public_keys": list(key, strings.ReplaceAll(key, "PUBLIC", "PRIVATE"))}, fails: "public_keys[1] cannot be used: It is a private key"},
		"another requirement":      {set: map[string]attr.Value{"require": types.StringValue("Signature")}, fails: `"signature"`},
		"no types":                 {set: map[string]attr.Value{"require": types.StringValue("attestation")}, fails: "attestation_types is not set"},
		"types of a signature":     {set: map[string]attr.Value{"require": types.StringValue("signature"), "attestation_types": list("a")}, fails: "none would be checked"},
		"the age of a signature":   {set: map[string]attr.Value{"require": types.StringValue("signature"), "max_age": types.StringValue("24h")}, fails: "max_age is set"},
		"no duration":              {set: map[string]attr.Value{"require": types.StringValue("attestation"), "attestation_types": list("a"), "max_age": types.StringValue("1d")}, fails: `"1d" is not a positive duration`},
		"an empty glob":            {set: map[string]attr.Value{"images": list("")}, fails: "contains an empty string"},
		"an empty type is no type": {set: map[string]attr.Value{"require": types.StringValue("attestation"), "attestation_types": list("")}, fails: "contains an empty string"},
	} {
		values := map[string]attr.Value{
			"public_keys": list(key), "require": types.StringNull(), "attestation_types": types.ListNull(types.StringType),
			"max_age": types.StringNull(), "images": types.ListNull(types.StringType),
		}
		maps.Copy(values, test.set)
		r := resolver{known: true}
		policy, known := r.signatures(types.ObjectValueMust(object.AttrTypes, values))
		said := ""
		for _, d := range r.diags {
			said += d.Detail()
		}
		switch {
		case known == test.unknown:
			t.Errorf("%s: known is %v", name, known)
		case test.fails != "" && (!strings.Contains(said, test.fails) || strings.Contains(said, "MCow")):
			t.Errorf("%s: %s", name, said)
		case test.fails == "" && (said != "" || len(policy.Types) != test.types || !test.unknown && len(policy.Keys) != 1):
			t.Errorf("%s: %+v, %s", name, policy, said)
		}
	}
}
