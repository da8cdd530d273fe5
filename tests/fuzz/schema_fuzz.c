/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A schema, a newline and a value. What the parser of values accepts is what the scanner accepts, but for names given twice, and what is
 * written of it is equal to it. A schema that compiles judges the value; with and without a report it says the same; it lets through what it
 * refers to itself for, and the report is bounded.
 */
#include <stdint.h>
#include <string.h>

#include <errno.h>

#include "appliance/base/assert.h"
#include "appliance/validate/schema.h"

#define MEMORY_MAX_BYTES ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Slow schemas are the business of the limits' tests. */
static const struct schema_limits limits = {
	.max_depth = SCHEMA_MAX_DEPTH, .max_steps = 20000, .max_report_bytes = SCHEMA_MAX_REPORT_BYTES
};

static bool parse(struct arena *arena, struct view text, struct json_value *ret)
{
	int error = json_value_parse(arena, text, NULL, ret, NULL), expected = json_check(text, NULL, NULL);
	struct json_value again;
	struct buffer written;

	ASSERT(expected == error || (expected == -EEXIST && (error == 0 || error == -EBADMSG || error == -EMSGSIZE)));
	if (error)
		return false;
	buffer_init_arena(&written, arena, MEMORY_MAX_BYTES);
	json_value_write(&written, ret);
	ASSERT(buffer_error(&written) == 0);
	ASSERT(json_value_parse(arena, buffer_view(&written), NULL, &again, NULL) == 0);
	ASSERT(json_value_equals(ret, &again) && json_value_hash(ret) == json_value_hash(&again));
	return true;
}

static const struct json_value *resolve(void *schema, struct view url)
{
	return view_equals_text(url, "m") ? schema : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pattern_scratch *scratch;
	struct json_value schema_json, value;
	struct schema_error why;
	struct schema *schema = NULL;
	struct view left, right;
	struct buffer report;
	struct arena arena;

	if (!scratch)
		scratch = pattern_scratch_new();
	arena_init(&arena, NULL, MEMORY_MAX_BYTES);
	view_cut(view_from(data, size), '\n', &left, &right);
	if (parse(&arena, left, &schema_json) &&
		schema_compile(&arena, &schema_json, resolve, &schema_json, &schema, &why) == 0 &&
		parse(&arena, right, &value)) {
		int plain = schema_check(schema, &value, &arena, scratch, &limits, NULL);

		buffer_init_arena(&report, &arena, SCHEMA_MAX_REPORT_BYTES + 2);
		ASSERT(schema_check(schema, &value, &arena, scratch, &limits, &report) == plain);
		ASSERT(buffer_error(&report) == 0 && (plain == 1) == (report.count == 0));
		ASSERT(plain != 0 || report.count > 2);
	}
	schema_fini(schema);
	arena_fini(&arena);
	return 0;
}
