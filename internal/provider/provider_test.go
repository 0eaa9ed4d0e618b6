package provider

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// realVariable makes the acceptance tests run against the account that the HARNESS_* variables
// name, instead of a fake of their own.
const realVariable = "HARNESSCI_ACC_REAL"

// realTurn keeps tests from meeting in the one real account.
var realTurn sync.Mutex

// world is what an acceptance test runs against: its own fake, or the real account.
type world struct {
	*testing.T
	fake   *fakeharness.Server // nil on the real account
	env    map[string]string   // what the provider sees as its environment
	client *harness.Client     // changes the account from outside
}

// newWorld returns the world of a test that may use the given overrides, and ends with them reset. The
// options say how a fake behaves; they do not affect the real account.
func newWorld(t *testing.T, opts fakeharness.Options, targets ...string) *world {
	t.Helper()
	w := &world{T: t}
	if os.Getenv(realVariable) == "" {
		w.fake = fakeharness.Start(t, opts)
		w.env = w.fake.Env()
		w.env[envVerifyImages] = string(verifyOff) // images of tests are in no registry
		return w
	}
	realTurn.Lock()
	t.Cleanup(realTurn.Unlock)
	w.env = map[string]string{}
	for _, name := range []string{envEndpoint, envAccountID, envAPIKey, envBearerToken} {
		w.env[name] = os.Getenv(name)
	}
	settings, _, diags := providerModel{}.resolve(w.getenv)
	if diags.HasError() {
		t.Fatalf("%s is set, and the account is not: %v", realVariable, diags)
	}
	w.client = harness.New(harness.Config{
		Endpoint: settings.endpoint, AccountID: settings.accountID,
		APIKey: settings.apiKey, BearerToken: settings.bearerToken, MaxRetries: settings.maxRetries,
	})
	for _, target := range targets {
		w.borrow(target)
	}
	return w
}

// requireFake skips a test that a real account cannot serve.
func (w *world) requireFake(reason string) *fakeharness.Server {
	w.Helper()
	if w.fake == nil {
		w.Skipf("%s is set: %s", realVariable, reason)
	}
	return w.fake
}

// borrow makes sure that a test does not overwrite what somebody has set, and cleans up after it.
func (w *world) borrow(target string) {
	w.Helper()
	t := parsed(w.T, target)
	if image := w.override(target); image != "" {
		w.Skipf("%s is already overridden in this account (%s)", target, image)
	}
	w.Cleanup(func() {
		if err := w.client.ResetImages(context.Background(), t.Scope, []string{t.Field}); err != nil {
			w.Errorf("%s may still be overridden: %v", target, err)
		}
	})
}

func parsed(t *testing.T, target string) execconfig.Target {
	t.Helper()
	parsed, err := parseID(target)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func (w *world) getenv(name string) string { return w.env[name] }

// override returns the account's override of "ci/K8/gitCloneTag"; "" for none.
func (w *world) override(target string) string {
	w.Helper()
	t := parsed(w.T, target)
	if w.fake != nil {
		return w.fake.Overrides(t.Scope.String())[t.Field]
	}
	images, err := w.client.CustomerImages(w.Context(), t.Scope, true)
	if err != nil {
		w.Fatal(err)
	}
	return images[t.Field]
}

// defaultImage returns the image that runs where "ci/K8/gitCloneTag" is not overridden.
func (w *world) defaultImage(target string) string {
	w.Helper()
	t := parsed(w.T, target)
	if w.fake != nil {
		return w.fake.Defaults(t.Scope.String())[t.Field]
	}
	images, err := w.client.DefaultImages(w.Context(), t.Scope)
	if err != nil {
		w.Fatal(err)
	}
	return images[t.Field]
}

// setOutside changes an override as another person would; "" removes it.
func (w *world) setOutside(target, image string) {
	w.Helper()
	t := parsed(w.T, target)
	if w.fake != nil {
		if image == "" {
			w.fake.RemoveOverride(t.Scope.String(), t.Field)
			return
		}
		w.fake.SetOverride(t.Scope.String(), t.Field, image)
		return
	}
	var err error
	if image == "" {
		err = w.client.ResetImages(w.Context(), t.Scope, []string{t.Field})
	} else {
		err = w.client.UpdateImages(w.Context(), t.Scope, map[string]string{t.Field: image})
	}
	if err != nil {
		w.Fatal(err)
	}
}

// run runs a case with this world's provider. Unless the case says otherwise, nothing that the steps
// created may be left at its end.
func (w *world) run(test resource.TestCase) {
	w.Helper()
	test.ProtoV6ProviderFactories = map[string]func() (tfprotov6.ProviderServer, error){
		"harnessci": func() (tfprotov6.ProviderServer, error) {
			server := serve(&harnessProvider{version: "test", getenv: w.getenv, tune: w.tune()}, errorsPage(w.T))
			server.unexplained = func(d *tfprotov6.Diagnostic) {
				w.Errorf("the page of errors has no heading for: %s\n%s", d.Summary, d.Detail)
			}
			return server, nil
		},
	}
	if test.CheckDestroy == nil {
		test.CheckDestroy = w.allReset
	}
	resource.Test(w.T, test)
}

// tune shortens the provider's waits if it talks to a fake.
func (w *world) tune() func(*harness.Config, *execconfig.Options) {
	if w.fake == nil {
		return nil
	}
	locks := filepath.Join(w.TempDir(), "locks")
	return func(config *harness.Config, options *execconfig.Options) {
		config.RetryWaitMin, config.RetryWaitMax = time.Millisecond, 5*time.Millisecond
		options.LockDir, options.LagMax = locks, 64*time.Millisecond
	}
}

// allReset checks, once everything is destroyed, that no override is left.
func (w *world) allReset(state *terraform.State) error {
	for _, scope := range fakeharness.Scopes() {
		if w.fake == nil {
			break
		}
		if left := w.fake.Overrides(scope); len(left) != 0 {
			return fmt.Errorf("%s still has overrides: %v", scope, left)
		}
	}
	for _, module := range state.Modules {
		for name, r := range module.Resources {
			if r.Type == "harnessci_image_override" && w.override(r.Primary.ID) != "" {
				return fmt.Errorf("%s is still overridden", name)
			}
		}
	}
	return nil
}

// holds is a check, within a step, of the account's override for a target.
func (w *world) holds(target, image string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := w.override(target); got != image {
			return fmt.Errorf("the account has %q for %s, want %q", got, target, image)
		}
		return nil
	}
}

// writes is a check, within a step, of how many writes the fake has seen since its log was reset.
func (w *world) writes(want int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if w.fake == nil {
			return nil
		}
		if got := w.fake.Count("writes"); got != want {
			return fmt.Errorf("%d writes were sent, want %d: %+v", got, want, w.fake.Requests())
		}
		return nil
	}
}

// requireSilence fails a test that has sent anything, as far as is visible.
func (w *world) requireSilence() {
	w.Helper()
	if w.fake != nil && w.fake.Count("") != 0 {
		w.Errorf("requests were sent, want none: %+v", w.fake.Requests())
	}
}

// requireNoWrites fails if something was written.
func (w *world) requireNoWrites() {
	w.Helper()
	if w.fake != nil && w.fake.Count("writes") != 0 {
		w.Errorf("writes were sent, want none: %+v", w.fake.Requests())
	}
}

// addr is where overrideConfig puts the resource.
const addr = "harnessci_image_override.test"

// overrideConfig returns the configuration of one override, the further attributes before its value.
func overrideConfig(image string, attributes ...string) string {
	return fmt.Sprintf("resource %q %q {\n  %s\n  value = %q\n}\n", "harnessci_image_override", "test", strings.Join(attributes, "\n  "), image)
}

// gitClone returns the configuration of an override of ci/K8/gitCloneTag.
func gitClone(image string) string { return overrideConfig(image, `field = "gitCloneTag"`) }

// says matches a text wherever the CLI breaks its lines.
func says(text string) *regexp.Regexp {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = regexp.QuoteMeta(word)
	}
	return regexp.MustCompile(strings.Join(words, `[\s│]+`))
}
