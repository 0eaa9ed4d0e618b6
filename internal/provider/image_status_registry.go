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
)

func checkRegistryAttribute() schema.BoolAttribute {
	return schema.BoolAttribute{
		Optional: true,
		MarkdownDescription: "Whether to look up each image in the registry that builds pull it from, with one request that " +
			"Docker Hub does not count as a pull. If a registry does not answer within 3 s, its images are unknown. Defaults " +
			"to `false`.",
	}
}

func digestAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Digest of `pulled` in its registry. Null if the image is not there, if the registry did not " +
			"say, and without `check_registry`.",
	}
}

func missingFieldsAttribute() schema.SetAttribute {
	return schema.SetAttribute{
		Computed:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Fields whose image is definitely missing from the registry that builds pull it from, so builds " +
			"fail. Null without `check_registry`.",
	}
}

func tableAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "The status as a Markdown table, for a job summary, a pull request comment or an output. Its " +
			"columns are field, default, override, pulled, behind, supported and in registry.",
	}
}

// lookUp adds what registries have of what builds pull, all at once.
func (s *imagesStatus) lookUp(ctx context.Context, registries *registries) {
	s.MissingFields = []string{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for field, image := range maps.Clone(s.Images) {
		if image.Pulled == nil {
			continue
		}
		all.Go(func() {
			found, err := registries.lookUp(ctx, *image.Pulled)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				image.Digest = &found.Digest
				s.Images[field] = image
			case isAbsent(err):
				s.MissingFields = append(s.MissingFields, field)
			}
		})
	}
	all.Wait()
	slices.Sort(s.MissingFields)
}

// tableHead is the head of the table of a status.
const tableHead = "| field | default | override | pulled | behind | supported | in registry " +
	"|\n|---|---|---|---|---|---|---|\n"

// markdown returns the status as a Markdown table; a dash stands for what is not known, or not there.
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

// there returns whether the image of a field is in its registry; nil where that is not known.
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

// yesOrNo shows a truth in a table, what wants attention in bold.
func yesOrNo(truth *bool) string {
	switch {
	case truth == nil:
		return "–"
	case *truth:
		return "yes"
	}
	return "**no**"
}
