package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

// Functions returns the constructors of the functions. They may run before Configure, so they are pure.
func (p *harnessProvider) Functions(context.Context) []func() function.Function {
	return functions()
}

func functions() []func() function.Function {
	return []func() function.Function{
		newParseImageFunction,
		newMirrorImageFunction,
		newReleasesBehindFunction,
		newPulledImageFunction,
	}
}

// imageArgument checks that the argument at a position is an image reference, and reads it.
func imageArgument(position int64, ref string) (imageref.Image, *function.FuncError) {
	image, err := imageref.Parse(ref)
	if err != nil {
		return imageref.Image{}, function.NewArgumentFuncError(position, err.Error())
	}
	return image, nil
}
