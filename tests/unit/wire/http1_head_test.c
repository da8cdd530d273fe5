/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of wire/http1_head: heads whole, bytewise and at every split, and each refusal by its rule. */
#include "tests/unit/support.h"

#include "appliance/base/assert.h"
#include "appliance/wire/http1.h"

static struct http1_header headers[HTTP1_HEADERS_MAX_COUNT];

static enum http1_result parse(
	struct http1_head *head, bool is_request, const char *bytes, size_t count, size_t *consumed)
{
	return is_request ? http1_parse_request(head, bytes, count, &http1_limits_private, consumed)
			  : http1_parse_response(head, bytes, count, &http1_limits_private, false, consumed);
}

/* Parse `text` whole; then at every split and bytewise, where the outcome must be the same. Returns the whole result. */
static enum http1_result parse_every_way(struct http1_head *head, bool is_request, const char *text, size_t *consumed)
{
	size_t count = strlen(text);
	char *bytes = at_page_end(text, count);
	enum http1_result whole;
	struct http1_head other;
	size_t other_consumed;

	for (size_t split = 0; split <= count; split++) {
		enum http1_result result;

		http1_head_init(&other, headers, HTTP1_HEADERS_MAX_COUNT);
		result = parse(&other, is_request, at_page_end(bytes, split), split, &other_consumed);
		if (result == HTTP1_NEED_MORE) /* the bytes have moved: the head starts over */
			result = parse(&other, is_request, bytes, count, &other_consumed);
		http1_head_init(head, headers, HTTP1_HEADERS_MAX_COUNT);
		whole = parse(head, is_request, bytes, count, consumed);
		assert_int_equal(whole, result);
		assert_int_equal(head->rule, other.rule);
	}
	http1_head_init(&other, headers, HTTP1_HEADERS_MAX_COUNT);
	whole = HTTP1_NEED_MORE;
	for (size_t fed = 0; fed <= count && whole == HTTP1_NEED_MORE; fed++)
		whole = parse(&other, is_request, bytes, fed, &other_consumed);
	http1_head_init(head, headers, HTTP1_HEADERS_MAX_COUNT);
	assert_int_equal(whole, parse(head, is_request, bytes, count, consumed));
	assert_int_equal(head->rule, other.rule);
	assert_int_equal(head->header_count, other.header_count);
	if (whole == HTTP1_OK)
		assert_int_equal(*consumed, other_consumed);
	return whole;
}

static void assert_view(const char *expected, struct view view)
{
	assert_int_equal(strlen(expected), view.count);
	assert_memory_equal(expected, view.at, view.count);
}

static struct http1_head good_request(const char *text)
{
	struct http1_head head;
	size_t consumed = 0;

	if (parse_every_way(&head, true, text, &consumed) != HTTP1_OK)
		fail_msg("refused: %s", http1_rule_text(head.rule));
	return head;
}

static void a_request_is_taken_apart(void **state)
{
	static const char text[] =
		"POST /prod/pets?type=dog&limit=10 HTTP/1.1\r\nHost: api.pets.internal:443\r\n"
		"content-LENGTH: 12\r\nX-Odd:\t a  b \t\r\nAccept: a\r\naccept: b\r\nX-Empty:\r\n\r\nhello, world";
	struct http1_head head;
	const struct http1_header *accept;
	size_t consumed;

	(void)state;
	assert_int_equal(HTTP1_OK, parse_every_way(&head, true, text, &consumed));
	assert_int_equal(strlen(text) - 12, consumed);
	assert_int_equal(HTTP1_METHOD_POST, head.method);
	assert_view("POST", head.method_text);
	assert_view("/prod/pets?type=dog&limit=10", head.target);
	assert_view("/prod/pets", head.path);
	assert_view("type=dog&limit=10", head.query);
	assert_true(head.has_query && head.keep_alive && !head.expect_continue && head.minor_version == 1);
	assert_view("api.pets.internal:443", head.host);
	assert_int_equal(HTTP1_FRAMING_LENGTH, head.framing);
	assert_int_equal(12, head.content_length_bytes);
	assert_int_equal(6, head.header_count);
	assert_view("a  b", head.headers[2].value);
	assert_view("", head.headers[5].value);
	accept = http1_find(&head, HTTP1_HEADER_ACCEPT);
	assert_view("a", accept->value);
	accept = http1_find_next(&head, accept);
	assert_view("b", accept->value);
	assert_null(http1_find_next(&head, accept));
	assert_null(http1_find(&head, HTTP1_HEADER_AUTHORIZATION));
	assert_view("a  b", http1_find_named(&head, view_of("x-odd"), NULL)->value);
	assert_null(http1_find_named(&head, view_of("x-none"), NULL));
}

static void one_empty_line_before_a_request_is_skipped(void **state)
{
	struct http1_head head = good_request("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
	size_t consumed;

	(void)state;
	assert_view("/", head.path);
	assert_int_equal(
		HTTP1_REFUSED, parse_every_way(&head, true, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", &consumed));
}

static void connections_live_on_as_the_version_and_the_field_say(void **state)
{
	(void)state;
	assert_true(good_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keep_alive);
	assert_false(good_request("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n").keep_alive);
	assert_false(good_request("GET / HTTP/1.0\r\n\r\n").keep_alive);
	assert_true(good_request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
	assert_false(good_request("GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n").keep_alive);
	assert_true(good_request("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			    .has_upgrade);
	assert_false(good_request("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n").has_upgrade);
}

static void fields_that_connection_names_are_hop_by_hop(void **state)
{
	struct http1_head head = good_request("GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Mine , Host\r\nx-mine: "
					      "1\r\nX-Other: 2\r\nTE: trailers\r\n\r\n");

	(void)state;
	assert_false(head.headers[0].hop_by_hop); /* Host can't be named away */
	assert_true(head.headers[1].hop_by_hop);
	assert_true(head.headers[2].hop_by_hop);
	assert_false(head.headers[3].hop_by_hop);
	assert_true(head.headers[4].hop_by_hop);
}

static void absolute_and_asterisk_targets_are_understood(void **state)
{
	struct http1_head head =
		good_request("GET http://api.pets.internal/x?y=1 HTTP/1.1\r\nHost: API.pets.internal\r\n\r\n");

	(void)state;
	assert_view("api.pets.internal", head.host);
	assert_view("/x", head.path);
	assert_view("y=1", head.query);
	head = good_request("GET https://a?q HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_view("/", head.path);
	assert_view("q", head.query);
	head = good_request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_view("*", head.path);
	head = good_request("GET /a? HTTP/1.1\r\nHost: [fd00::1]:8443\r\n\r\n");
	assert_true(head.has_query && head.query.count == 0);
	assert_view("[fd00::1]:8443", head.host);
}

static void expectations_are_told(void **state)
{
	(void)state;
	assert_true(good_request("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n").expect_continue);
	assert_false(good_request("PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expect_continue);
}

static const struct {
	const char *text;
	enum http1_rule rule;
	int status;
} refusals[] = {
	{ "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_RULE_METHOD, 400 },
	{ " GET / HTTP/1.1\r\n", HTTP1_RULE_METHOD, 400 },
	{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n", HTTP1_RULE_METHOD, 400 },
	{ "\x16\x03\x01\x02\n", HTTP1_RULE_METHOD, 400 },
	{ "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_RULE_TARGET, 400 },
	{ "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_RULE_TARGET, 400 },
	{ "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_RULE_TARGET, 400 },
	{ "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_RULE_TARGET, 400 },
	{ "GET /?a|b HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_RULE_TARGET, 400 },
	{ "GET pets HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_RULE_TARGET, 400 },
	{ "GET * HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_RULE_TARGET, 400 },
	{ "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_RULE_TARGET, 400 },
	{ "GET /\r\n", HTTP1_RULE_TARGET, 400 },
	{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", HTTP1_RULE_VERSION, 505 },
	{ "GET / HTTP/1.2\r\nHost: a\r\n\r\n", HTTP1_RULE_VERSION, 505 },
	{ "GET / http/1.1\r\nHost: a\r\n\r\n", HTTP1_RULE_VERSION, 505 },
	{ "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", HTTP1_RULE_LINE_END, 400 },
	{ "GET / HTTP/1.1\nHost: a\r\n\r\n", HTTP1_RULE_LINE_END, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\n\r\n", HTTP1_RULE_LINE_END, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\n\n", HTTP1_RULE_LINE_END, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", HTTP1_RULE_LINE_END, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\n\rx\r\n", HTTP1_RULE_LINE_END, 400 },
	{ "GET / HTTP/1.1\r\nHost : a\r\n\r\n", HTTP1_RULE_HEADER_NAME, 400 },
	{ "GET / HTTP/1.1\r\n: a\r\n\r\n", HTTP1_RULE_HEADER_NAME, 400 },
	{ "GET / HTTP/1.1\r\nHost\r\n\r\n", HTTP1_RULE_HEADER_NAME, 400 },
	{ "GET / HTTP/1.1\r\nH\xf6st: a\r\n\r\n", HTTP1_RULE_HEADER_NAME, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n", HTTP1_RULE_HEADER_VALUE, 400 },
	{ "GET / HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaa\x7f\r\n\r\n", HTTP1_RULE_HEADER_VALUE, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", HTTP1_RULE_HEADER_FOLD, 400 },
	{ "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", HTTP1_RULE_HEADER_FOLD, 400 },
	{ "GET / HTTP/1.1\r\n\r\n", HTTP1_RULE_HOST_MISSING, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nHOST: a\r\n\r\n", HTTP1_RULE_HOST_MANY, 400 },
	{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", HTTP1_RULE_HOST, 400 },
	{ "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", HTTP1_RULE_HOST, 400 },
	{ "GET / HTTP/1.1\r\nHost: a:70000\r\n\r\n", HTTP1_RULE_HOST, 400 },
	{ "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", HTTP1_RULE_HOST, 400 },
	{ "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_RULE_HOST_CONFLICT, 400 },
	{ "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_RULE_HOST, 400 },
	{ "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_RULE_HOST, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", HTTP1_RULE_CONTENT_LENGTH, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", HTTP1_RULE_CONTENT_LENGTH, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", HTTP1_RULE_CONTENT_LENGTH, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", HTTP1_RULE_CONTENT_LENGTH, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1844674407370955162\r\n\r\n", HTTP1_RULE_CONTENT_LENGTH, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\n", HTTP1_RULE_CONTENT_LENGTH_MANY,
		400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		HTTP1_RULE_FRAMING_CONFLICT, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", HTTP1_RULE_TRANSFER_ENCODING, 501 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b"
	  "chunked\r\n\r\n",
		HTTP1_RULE_HEADER_VALUE, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, Chunked\r\n\r\n",
		HTTP1_RULE_TRANSFER_ENCODING_ORDER, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", HTTP1_RULE_TRANSFER_ENCODING_ORDER,
		400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", HTTP1_RULE_TRANSFER_ENCODING, 501 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", HTTP1_RULE_TRANSFER_ENCODING, 501 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		HTTP1_RULE_TRANSFER_ENCODING_MANY, 400 },
	{ "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_RULE_TRANSFER_ENCODING_1_0, 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", HTTP1_RULE_EXPECT, 417 },
};

static void each_refusal_has_its_rule_and_status(void **state)
{
	struct http1_head head;
	size_t consumed;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(refusals); i++) {
		if (parse_every_way(&head, true, refusals[i].text, &consumed) != HTTP1_REFUSED ||
			head.rule != refusals[i].rule)
			fail_msg("case %zu: rule \"%s\", expected \"%s\"", i, http1_rule_text(head.rule),
				http1_rule_text(refusals[i].rule));
		assert_int_equal(refusals[i].status, http1_rule_status(head.rule));
	}
}

static void connection_options_are_bounded(void **state)
{
	char text[512], *at;
	struct http1_head head;
	size_t consumed;

	(void)state;
	for (int count = HTTP1_CONNECTION_OPTIONS_MAX_COUNT; count <= HTTP1_CONNECTION_OPTIONS_MAX_COUNT + 1; count++) {
		at = text + sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close");
		for (int i = 1; i < count; i++)
			at += sprintf(at, ",x");
		sprintf(at, "\r\n\r\n");
		http1_head_init(&head, headers, HTTP1_HEADERS_MAX_COUNT);
		assert_int_equal(count > HTTP1_CONNECTION_OPTIONS_MAX_COUNT ? HTTP1_REFUSED : HTTP1_OK,
			http1_parse_request(&head, text, strlen(text), &http1_limits_private, &consumed));
	}
	assert_int_equal(HTTP1_RULE_CONNECTION_MANY, head.rule);
}

/* A request whose target has `target_bytes` and whose header section has `section_bytes`. */
static char *sized_request(size_t target_bytes, size_t section_bytes)
{
	char *text = malloc(target_bytes + section_bytes + 64), *at = text;

	at += sprintf(at, "GET /");
	memset(at, 'a', target_bytes - 1);
	at += target_bytes - 1;
	at += sprintf(at, " HTTP/1.1\r\nHost: a\r\nX: ");
	memset(at, 'b', section_bytes - 14);
	at += section_bytes - 14;
	strcpy(at, "\r\n\r\n");
	return text;
}

static void the_limits_hold_to_the_byte(void **state)
{
	static const struct {
		size_t target_bytes, section_bytes;
		enum http1_rule rule;
	} cases[] = {
		{ HTTP1_TARGET_MAX_BYTES, HTTP1_HEADER_SECTION_MAX_BYTES, HTTP1_RULE_NONE },
		{ HTTP1_TARGET_MAX_BYTES + 1, 100, HTTP1_RULE_TARGET_LONG },
		{ 100, HTTP1_HEADER_SECTION_MAX_BYTES + 1, HTTP1_RULE_HEADERS_LARGE },
	};
	struct http1_head head;
	size_t consumed;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		char *text = sized_request(cases[i].target_bytes, cases[i].section_bytes);
		enum http1_result result = HTTP1_NEED_MORE;

		http1_head_init(&head, headers, HTTP1_HEADERS_MAX_COUNT);
		result = http1_parse_request(&head, text, strlen(text), &http1_limits_private, &consumed);
		assert_int_equal(cases[i].rule ? HTTP1_REFUSED : HTTP1_OK, result);
		assert_int_equal(cases[i].rule, head.rule);
		http1_head_init(&head, headers, HTTP1_HEADERS_MAX_COUNT);
		result = HTTP1_NEED_MORE;
		for (size_t fed = 0; fed <= strlen(text) && result == HTTP1_NEED_MORE; fed++)
			result = http1_parse_request(&head, text, fed, &http1_limits_private, &consumed);
		assert_int_equal(cases[i].rule, head.rule);
		free(text);
	}
}

static void endless_lines_are_refused_before_they_end(void **state)
{
	char *text = malloc(20000);
	struct http1_head head;
	size_t consumed;

	(void)state;
	memset(text, 'a', 20000);
	memcpy(text, "GET /", 5);
	http1_head_init(&head, headers, HTTP1_HEADERS_MAX_COUNT);
	assert_int_equal(HTTP1_REFUSED, http1_parse_request(&head, text, 20000, &http1_limits_private, &consumed));
	assert_int_equal(HTTP1_RULE_TARGET_LONG, head.rule);
	memcpy(text, "GET / HTTP/1.1\r\nX: ", 19);
	http1_head_init(&head, headers, HTTP1_HEADERS_MAX_COUNT);
	assert_int_equal(HTTP1_NEED_MORE, http1_parse_request(&head, text, 8000, &http1_limits_private, &consumed));
	assert_int_equal(HTTP1_REFUSED, http1_parse_request(&head, text, 20000, &http1_limits_private, &consumed));
	assert_int_equal(HTTP1_RULE_HEADERS_LARGE, head.rule);
	free(text);
}

static void more_fields_than_the_table_holds_are_refused(void **state)
{
	struct http1_header few[2];
	struct http1_head head;
	size_t consumed;
	static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n";

	(void)state;
	http1_head_init(&head, few, 2);
	assert_int_equal(
		HTTP1_REFUSED, http1_parse_request(&head, text, strlen(text), &http1_limits_private, &consumed));
	assert_int_equal(HTTP1_RULE_HEADERS_MANY, head.rule);
	assert_int_equal(431, http1_rule_status(head.rule));
}

static void every_known_header_is_found_by_its_name_in_any_case(void **state)
{
	(void)state;
	for (int id = 1; id < HTTP1_HEADER_ID_COUNT; id++) {
		struct view name = http1_header_name((enum http1_header_id)id);
		char upper[64];

		assert_int_equal(id, http1_header_id(name));
		for (size_t i = 0; i < name.count; i++)
			upper[i] = (char)(name.at[i] >= 'a' && name.at[i] <= 'z' ? name.at[i] - 32 : name.at[i]);
		assert_int_equal(id, http1_header_id(view_from(upper, name.count)));
		upper[0] = 'q';
		assert_int_equal(HTTP1_HEADER_OTHER, http1_header_id(view_from(upper, name.count)));
	}
	assert_int_equal(HTTP1_HEADER_OTHER, http1_header_id(view_of("")));
	assert_int_equal(HTTP1_HEADER_OTHER, http1_header_id(view_of("x")));
}

static void responses_tell_how_their_body_is_framed(void **state)
{
	static const struct {
		const char *text;
		bool is_head;
		int status;
		enum http1_framing framing;
		bool keep_alive;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, 200, HTTP1_FRAMING_LENGTH, true },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", false, 200, HTTP1_FRAMING_CHUNKED, true },
		{ "HTTP/1.1 200 \r\n\r\n", false, 200, HTTP1_FRAMING_UNTIL_CLOSE, false },
		{ "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false, 200, HTTP1_FRAMING_LENGTH, true },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", false, 200, HTTP1_FRAMING_LENGTH, false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, 200, HTTP1_FRAMING_NONE, true },
		{ "HTTP/1.1 204 No Content\r\n\r\n", false, 204, HTTP1_FRAMING_NONE, true },
		{ "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", false, 304, HTTP1_FRAMING_NONE, true },
		{ "HTTP/1.1 100 Continue\r\n\r\n", false, 100, HTTP1_FRAMING_NONE, true },
		{ "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", false, 101, HTTP1_FRAMING_NONE,
			true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct http1_head head;
		size_t consumed, count = strlen(cases[i].text);

		http1_head_init(&head, headers, HTTP1_HEADERS_MAX_COUNT);
		assert_int_equal(HTTP1_OK, http1_parse_response(&head, at_page_end(cases[i].text, count), count,
						   &http1_limits_private, cases[i].is_head, &consumed));
		assert_int_equal(cases[i].status, head.status);
		assert_int_equal(cases[i].framing, head.framing);
		assert_int_equal(cases[i].keep_alive, head.keep_alive);
	}
}

static void odd_responses_are_refused(void **state)
{
	static const struct {
		const char *text;
		enum http1_rule rule;
	} cases[] = {
		{ "HTTP/1.1 20 OK\r\n\r\n", HTTP1_RULE_STATUS_LINE },
		{ "HTTP/1.1 099 OK\r\n\r\n", HTTP1_RULE_STATUS_LINE },
		{ "HTTP/1.1 600 OK\r\n\r\n", HTTP1_RULE_STATUS_LINE },
		{ "HTTP/1.1  200 OK\r\n\r\n", HTTP1_RULE_STATUS_LINE },
		{ "HTTP/1.1 2000 OK\r\n\r\n", HTTP1_RULE_LINE_END },
		{ "HTTP/2 200 OK\r\n\r\n", HTTP1_RULE_VERSION },
		{ "<html>", HTTP1_RULE_VERSION },
		{ "HTTP/1.1 200 O\x01K\r\n\r\n", HTTP1_RULE_LINE_END },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
			HTTP1_RULE_FRAMING_CONFLICT },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", HTTP1_RULE_CONTENT_LENGTH_MANY },
	};
	struct http1_head head;
	size_t consumed;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(HTTP1_REFUSED, parse_every_way(&head, false, cases[i].text, &consumed));
		if (head.rule != cases[i].rule)
			fail_msg("case %zu: %s", i, http1_rule_text(head.rule));
	}
}

static void a_copied_head_points_into_the_copy(void **state)
{
	static const char text[] = "GET http://a?q HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n";
	struct http1_header copied[8];
	char *original = strdup(text), *copy = strdup(text);
	struct http1_head head, moved;
	size_t consumed;

	(void)state;
	http1_head_init(&head, headers, HTTP1_HEADERS_MAX_COUNT);
	assert_int_equal(
		HTTP1_OK, http1_parse_request(&head, original, strlen(text), &http1_limits_private, &consumed));
	http1_head_copy(&moved, copied, &head, original, strlen(text), copy);
	memset(original, 'z', strlen(text));
	assert_view("q", moved.query);
	assert_view("/", moved.path);
	assert_view("a", moved.host);
	assert_view("1", moved.headers[1].value);
	assert_view("a", http1_find(&moved, HTTP1_HEADER_HOST)->value);
	free(original);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_taken_apart),
		cmocka_unit_test(one_empty_line_before_a_request_is_skipped),
		cmocka_unit_test(connections_live_on_as_the_version_and_the_field_say),
		cmocka_unit_test(fields_that_connection_names_are_hop_by_hop),
		cmocka_unit_test(absolute_and_asterisk_targets_are_understood),
		cmocka_unit_test(expectations_are_told),
		cmocka_unit_test(each_refusal_has_its_rule_and_status),
		cmocka_unit_test(connection_options_are_bounded),
		cmocka_unit_test(the_limits_hold_to_the_byte),
		cmocka_unit_test(endless_lines_are_refused_before_they_end),
		cmocka_unit_test(more_fields_than_the_table_holds_are_refused),
		cmocka_unit_test(every_known_header_is_found_by_its_name_in_any_case),
		cmocka_unit_test(responses_tell_how_their_body_is_framed),
		cmocka_unit_test(odd_responses_are_refused),
		cmocka_unit_test(a_copied_head_points_into_the_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
