/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imported: a document imported over an API, and looks into what became of it. Documents and expectations are JSON or YAML. */
#ifndef POSTERN_TESTS_UNIT_OPENAPI_IMPORTED_H
#define POSTERN_TESTS_UNIT_OPENAPI_IMPORTED_H

#include "tests/unit/support.h"

#include <errno.h>
#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/base/yaml.h"
#include "appliance/openapi/import.h"

static const struct openapi_options overwrite = { .account_id = VIEW_INIT("000000000000"),
	.region = VIEW_INIT("us-east-1") };

struct outcome {
	int result;
	struct json *definition, *warnings;
	struct openapi_failure failure;
};

static inline struct json *tree(const char *text)
{
	struct json *value;

	assert_int_equal(0, yaml_parse(view_from_text(text), NULL, &value, NULL));
	return value;
}

/* An API as it is right after it was made. */
static inline struct json *fresh(void)
{
	return tree("{\"restApi\":{\"id\":\"abcde12345\",\"name\":\"old\",\"rootResourceId\":\"root567890\","
		    "\"endpointConfiguration\":{\"types\":[\"PRIVATE\"]}},"
		    "\"resources\":[{\"id\":\"root567890\",\"path\":\"/\"}]}");
}

static inline struct outcome import_over(
	const struct json *existing, const char *text, const struct openapi_options *options)
{
	struct outcome outcome = { 0 };
	size_t count = strlen(text);

	outcome.result = openapi_import(&outcome.definition, &outcome.warnings, &outcome.failure, existing,
		view_from(at_page_end(text, count), count), options);
	return outcome;
}

static inline struct outcome import(const char *text, const struct openapi_options *options)
{
	struct json JSON_CLEANUP *existing = fresh();

	return import_over(existing, text, options);
}

static inline void outcome_fini(struct outcome *outcome)
{
	json_free(outcome->definition);
	json_free(outcome->warnings);
	openapi_failure_fini(&outcome->failure);
}

static inline struct outcome good(const char *text, const struct openapi_options *options)
{
	struct outcome outcome = import(text, options);

	if (outcome.result != 0)
		fail_msg("%s %s", outcome.failure.message, outcome.failure.detail ? outcome.failure.detail : "");
	return outcome;
}

static inline struct json *resource(const struct outcome *outcome, const char *path)
{
	struct json *resources = json_find(outcome->definition, "resources");

	for (size_t i = 0; i < json_count(resources); i++) {
		if (view_equals_text(json_find_text(json_at(resources, i), "path"), path))
			return json_at(resources, i);
	}
	return NULL;
}

static inline struct json *method(const struct outcome *outcome, const char *path, const char *verb)
{
	return json_find(json_find(resource(outcome, path), "resourceMethods"), verb);
}

static inline struct json *item(const struct outcome *outcome, const char *list, const char *member, const char *text)
{
	struct json *items = json_find(outcome->definition, list);

	for (size_t i = 0; i < json_count(items); i++) {
		if (view_equals_text(json_find_text(json_at(items, i), member), text))
			return json_at(items, i);
	}
	return NULL;
}

static inline void assert_json(const char *expected, const struct json *value)
{
	struct json JSON_CLEANUP *wanted = tree(expected);

	if (!value || !json_equals(wanted, value)) {
		char *text = json_print_text(value);

		fail_msg("%s\nexpected %s", text, expected);
		free(text);
	}
}

#endif
