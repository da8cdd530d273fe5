/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schema_cost: what request validation costs: microseconds to judge a body of 10 KB, from its bytes, against a model of 30 properties (texts
 * with lengths and patterns, numbers with bounds, enums, lists of objects), and of the parsing alone; and allocations from the
 * heap in both.
 *
 * usage: schema_cost      (prints lines `NAME VALUE`)
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "appliance/validate/schema.h"
#include "tests/bench/allocations.h"

#define PROPERTIES 30
#define BODY_LEAST_BYTES 10000
#define ROUNDS 21
#define CHECKS 400
#define POOL_BYTES ((size_t)8 << 20)
#define ARENA_BYTES ((size_t)32 << 20)

/* ---- documents ---- */

static void fail(const char *what)
{
	fprintf(stderr, "schema_cost: %s\n", what);
	exit(1);
}

static const char item_schema[] =
	"{\"type\":\"object\",\"required\":[\"sku\",\"quantity\"],\"properties\":{\"sku\":{\"type\":\"string\"},"
	"\"quantity\":{\"type\":\"integer\",\"minimum\":1},\"price\":{\"type\":\"number\"},\"note\":{\"type\":"
	"\"string\"}}}";

/* A kind in turn for each property, and a value of that kind. */
static const char *const kinds[] = {
	"{\"type\":\"string\",\"minLength\":1,\"maxLength\":200}",
	"{\"type\":\"integer\",\"minimum\":0,\"maximum\":100000}",
	"{\"type\":\"number\",\"minimum\":-1.5,\"maximum\":1e6}",
	"{\"type\":\"string\",\"pattern\":\"^[A-Z]{3}-[0-9]+$\"}",
	"{\"type\":\"string\",\"enum\":[\"new\",\"open\",\"closed\",\"paid\"]}",
	NULL,
};
static const char *const values[] = { "\"some text that says a little, as texts in bodies do, and then ends\"", "3700",
	"12.25", "\"ABC-1234\"", "\"paid\"", NULL };
#define KINDS (sizeof kinds / sizeof *kinds)

static void write_schema(struct buffer *ret)
{
	buffer_append_text(
		ret, "{\"type\":\"object\",\"required\":[\"property0\",\"property1\",\"property2\"],\"properties\":{");
	for (size_t i = 0; i < PROPERTIES; i++) {
		buffer_printf(ret, "%s\"property%zu\":", i ? "," : "", i);
		if (kinds[i % KINDS])
			buffer_append_text(ret, kinds[i % KINDS]);
		else
			buffer_printf(ret, "{\"type\":\"array\",\"items\":%s}", item_schema);
	}
	buffer_append_text(ret, "}}");
}

/* Lists are as long as it takes. */
static void write_body(struct buffer *ret, size_t items)
{
	buffer_append_byte(ret, '{');
	for (size_t i = 0; i < PROPERTIES; i++) {
		buffer_printf(ret, "%s\"property%zu\": ", i ? ", " : "", i);
		if (values[i % KINDS]) {
			buffer_append_text(ret, values[i % KINDS]);
			continue;
		}
		buffer_append_byte(ret, '[');
		for (size_t k = 0; k < items; k++)
			buffer_printf(ret,
				"%s{\"sku\": \"ABC-%zu\", \"quantity\": %zu, \"price\": 9.99, \"note\": "
				"\"a note that is a bit longer\"}",
				k ? ", " : "", k, k + 1);
		buffer_append_byte(ret, ']');
	}
	buffer_append_byte(ret, '}');
}

static struct view make_body(struct buffer *buffer)
{
	for (size_t items = 1; buffer->count < BODY_LEAST_BYTES; items++) {
		buffer_reset(buffer);
		write_body(buffer, items);
	}
	return buffer_view(buffer);
}

/* ---- the measurement ---- */

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

struct work {
	struct arena_pool pool;
	struct pattern_scratch *scratch;
	const struct schema *schema; /* NULL: parse only */
	struct view body;
};

static void judge(struct work *work)
{
	struct json_value value;
	struct arena arena;

	arena_init(&arena, &work->pool, ARENA_BYTES);
	if (json_value_parse(&arena, work->body, NULL, &value, NULL))
		fail("the body is no JSON");
	if (work->schema && schema_check(work->schema, &value, &arena, work->scratch, NULL, NULL) != 1)
		fail("the body is not valid");
	arena_fini(&arena);
}

/* The median of rounds. */
static double measure(struct work *work)
{
	double rounds[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		double begun = now_us(), taken;
		size_t place = i;

		for (size_t k = 0; k < CHECKS; k++)
			judge(work);
		taken = (now_us() - begun) / CHECKS;
		for (; place > 0 && rounds[place - 1] > taken; place--)
			rounds[place] = rounds[place - 1];
		rounds[place] = taken;
	}
	return rounds[ROUNDS / 2];
}

int main(void)
{
	struct buffer schema_text, body;
	struct json_value schema_json;
	struct schema *schema = NULL;
	struct work work = { .scratch = pattern_scratch_new() };
	struct schema_error why;
	struct arena arena;
	unsigned long before, made;
	double parse_us, both_us;

	arena_init(&arena, NULL, ARENA_BYTES);
	buffer_init(&schema_text, ARENA_BYTES);
	buffer_init(&body, ARENA_BYTES);
	write_schema(&schema_text);
	work.body = make_body(&body);
	if (!work.scratch || json_value_parse(&arena, buffer_view(&schema_text), NULL, &schema_json, NULL) ||
		schema_compile(&arena, &schema_json, NULL, NULL, &schema, &why))
		fail("the model does not compile");
	arena_pool_init(&work.pool, POOL_BYTES);
	judge(&work);
	before = allocation_count;
	parse_us = measure(&work);
	work.schema = schema;
	both_us = measure(&work);
	made = allocation_count - before;
	printf("schema_parse_us %.2f\nschema_us %.2f\nschema_allocations %lu\n", parse_us, both_us, made);
	return 0;
}
