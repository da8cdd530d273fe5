/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of wire/invoke: questions and answers survive the way; nothing else is taken for one. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/wire/invoke.h"

static const struct invoke_pair fields[] = { { VIEW_INIT("A"), VIEW_INIT("1") }, { VIEW_INIT("A"), VIEW_INIT("") } };
static const struct invoke_pair variables[] = { { VIEW_INIT("stage"), VIEW_INIT("\xff\n") } };

static const struct invoke_question question = {
	.kind = INVOKE_METHOD,
	.has_path = 1,
	.rest_api_id = VIEW_INIT("a1b2c3d4e5"),
	.part_id = VIEW_INIT("r00t"),
	.http_method = VIEW_INIT("GET"),
	.path = VIEW_INIT("/pets/1?x=y"),
	.body = VIEW_INIT("{}"),
	.client_certificate_id = VIEW_INIT("abc123"),
	.fields = { fields, 2 },
	.variables = { variables, 1 },
};

static const struct invoke_answer answer = {
	.outcome = INVOKE_RAN,
	.status = 200,
	.latency_ms = 12,
	.body = VIEW_INIT("a body"),
	.log = VIEW_INIT("line\n"),
	.fields = { fields, 2 },
};

static struct buffer written(void (*write)(struct buffer *))
{
	struct buffer buffer;

	buffer_init(&buffer, INVOKE_MESSAGE_MAX_BYTES);
	write(&buffer);
	assert_int_equal(0, buffer_error(&buffer));
	return buffer;
}

static void write_question(struct buffer *buffer)
{
	invoke_write_question(buffer, &question);
}

static void write_answer(struct buffer *buffer)
{
	invoke_write_answer(buffer, &answer);
}

static void assert_view(struct view expected, struct view view)
{
	assert_true(view_equals(expected, view));
}

static void a_question_survives_the_way(void **state)
{
	struct buffer buffer = written(write_question);
	struct invoke_question read;
	struct arena arena;

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	assert_int_equal(buffer.count, invoke_message_bytes(buffer_view(&buffer)));
	assert_int_equal(0, invoke_read_question(&read, buffer_view(&buffer), &arena));
	assert_int_equal(INVOKE_METHOD, read.kind);
	assert_int_equal(1, read.has_path);
	assert_view(question.rest_api_id, read.rest_api_id);
	assert_view(question.part_id, read.part_id);
	assert_view(question.http_method, read.http_method);
	assert_view(question.path, read.path);
	assert_view(question.body, read.body);
	assert_view(question.client_certificate_id, read.client_certificate_id);
	assert_int_equal(2, read.fields.count);
	assert_view(fields[0].value, read.fields.at[0].value);
	assert_view(fields[1].name, read.fields.at[1].name);
	assert_view(fields[1].value, read.fields.at[1].value);
	assert_int_equal(1, read.variables.count);
	assert_view(variables[0].value, read.variables.at[0].value);
	assert_int_equal(0, read.context.count);
	arena_fini(&arena);
	buffer_fini(&buffer);
}

static void an_answer_survives_the_way(void **state)
{
	struct buffer buffer = written(write_answer);
	struct invoke_answer read;
	struct arena arena;

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	assert_int_equal(0, invoke_read_answer(&read, buffer_view(&buffer), &arena));
	assert_int_equal(INVOKE_RAN, read.outcome);
	assert_int_equal(200, read.status);
	assert_int_equal(12, read.latency_ms);
	assert_view(answer.body, read.body);
	assert_view(answer.log, read.log);
	assert_int_equal(2, read.fields.count);
	arena_fini(&arena);
	buffer_fini(&buffer);
}

/* Every beginning of a message, with a header that says that it is whole: no read goes past its end. */
static void no_beginning_is_a_message(void **state)
{
	struct buffer both[] = { written(write_question), written(write_answer) };
	struct arena arena;

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	for (size_t kind = 0; kind < 2; kind++) {
		for (size_t count = 0; count < both[kind].count; count++) {
			char *bytes = at_page_end(both[kind].at, count);
			struct invoke_header header = { INVOKE_VERSION, 0 };
			struct invoke_question read;
			struct invoke_answer told;

			assert_int_equal(count < sizeof header ? 0 : both[kind].count,
				invoke_message_bytes(view_from(bytes, count)));
			if (count >= sizeof header) {
				header.bytes = (uint32_t)(count - sizeof header);
				memcpy(bytes, &header, sizeof header);
			}
			assert_int_equal(-EPROTO, invoke_read_question(&read, view_from(bytes, count), &arena));
			assert_int_equal(-EPROTO, invoke_read_answer(&told, view_from(bytes, count), &arena));
		}
		buffer_fini(&both[kind]);
	}
	arena_fini(&arena);
}

/* Every byte of a message set to the worst: what is read lies within it. */
static void damage_is_refused_or_harmless(void **state)
{
	struct buffer buffer = written(write_question);
	struct arena arena;

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	for (size_t i = sizeof(struct invoke_header); i < buffer.count; i++) {
		char *bytes = at_page_end(buffer.at, buffer.count);
		struct invoke_question read;

		bytes[i] = (char)0xff;
		if (invoke_read_question(&read, view_from(bytes, buffer.count), &arena) == 0)
			assert_true(read.body.at >= bytes && read.body.at + read.body.count <= bytes + buffer.count);
	}
	arena_fini(&arena);
	buffer_fini(&buffer);
}

static void foreign_headers_are_refused(void **state)
{
	const struct invoke_header other = { INVOKE_VERSION + 1, 0 },
				   large = { INVOKE_VERSION, INVOKE_MESSAGE_MAX_BYTES };

	(void)state;
	assert_int_equal(-EPROTO, invoke_message_bytes(view_from(&other, sizeof other)));
	assert_int_equal(-EPROTO, invoke_message_bytes(view_from(&large, sizeof large)));
}

static void values_out_of_range_are_refused(void **state)
{
	static const struct invoke_answer wrong[] = {
		{ .outcome = 0, .status = 200 },
		{ .outcome = INVOKE_REFUSED + 1, .status = 200 },
		{ .outcome = INVOKE_RAN, .status = 99 },
		{ .outcome = INVOKE_RAN, .status = 600 },
		{ .outcome = INVOKE_RAN, .status = 200, .spare = 1 },
	};
	struct invoke_question strange = question, many = question;
	struct invoke_question read;
	struct invoke_answer told;
	struct buffer buffer;
	struct arena arena;

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		buffer_init(&buffer, 1 << 16);
		invoke_write_answer(&buffer, &wrong[i]);
		assert_int_equal(-EPROTO, invoke_read_answer(&told, buffer_view(&buffer), &arena));
		buffer_fini(&buffer);
	}
	strange.kind = 3;
	buffer_init(&buffer, 1 << 16);
	invoke_write_question(&buffer, &strange);
	assert_int_equal(-EPROTO, invoke_read_question(&read, buffer_view(&buffer), &arena));
	buffer_fini(&buffer);
	many.fields.at = calloc(INVOKE_PAIRS_MAX + 1, sizeof *many.fields.at);
	many.fields.count = INVOKE_PAIRS_MAX + 1;
	assert_non_null(many.fields.at);
	buffer_init(&buffer, 1 << 16);
	invoke_write_question(&buffer, &many);
	assert_int_equal(-EPROTO, invoke_read_question(&read, buffer_view(&buffer), &arena));
	buffer_fini(&buffer);
	free((void *)(uintptr_t)many.fields.at);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_survives_the_way),
		cmocka_unit_test(an_answer_survives_the_way),
		cmocka_unit_test(no_beginning_is_a_message),
		cmocka_unit_test(damage_is_refused_or_harmless),
		cmocka_unit_test(foreign_headers_are_refused),
		cmocka_unit_test(values_out_of_range_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
