/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of integrate/lambda_answer: what functions return, and what becomes of it. Rows: spec/rest-dataplane.md 12. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/buffer.h"
#include "appliance/integrate/lambda_answer.h"

#define ROOM_BYTES ((size_t)32 << 20)

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, NULL, ROOM_BYTES);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static struct view edge(const char *text)
{
	return view_from(at_page_end(text, strlen(text)), strlen(text));
}

static struct lambda_answer answer_of(const char *json)
{
	struct lambda_answer answer;

	assert_int_equal(0, lambda_answer_parse(&arena, edge(json), 0, &answer));
	return answer;
}

/* The fields in a line: "name: value; name: value". */
static const char *fields_of(const struct lambda_answer *answer)
{
	static char line[1024];
	size_t at = 0;

	line[0] = '\0';
	for (size_t i = 0; i < answer->field_count; i++)
		at += (size_t)snprintf(line + at, sizeof line - at, "%s" VIEW_FMT ": " VIEW_FMT, i ? "; " : "",
			VIEW_ARG(answer->fields[i].name), VIEW_ARG(answer->fields[i].value));
	return line;
}

#define JSON_TYPE "Content-Type: application/json"

static void all_members_may_be_missing_or_null(void **state)
{
	static const char *const answers[] = { "{}", "{\"statusCode\":200}", "{\"headers\":null}", " {} ",
		("{\"statusCode\":null,\"headers\":null,\"multiValueHeaders\":null,\"body\":null,"
		 "\"isBase64Encoded\":null}") };

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct lambda_answer answer = answer_of(answers[i]);

		assert_int_equal(200, answer.status);
		assert_int_equal(0, answer.body.count);
		assert_false(answer.is_base64);
		assert_string_equal(JSON_TYPE, fields_of(&answer));
	}
}

static void a_status_may_be_text(void **state)
{
	(void)state;
	assert_int_equal(201, answer_of("{\"statusCode\":\"201\"}").status);
	assert_int_equal(599, answer_of("{\"statusCode\":599}").status);
}

static void what_is_malformed_is_refused(void **state)
{
	static const char *const answers[] = {
		"",
		"null",
		"[]",
		"\"justAString\"",
		"{\"statusCode\":200",
		"{\"statusCode\":\"test\"}",
		"{\"statusCode\":\"\"}",
		"{\"statusCode\":true}",
		"{\"statusCode\":[200]}",
		"{\"statusCode\":200.5}",
		"{\"statusCode\":99}",
		"{\"statusCode\":-200}",
		"{\"statusCode\":600}",
		"{\"statusCode\":99999999999999999999}",
		"{\"statusCode\":200,\"wrongValue\":\"v\"}",
		"{\"cookies\":[]}",
		"{\"body\":{\"a\":1}}",
		"{\"body\":1}",
		"{\"headers\":[]}",
		"{\"headers\":\"a\"}",
		"{\"headers\":{\"a\":{}}}",
		"{\"headers\":{\"a b\":\"c\"}}",
		"{\"headers\":{\"\":\"c\"}}",
		"{\"headers\":{\"a\":\"b\\r\\nSet-Cookie: c\"}}",
		"{\"headers\":{\"a\":\"b\\u0000\"}}",
		"{\"multiValueHeaders\":[]}",
		"{\"multiValueHeaders\":{\"a\":\"v1\"}}",
		"{\"multiValueHeaders\":{\"a\":[[]]}}",
		"{\"isBase64Encoded\":\"yes\"}",
		"{\"isBase64Encoded\":1}",
	};
	struct lambda_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		if (lambda_answer_parse(&arena, edge(answers[i]), 0, &answer) != -EBADMSG)
			fail_msg("%s was taken", answers[i]);
	}
}

static void values_of_fields_become_text(void **state)
{
	struct lambda_answer answer =
		answer_of("{\"headers\":{\"a\":true,\"b\":false,\"c\":1.50,\"d\":\" x \",\"e\":null,\"f\":\"\"}}");

	(void)state;
	assert_string_equal("a: true; b: false; c: 1.50; d: x; f: ; " JSON_TYPE, fields_of(&answer));
}

static void both_kinds_of_headers_are_kept(void **state)
{
	struct lambda_answer answer =
		answer_of("{\"headers\":{\"test-multi\":\"s\",\"content-type\":\"text/plain\"},"
			  "\"multiValueHeaders\":{\"tesT-Multi\":[\"m\"],\"a\":[\"v1\",\"v2\"]}}");

	(void)state;
	assert_string_equal("tesT-Multi: m; a: v1; a: v2; tesT-Multi: s; content-type: text/plain", fields_of(&answer));
}

static void fields_of_the_connection_are_renamed_or_dropped(void **state)
{
	struct lambda_answer answer =
		answer_of("{\"headers\":{\"Connection\":\"close\",\"content-length\":\"5\",\"Date\":"
			  "\"d\",\"Server\":\"s\",\"Transfer-Encoding\":\"chunked\"}}");

	(void)state;
	assert_string_equal("x-amzn-Remapped-Connection: close; x-amzn-Remapped-content-length: 5; "
			    "x-amzn-Remapped-Date: d; x-amzn-Remapped-Server: s; " JSON_TYPE,
		fields_of(&answer));
}

static void there_is_room_for_more_fields(void **state)
{
	struct lambda_answer answer;

	(void)state;
	assert_int_equal(0, lambda_answer_parse(&arena, view_of("{\"headers\":{\"a\":\"b\"}}"), 4, &answer));
	assert_int_equal(2, answer.field_count);
	for (size_t i = 0; i < 4; i++)
		answer.fields[answer.field_count++] =
			(struct http_field){ .name = view_of("x"), .value = view_of("y") };
	assert_string_equal("a: b; " JSON_TYPE "; x: y; x: y; x: y; x: y", fields_of(&answer));
}

static void too_many_fields_are_refused(void **state)
{
	struct lambda_answer answer;
	struct buffer json;

	(void)state;
	for (int more = 0; more < 2; more++) {
		buffer_init(&json, 65536);
		buffer_append_text(&json, "{\"multiValueHeaders\":{\"a\":[1");
		for (int i = 1; i < LAMBDA_ANSWER_FIELDS_MAX_COUNT + more; i++)
			buffer_append_text(&json, ",1");
		buffer_append_text(&json, "]}}");
		assert_int_equal(more ? -EBADMSG : 0, lambda_answer_parse(&arena, buffer_view(&json), 0, &answer));
		buffer_fini(&json);
	}
}

static void long_answers_are_refused(void **state)
{
	char *json = malloc(LAMBDA_ANSWER_MAX_BYTES + 1);
	struct lambda_answer answer;

	(void)state;
	assert_non_null(json);
	memset(json, ' ', LAMBDA_ANSWER_MAX_BYTES + 1);
	memcpy(json, "{}", 2);
	assert_int_equal(0, lambda_answer_parse(&arena, view_from(json, LAMBDA_ANSWER_MAX_BYTES), 0, &answer));
	assert_int_equal(
		-EBADMSG, lambda_answer_parse(&arena, view_from(json, LAMBDA_ANSWER_MAX_BYTES + 1), 0, &answer));
	free(json);
}

static void base64_is_decoded_for_clients_that_accept_binary(void **state)
{
	struct lambda_answer answer = answer_of("{\"body\":\"aGVsbG8=\",\"isBase64Encoded\":true}");
	struct lambda_answer text = answer_of("{\"body\":\"aGVsbG8=\",\"isBase64Encoded\":false}");
	struct lambda_answer broken = answer_of("{\"body\":\"a?\",\"isBase64Encoded\":\"true\"}");
	struct lambda_answer empty = answer_of("{\"isBase64Encoded\":true}");
	struct view body;

	(void)state;
	assert_int_equal(0, lambda_answer_body(&arena, &answer, true, &body));
	assert_true(view_equals_text(body, "hello"));
	assert_int_equal(0, lambda_answer_body(&arena, &answer, false, &body));
	assert_true(view_equals_text(body, "aGVsbG8="));
	assert_int_equal(0, lambda_answer_body(&arena, &text, true, &body));
	assert_true(view_equals_text(body, "aGVsbG8="));
	assert_int_equal(-EBADMSG, lambda_answer_body(&arena, &broken, true, &body));
	assert_int_equal(0, lambda_answer_body(&arena, &broken, false, &body));
	assert_int_equal(0, lambda_answer_body(&arena, &empty, true, &body));
	assert_int_equal(0, body.count);
}

static void metadata_have_cookies_and_no_body(void **state)
{
	struct lambda_answer answer;

	(void)state;
	assert_int_equal(
		0, lambda_answer_parse_metadata(&arena,
			   view_of("{\"statusCode\":201,\"headers\":{\"x-a\":\"b\"},\"cookies\":[\"c=1\",\"d=2\"]}"), 0,
			   &answer));
	assert_int_equal(201, answer.status);
	assert_string_equal("x-a: b; Set-Cookie: c=1; Set-Cookie: d=2; " JSON_TYPE, fields_of(&answer));
	assert_int_equal(-EBADMSG, lambda_answer_parse_metadata(&arena, view_of("{\"body\":\"\"}"), 0, &answer));
	assert_int_equal(-EBADMSG, lambda_answer_parse_metadata(&arena, view_of("{\"cookies\":\"a\"}"), 0, &answer));
	assert_int_equal(
		-EBADMSG, lambda_answer_parse_metadata(&arena, view_of("{\"cookies\":{\"a\":\"b\"}}"), 0, &answer));
}

static void errors_have_a_message(void **state)
{
	static const struct {
		const char *json, *message;
	} cases[] = {
		{ "{\"errorMessage\":\"Raising four hundred\",\"errorType\":\"Exception\"}", "Raising four hundred" },
		{ "{\"errorMessage\":\"{\\\"a\\\":1}\"}", "{\"a\":1}" },
		{ "{\"errorMessage\":5}", "" },
		{ "{\"message\":\"x\"}", "" },
		{ "\"Pass\"", "" },
		{ "null", "" },
		{ "", "" },
		{ "no JSON", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_true(
			view_equals_text(lambda_answer_error_message(&arena, edge(cases[i].json)), cases[i].message));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(all_members_may_be_missing_or_null),
		TEST(a_status_may_be_text),
		TEST(what_is_malformed_is_refused),
		TEST(values_of_fields_become_text),
		TEST(both_kinds_of_headers_are_kept),
		TEST(fields_of_the_connection_are_renamed_or_dropped),
		TEST(there_is_room_for_more_fields),
		TEST(too_many_fields_are_refused),
		TEST(long_answers_are_refused),
		TEST(base64_is_decoded_for_clients_that_accept_binary),
		TEST(metadata_have_cookies_and_no_body),
		TEST(errors_have_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
