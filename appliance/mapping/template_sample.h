/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * template_sample: what a template sees, given as JSON: for trying templates out (`postern template render`) and for tests.
 *
 * The JSON is an object of variables by name. Four of them are special:
 *
 *	"@input": {"body": "…", "params": {"path": {…}, "querystring": {…}, "header": {…}}}   makes $input and $util
 *	"context": {…}          $context; requestOverride and responseOverride in it are what the overrides begin with
 *	"stageVariables": {…}   $stageVariables
 *
 * A parameter's value is a text, or a list of texts of which the last one counts. Every other member is a variable of that
 * name, with Java's plain lists and maps.
 *
 * Life cycle: template_sample_load() fills a struct that points into the JSON and the arena; template_sample_run() any number of
 * times. Threads: one.
 */
#ifndef POSTERN_MAPPING_TEMPLATE_SAMPLE_H
#define POSTERN_MAPPING_TEMPLATE_SAMPLE_H

#include "appliance/base/json_value.h"
#include "appliance/mapping/template.h"

struct template_sample {
	struct template_source source;
	struct view body;
	const struct json_value *parameters[TEMPLATE_PLACE_COUNT];
	const struct json_value *context;
	const struct json_value *stage_variables;
	struct template_preset *presets;
	size_t preset_count;
	struct template_overrides overrides;
};

/*
 * Make a sample of `variables`, a JSON object (NULL or null: none). Returns 0; -EINVAL with the rule in `*ret_rule`; -ENOMEM. The JSON and
 * the arena must outlive the sample.
 */
int template_sample_load(struct template_sample *ret, struct arena *arena, const struct json_value *variables,
	const char **ret_rule) __attribute__((warn_unused_result));

/*
 * The same of an event as API Gateway hands it to a Lambda function (proxy integration): body, headers, queryStringParameters,
 * pathParameters, stageVariables, requestContext; multiValueHeaders and multiValueQueryStringParameters if they stand alone, of which the last
 * values count. A body that is no text is one in JSON; isBase64Encoded is the caller's affair. $input, $context and $stageVariables are
 * always there.
 */
int template_sample_load_event(struct template_sample *ret, struct arena *arena, const struct json_value *event,
	const char **ret_rule) __attribute__((warn_unused_result));

/* Prepare `run` to render with the sample. */
void template_sample_run(struct template_sample *sample, struct template_run *run, struct arena *arena,
	struct pattern_scratch *patterns);

/* Append the overrides as a JSON object: {"requestOverride": {…}, "responseOverride": {…}}. As value_write_json(). */
int template_sample_write_overrides(struct template_sample *sample, struct template_run *run, struct buffer *out)
	__attribute__((warn_unused_result));

#endif
