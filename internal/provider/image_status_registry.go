package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
)

func checkRegistryAttribute() schema.BoolAttribute {
	return schema.BoolAttribute{
		Optional: true,
		MarkdownDescription: "Whether to look up each image in the registry that builds pull it from. This takes " +
			"one request for each, which Docker Hub does not count as a pull. If a registry does not answer within " +
			"3 s, whether it has its images is unknown. Defaults to `false`.",
	}
}

func digestAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Digest of `pulled` in its registry. Null if the image is missing, if the registry " +
			"did not answer, and without `check_registry`.",
	}
}

func missingFieldsAttribute() schema.SetAttribute {
	return schema.SetAttribute{
		Computed:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Fields whose image is known to be missing from the registry that builds pull it " +
			"from, so builds fail. Null without `check_registry`.",
	}
}

func tableAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Markdown table of the status, for a job summary, a pull request comment or an " +
			"output, with the columns field, default, override, pulled, behind, supported and in registry.",
	}
}

// lookUp adds which of the pulled images their registries have, all at once.
func (s *imagesStatus) lookUp(ctx context.Context, run *pulls.Run) {
	s.MissingFields = []string{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for field, image := range maps.Clone(s.Images) {
		if image.Pulled == nil {
			continue
		}
		all.Go(func() {
			found, err := run.Look(ctx, *image.Pulled)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				image.Digest = &found.Digest
				s.Images[field] = image
			case pulls.IsMissing(err):
				s.MissingFields = append(s.MissingFields, field)
			}
		})
	}
	all.Wait()
	slices.Sort(s.MissingFields)
}

// tableHead is the header of the status table.
const tableHead = "| field | default | override | pulled | behind | supported | in registry " +
	"|\n|---|---|---|---|---|---|---|\n"

// markdown returns the status as a Markdown table; a dash means unknown, or none.
func (s *imagesStatus) markdown() string {
	var table strings.Builder
	table.WriteString(tableHead)
	for _, field := range slices.Sorted(maps.Keys(s.Images)) {
		image := s.Images[field]
		behind := "–"
		if image.ReleasesBehind != nil {
			behind = strconv.FormatInt(*image.ReleasesBehind, 10)
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s | %s | %s |\n", field, code(image.Default), code(image.Override), code(image.Pulled),
			behind, yesOrNo(image.Supported), yesOrNo(s.there(field)))
	}
	return table.String()
}

// there returns whether the image of a field is in its registry; nil if unknown.
func (s *imagesStatus) there(field string) *bool {
	if slices.Contains(s.MissingFields, field) {
		return new(false)
	}
	if s.Images[field].Digest != nil {
		return new(true)
	}
	return nil
}

// code shows an image in a cell of a Markdown table.
func code(image *string) string {
	if image == nil {
		return "–"
	}
	return "`" + strings.NewReplacer("|", `\|`, "`", "'").Replace(showImage(*image)) + "`"
}

// yesOrNo shows a boolean in a table; what needs attention is bold.
func yesOrNo(truth *bool) string {
	switch {
	case truth == nil:
		return "–"
	case *truth:
		return "yes"
	}
	return "**no**"
}
