// Terraform-provider-harnessci manages the images that Harness CI, IaCM and IDP run builds with.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/harnessci/terraform-provider-harnessci/internal/provider"
)

// address is where the provider is published; configurations name it as "harnessci/harnessci".
const address = "registry.terraform.io/harnessci/harnessci"

// version is set by the linker (-X main.version=1.2.3), so it must stay a variable.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "run as a server that a debugger can attach to")
	flag.Parse()

	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address:         address,
		Debug:           *debug,
		ProtocolVersion: 6,
	})
	if err != nil {
		log.Fatal(err)
	}
}
