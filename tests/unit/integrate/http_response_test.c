/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of integrate/http_response: what the client of an HTTP_PROXY method sees of the back end's fields. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/integrate/http_response.h"

static struct arena arena;
static struct http1_head head;
static struct http1_header headers[HTTP1_HEADERS_MAX_COUNT];
static const struct http1_limits limits = { 8192, 32768 };

static void parse(const char *response, bool is_head)
{
	size_t consumed;

	http1_head_init(&head, headers, HTTP1_HEADERS_MAX_COUNT);
	assert_int_equal(HTTP1_OK, http1_parse_response(&head, at_page_end(response, strlen(response)),
					   strlen(response), &limits, is_head, &consumed));
}

/* The fields as one text. */
static const char *fields_of(const char *response)
{
	struct http_field *fields;
	static char text[4096];
	size_t count, at = 0;

	parse(response, false);
	arena_init(&arena, NULL, 1 << 20);
	assert_int_equal(0, http_response_fields(&arena, &head, 3, &fields, &count));
	for (size_t i = 0; i < count; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, VIEW_FMT ": " VIEW_FMT "\n",
			VIEW_ARG(fields[i].name), VIEW_ARG(fields[i].value));
	text[at] = '\0';
	for (size_t i = 0; i < 3; i++)
		fields[count + i] = (struct http_field){ 0 }; /* the extra room is there */
	arena_fini(&arena);
	return text;
}

static void fields_are_passed_renamed_or_dropped(void **state)
{
	(void)state;
	assert_string_equal(
		"x-amzn-Remapped-Server: nginx\nx-amzn-Remapped-date: today\nContent-Type: text/html\n"
		"x-amzn-Remapped-Content-Length: 5\nx-amzn-Remapped-Connection: keep-alive\nETag: \"1\"\nSet-Cookie: "
		"a=1\nSet-Cookie: b=2\n"
		"x-amzn-Remapped-WWW-Authenticate: Basic\nx-amzn-Remapped-x-amzn-RequestId: 7\nX-Amzn-Trace-Id: t\n",
		fields_of("HTTP/1.1 200 OK\r\nServer: nginx\r\ndate: today\r\nContent-Type: "
			  "text/html\r\nContent-Length: 5\r\nConnection: keep-alive\r\n"
			  "Keep-Alive: timeout=5\r\nETag: \"1\"\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nVia: 1.1 "
			  "x\r\nContent-Encoding: gzip\r\n"
			  "WWW-Authenticate: Basic\r\nx-amzn-RequestId: 7\r\nX-Amzn-Trace-Id: t\r\nTrailer: "
			  "x\r\nUpgrade: h2c\r\n\r\n"));
}

static void transfer_encoding_is_dropped_and_a_type_added(void **state)
{
	(void)state;
	assert_string_equal(
		"Content-Type: application/json\n", fields_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
}

static void fields_that_connection_names_are_dropped(void **state)
{
	(void)state;
	assert_string_equal("x-amzn-Remapped-Connection: X-Secret\nContent-Type: application/json\n",
		fields_of("HTTP/1.1 200 OK\r\nConnection: X-Secret\r\nX-Secret: 1\r\nContent-Encoding: br\r\n\r\n"));
}

static void lengths_are_known_or_not(void **state)
{
	(void)state;
	parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false);
	assert_int_equal(5, http_response_length(&head, false));
	parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false);
	assert_int_equal(HTTP_LENGTH_UNKNOWN, http_response_length(&head, false));
	parse("HTTP/1.1 200 OK\r\n\r\n", false);
	assert_int_equal(HTTP_LENGTH_UNKNOWN, http_response_length(&head, false));
	parse("HTTP/1.1 204 No Content\r\n\r\n", false);
	assert_int_equal(0, http_response_length(&head, false));
	parse("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", true);
	assert_int_equal(500, http_response_length(&head, true));
	parse("HTTP/1.1 200 OK\r\n\r\n", true);
	assert_int_equal(HTTP_LENGTH_UNKNOWN, http_response_length(&head, true));
	/* The integration's method is HEAD, the client's is not: there is no body to come. */
	parse("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", true);
	assert_int_equal(0, http_response_length(&head, false));
	parse("HTTP/1.1 304 Not Modified\r\n\r\n", false);
	assert_int_equal(HTTP_LENGTH_UNKNOWN, http_response_length(&head, false));
	parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", false);
	assert_int_equal(7, http_response_length(&head, false));
}

static void a_full_arena_is_said(void **state)
{
	struct http_field *fields;
	size_t count;

	(void)state;
	parse("HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", false);
	arena_init(&arena, NULL, 8);
	assert_int_equal(-ENOMEM, http_response_fields(&arena, &head, 0, &fields, &count));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_passed_renamed_or_dropped),
		cmocka_unit_test(transfer_encoding_is_dropped_and_a_type_added),
		cmocka_unit_test(fields_that_connection_names_are_dropped),
		cmocka_unit_test(lengths_are_known_or_not),
		cmocka_unit_test(a_full_arena_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
