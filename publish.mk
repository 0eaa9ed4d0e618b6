# What is published: the documentation and releases. GNUmakefile includes it.

TFPLUGINDOCS_VERSION := v0.25.0
ACTIONLINT_VERSION   := v1.7.12
# The newest that go install builds.
GORELEASER_VERSION   := v2.16.0
OPA_VERSION          := v1.22.2
CYCLONEDX_VERSION    := v1.10.0
GOVULNCHECK_VERSION  := v1.9.0

TFPLUGINDOCS := $(BIN)/tfplugindocs-$(TFPLUGINDOCS_VERSION)
ACTIONLINT   := $(BIN)/actionlint-$(ACTIONLINT_VERSION)
GORELEASER   := $(BIN)/goreleaser-$(GORELEASER_VERSION)
OPA          := $(BIN)/opa-$(OPA_VERSION)
# GoReleaser finds it on PATH, by its own name.
CYCLONEDX    := $(BIN)/cyclonedx-$(CYCLONEDX_VERSION)/cyclonedx-gomod

# Each is installed separately: their dependencies conflict with each other and with OpenTofu's.
# $(1) is the package, $(2) its version, $(3) the program's name.
define install_tool
	GOBIN=$(BIN) CGO_ENABLED=0 $(GO) install $(1)@$(2)
	@mv $(BIN)/$(3) $@
endef

$(TFPLUGINDOCS):
	$(call install_tool,github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs,$(TFPLUGINDOCS_VERSION),tfplugindocs)
$(ACTIONLINT):
	$(call install_tool,github.com/rhysd/actionlint/cmd/actionlint,$(ACTIONLINT_VERSION),actionlint)
$(GORELEASER):
	$(call install_tool,github.com/goreleaser/goreleaser/v2,$(GORELEASER_VERSION),goreleaser)
$(OPA):
	$(call install_tool,github.com/open-policy-agent/opa,$(OPA_VERSION),opa)
$(CYCLONEDX):
	GOBIN=$(@D) CGO_ENABLED=0 $(GO) install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX_VERSION)

SCHEMA := $(BIN)/schema.json
DOCS_LOG := $(BIN)/docs.log

# Generates the documentation into $(1). For a template of a type that does not exist, the
# generator only warns, which nobody would see.
define generate_docs
	@$(GO) run -buildvcs=false ./internal/provider/cmd/schemajson >$(SCHEMA)
	@$(TFPLUGINDOCS) generate --provider-name harnessci --providers-schema $(SCHEMA) \
		--rendered-website-dir $(1) >$(DOCS_LOG) 2>&1 || { cat $(DOCS_LOG); exit 1; }
	@if grep 'does not exist$$' $(DOCS_LOG); then exit 1; fi
endef

.PHONY: docs
docs: $(TFPLUGINDOCS) ## Generate docs/ from the provider's schemas, templates/ and examples/
	$(call generate_docs,docs)

.PHONY: docs-check
docs-check: $(TFPLUGINDOCS) ## Fail if docs/ differs from what `make docs` generates, or is not valid
	@rm -rf $(BIN)/docs
	$(call generate_docs,.bin/docs)
	@diff -ru docs $(BIN)/docs || { echo "docs/ is out of date: run make docs and commit it" >&2; exit 1; }
	@$(TFPLUGINDOCS) validate --provider-name harnessci --providers-schema $(SCHEMA) >$(DOCS_LOG) 2>&1 \
		|| { grep -v DEBUG $(DOCS_LOG); exit 1; }

# An example's workflows call each other as if in their own repository.
.PHONY: lint-workflows
lint-workflows: $(ACTIONLINT) ## Lint the GitHub workflows, including those of the examples
	$(ACTIONLINT) -shellcheck= -pyflakes= .github/workflows/*.yml
	@for workflow in examples/complete/*/*.yml; do \
		folder=$(BIN)/workflows/$$(basename $$(dirname $$workflow)); \
		mkdir -p $$folder/.git $$folder/.github/workflows; cp $$workflow $$folder/.github/workflows/; \
	done
	@for folder in $(BIN)/workflows/*; do ( cd $$folder && $(ACTIONLINT) -shellcheck= -pyflakes= ); done

.PHONY: lint-policy
lint-policy: $(OPA) ## Check the example's OPA policy, and run its tests
	$(OPA) check --strict examples/complete/policy
	$(OPA) fmt --fail --list examples/complete/policy
	$(OPA) test examples/complete/policy

.PHONY: test-policy
test-policy: build $(OPA) ## Let the example's OPA policy judge real plans of hostile configurations
	@$(call with_cli,-supported); $(acceptance) HARNESSCI_TEST_OPA=$(OPA) \
		$(GO) test -count=1 -run 'TestAcc(Policy|ScanAndSign)' -v ./internal/provider/ >$(BIN)/policy.log || { cat $(BIN)/policy.log; exit 1; }; \
	grep -c -e '^    --- PASS' $(BIN)/policy.log

# GoReleaser needs a remote that looks like GitHub's; a clone can have one without changing this repository.
RELEASE_CLONE := $(BIN)/release
define release_clone
	@rm -rf $(RELEASE_CLONE)
	@git clone --quiet --no-hardlinks . $(RELEASE_CLONE)
	@git -C $(RELEASE_CLONE) remote set-url origin https://github.com/harnessci/terraform-provider-harnessci.git
endef

.PHONY: release-check
release-check: $(GORELEASER) ## Check the release's configuration
	$(call release_clone)
	@cp .goreleaser.yml $(RELEASE_CLONE)/
	cd $(RELEASE_CLONE) && $(GORELEASER) check

# all, or host: only for this system, in a twelfth of the time.
SYSTEMS ?= all
HOST_ONLY = -e 's/^    goos: .*/    goos: [$(shell $(GO) env GOOS)]/' -e 's/^    goarch: .*/    goarch: ["$(shell $(GO) env GOARCH)"]/'

# The checksums name the manifest as the registry requires; GoReleaser does not write it.
define goreleaser_build
PATH="$(dir $(CYCLONEDX)):$$PATH" $(GORELEASER) release --clean $(1) && \
	sums=$$(ls dist/*_SHA256SUMS) && cp terraform-registry-manifest.json "$${sums%_SHA256SUMS}_manifest.json" && \
	( cd dist && sha256sum --check --quiet --strict ./*_SHA256SUMS )
endef

.PHONY: snapshot
snapshot: $(GORELEASER) $(CYCLONEDX) ## Build the last commit's release into dist/, unsigned; SYSTEMS=host for this system only
	$(call release_clone)
	@sed -e '' $(if $(filter host,$(SYSTEMS)),$(HOST_ONLY)) .goreleaser.yml >$(RELEASE_CLONE)/.goreleaser.yml
	cd $(RELEASE_CLONE) && $(call goreleaser_build,--snapshot)
	@rm -rf dist && mv $(RELEASE_CLONE)/dist dist

.PHONY: release-build
release-build: $(GORELEASER) $(CYCLONEDX) ## Build the release of the tag that is checked out into dist/, unsigned
	$(call goreleaser_build)

.PHONY: vulnerabilities
vulnerabilities: ## Look for known vulnerabilities in what the provider calls; needs the network
	$(GO) run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...

.PHONY: test-release
test-release: ## Install the zip in dist/ from a filesystem mirror, and apply with it
	@$(call with_cli); \
	$(acceptance) HARNESSCI_TEST_DIST=$(CURDIR)/dist \
		$(GO) test $(TESTFLAGS) -count=1 -run 'TestAccRelease' -v ./internal/provider/

.PHONY: recording
recording: ## Record the demo again, for the README
	@$(MAKE) demo DEMOFLAGS='-record internal/dev/demo/demo.svg'
