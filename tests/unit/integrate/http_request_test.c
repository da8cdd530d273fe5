/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of integrate/http_request: the head that a back end gets: URI, query, fields, as recorded from AWS. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/integrate/http_request.h"

static struct arena arena;
static struct integration integration;
static struct snapshot_variables stage_variables;
static struct http1_head client;
static struct http1_header headers[HTTP1_HEADERS_MAX_COUNT];
static struct integrate_parameter parameters[8];
static size_t parameter_count;
static struct integration_uri_part uri_parts[8];
static const struct snapshot_pair variables[] = { { VIEW_INIT("host"), VIEW_INIT("v.example:8080") },
	{ VIEW_INIT("path"), VIEW_INIT("a/b#c") } };

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	memset(&integration, 0, sizeof integration);
	integration.type = INTEGRATION_HTTP_PROXY;
	stage_variables = (struct snapshot_variables){ .count = 2, .at = variables };
	parameter_count = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

/* The URI as the snapshot holds it; pieces in braces become placeholders. */
static void set_uri(const char *text)
{
	struct integration_uri *uri = &integration.uri;
	size_t count = 0;

	uri->text = view_from_text(text);
	for (struct view rest = uri->text; rest.count;) {
		size_t dollar = view_find(rest, view_of("${stageVariables.")), brace = view_find_byte(rest, '{');
		size_t start = dollar < brace ? dollar : brace, name_at = dollar < brace ? dollar + 17 : brace + 1, end;

		if (start == VIEW_NOWHERE)
			start = rest.count;
		if (start)
			uri_parts[count++] =
				(struct integration_uri_part){ INTEGRATION_URI_TEXT, view_part(rest, 0, start) };
		rest = start == rest.count ? (struct view){ 0 } : rest;
		if (!rest.count)
			break;
		end = name_at + view_find_byte(view_after(rest, name_at), '}');
		uri_parts[count++] = (struct integration_uri_part){
			dollar < brace ? INTEGRATION_URI_STAGE_VARIABLE : INTEGRATION_URI_PATH_PARAMETER,
			view_part(rest, name_at, end - name_at),
		};
		rest = view_after(rest, end + 1);
	}
	uri->parts = uri_parts;
	uri->part_count = count;
	uri->is_fixed = count == 1 && uri_parts[0].kind == INTEGRATION_URI_TEXT;
	integration.has_origin =
		uri_parts[0].kind == INTEGRATION_URI_TEXT &&
		outbound_origin_parse(&integration.origin, uri_parts[0].text, uri->is_fixed, TLS_VERIFY_ALL) == 0;
}

static void map(enum mapping_target_kind kind, const char *name, const char *value)
{
	parameters[parameter_count++] =
		(struct integrate_parameter){ kind, view_from_text(name), view_from_text(value), false };
}

/* Write the head for a client's request; NULL and errno if that fails. */
static const char *head(const char *request)
{
	static struct http_request written;
	struct http_request_input input;
	size_t consumed;
	int r;

	http1_head_init(&client, headers, HTTP1_HEADERS_MAX_COUNT);
	assert_int_equal(HTTP1_OK, http1_parse_request(&client, at_page_end(request, strlen(request)), strlen(request),
					   &http1_limits_private, &consumed));
	input = (struct http_request_input){
		.integration = &integration,
		.api_id = view_of("abc123"),
		.variables = &stage_variables,
		.client = &client,
		.method = client.method_text,
		.trace_id = view_of("Root=1-2-3"),
		.parameters = parameters,
		.parameter_count = parameter_count,
	};
	r = http_request_write(&arena, &input, &written);
	errno = -r;
	return r < 0 ? NULL : arena_text(&arena, written.head);
}

#define OWN "X-Amzn-Apigateway-Api-Id: abc123\r\nX-Amzn-Trace-Id: Root=1-2-3\r\n"
#define DEFAULTS "Accept: application/json\r\nUser-Agent: AmazonAPIGateway_abc123\r\n" OWN

static void the_clients_fields_go_on_and_defaults_are_added(void **state)
{
	(void)state;
	set_uri("http://b.example:8080/pets");
	assert_string_equal("GET /pets HTTP/1.1\r\nHost: b.example:8080\r\n" DEFAULTS,
		head("GET /prod/pets HTTP/1.1\r\nHost: api\r\n\r\n"));
	assert_string_equal("GET /pets HTTP/1.1\r\nHost: b.example:8080\r\nAccept: */*\r\nuser-AGENT: curl/8\r\nX-Own: "
			    "1\r\nX-Own: 2\r\n" OWN,
		head("GET /prod/pets HTTP/1.1\r\nHost: api\r\nAccept: */*\r\nuser-AGENT:curl/8\r\nX-Own: 1\r\nX-Own:   "
		     "2  \r\n\r\n"));
}

static void fields_of_one_connection_are_stripped(void **state)
{
	(void)state;
	set_uri("http://b/");
	assert_string_equal("POST / HTTP/1.1\r\nHost: b\r\nContent-Type: text/plain\r\nX-Kept: 1\r\n" DEFAULTS,
		head("POST /prod HTTP/1.1\r\nHost: api\r\nConnection: keep-alive, X-Named\r\nX-Named: 1\r\nKeep-Alive: "
		     "5\r\nContent-Length: 3\r\n"
		     "Content-MD5: x\r\nExpect: 100-continue\r\nMax-Forwards: 1\r\nProxy-Authenticate: x\r\nServer: "
		     "s\r\nTE: trailers\r\nTrailer: t\r\n"
		     "Upgrade: x\r\nWWW-Authenticate: x\r\nVia: 1.1 p\r\nContent-Encoding: gzip\r\nContent-Type: "
		     "text/plain\r\nX-Kept: 1\r\n"
		     "X-Amzn-Trace-Id: mine\r\nX-Amzn-Apigateway-Api-Id: forged\r\nX-HTTP-Method-Override: "
		     "PUT\r\n\r\n"));
}

static void a_signature_made_for_us_goes_no_further(void **state)
{
	(void)state;
	set_uri("http://b/");
	assert_string_equal("GET / HTTP/1.1\r\nHost: b\r\n" DEFAULTS,
		head("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: AWS4-HMAC-SHA256 Credential=x\r\n\r\n"));
	assert_string_equal("GET / HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer x\r\n" DEFAULTS,
		head("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n\r\n"));
}

static void a_signature_that_is_mapped_goes_no_further(void **state)
{
	(void)state;
	set_uri("http://b/");
	map(MAPPING_TO_REQUEST_HEADER, "authorization", "AWS4-HMAC-SHA256 Credential=x");
	for (int i = 0; i < 2; i++) {
		integration.type = i ? INTEGRATION_HTTP : INTEGRATION_HTTP_PROXY;
		assert_string_equal("GET / HTTP/1.1\r\nHost: b\r\n" DEFAULTS,
			head("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n\r\n"));
	}
}

static void queries_are_merged_in_the_recorded_order(void **state)
{
	(void)state;
	set_uri("http://b/x?testVar={pathVar}&testQs={qsVar}");
	map(MAPPING_TO_REQUEST_PATH, "qsVar", "bar");
	map(MAPPING_TO_REQUEST_PATH, "pathVar", "foobar");
	map(MAPPING_TO_REQUEST_QUERYSTRING, "queryString", "foo");
	map(MAPPING_TO_REQUEST_QUERYSTRING, "testQs", "f o&o");
	map(MAPPING_TO_REQUEST_HEADER, "headerVar", "mapped-value");
	assert_string_equal(
		"GET /x?testVar=foobar&testQs=bar&testQueryString=foo&testVar=bar&queryString=foo&testQs=f%20o%26o "
		"HTTP/1.1\r\n"
		"headerVar: mapped-value\r\nHost: b\r\nfoobar: mapped-value\r\n" DEFAULTS,
		head("GET /foobar?testQueryString=foo&testVar=bar HTTP/1.1\r\nHost: a\r\nfoobar: "
		     "mapped-value\r\nHeaderVar: request-value\r\n\r\n"));
}

static void a_uri_without_a_path_has_one(void **state)
{
	(void)state;
	set_uri("http://b");
	assert_string_equal(
		"GET /?q HTTP/1.1\r\nHost: b\r\n" DEFAULTS, head("GET /prod?q HTTP/1.1\r\nHost: a\r\n\r\n"));
	set_uri("http://b?fixed=1");
	assert_string_equal(
		"GET /?fixed=1&q HTTP/1.1\r\nHost: b\r\n" DEFAULTS, head("GET /prod?q HTTP/1.1\r\nHost: a\r\n\r\n"));
}

static void stage_variables_stand_anywhere_behind_the_scheme(void **state)
{
	(void)state;
	set_uri("https://${stageVariables.host}/${stageVariables.path}");
	assert_string_equal(
		"GET /a/b HTTP/1.1\r\nHost: v.example:8080\r\n" DEFAULTS, head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	set_uri("http://b/x${stageVariables.unset}y");
	assert_string_equal("GET /xy HTTP/1.1\r\nHost: b\r\n" DEFAULTS, head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	set_uri("https://${stageVariables.unset}/");
	assert_null(head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	assert_int_equal(EINVAL, errno);
}

static void values_can_not_break_out_of_their_line(void **state)
{
	static const char *const values[][2] = { { "a b", "a%20b" }, { "a\r\nX: y", "a%0D%0AX:%20y" },
		{ "a\tb", "a%09b" }, { "\x7f\xc3\xa9", "%7F%C3%A9" } };

	(void)state;
	set_uri("http://b/{p}");
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		parameter_count = 0;
		map(MAPPING_TO_REQUEST_PATH, "p", values[i][0]);
		assert_string_equal(arena_printf(&arena, "GET /%s HTTP/1.1\r\nHost: b\r\n" DEFAULTS, values[i][1]).at,
			head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	}
	parameter_count = 0;
	map(MAPPING_TO_REQUEST_PATH, "p", "x");
	map(MAPPING_TO_REQUEST_HEADER, "X-A", "a\r\nX: y");
	assert_null(head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
}

static void values_stay_in_their_part_of_the_uri(void **state)
{
	static const char *const hosts[] = { "evil.example/", "evil.example?", "evil.example#", "x@evil.example",
		"x:8081", "[::1]", "x\\evil", "x%2f" };

	(void)state;
	set_uri("http://{tenant}.b.example:8080/x");
	map(MAPPING_TO_REQUEST_PATH, "tenant", "one");
	assert_string_equal(
		"GET /x HTTP/1.1\r\nHost: one.b.example:8080\r\n" DEFAULTS, head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		parameter_count = 0;
		map(MAPPING_TO_REQUEST_PATH, "tenant", hosts[i]);
		if (head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
			fail_msg("'%s' was taken into the authority", hosts[i]);
		assert_int_equal(EINVAL, errno);
	}
	/* An authority that ends with the text before the value is not prolonged beyond a name. */
	set_uri("http://b.example{tenant}");
	assert_null(head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	set_uri("http://b/x/{p}/y?z={p}&w");
	parameter_count = 0;
	map(MAPPING_TO_REQUEST_PATH, "p", "a/b?c#d&e%2Ff+g");
	assert_string_equal("GET /x/a/b%3Fc%23d&e%2Ff+g/y?z=a/b?c%23d%26e%2Ff+g&w HTTP/1.1\r\nHost: b\r\n" DEFAULTS,
		head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
}

static void literals_are_encoded_by_their_author(void **state)
{
	(void)state;
	set_uri("http://b/");
	map(MAPPING_TO_REQUEST_QUERYSTRING, "one", "a%20b+c d#");
	map(MAPPING_TO_REQUEST_QUERYSTRING, "two", "a%20b+c d#");
	parameters[0].is_literal = true;
	assert_string_equal("GET /?one=a%20b+c%20d%23&two=a%2520b%2Bc%20d%23 HTTP/1.1\r\nHost: b\r\n" DEFAULTS,
		head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
}

static void an_unmapped_placeholder_is_an_invalid_address(void **state)
{
	(void)state;
	set_uri("http://b/{proxy}");
	assert_null(head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	assert_int_equal(EINVAL, errno);
}

static void fields_that_are_ours_can_not_be_mapped(void **state)
{
	static const char *const names[] = { "Content-Length", "transfer-encoding", "X-Amzn-Trace-Id",
		"x-amzn-apigateway-api-id" };
	static const char *const ignored[] = { "Via", "Connection", "expect", "TE", "Proxy-Authenticate" };

	(void)state;
	set_uri("http://b/");
	for (size_t i = 0; i < 4; i++) {
		parameter_count = 0;
		map(MAPPING_TO_REQUEST_HEADER, names[i], "1");
		assert_null(head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
		assert_int_equal(EEXIST, errno);
	}
	for (size_t i = 0; i < 5; i++) {
		parameter_count = 0;
		map(MAPPING_TO_REQUEST_HEADER, ignored[i], "1");
		assert_string_equal(
			"GET / HTTP/1.1\r\nHost: b\r\n" DEFAULTS, head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	}
}

static void host_and_defaults_may_be_mapped(void **state)
{
	(void)state;
	set_uri("http://b/");
	map(MAPPING_TO_REQUEST_HEADER, "Host", "other");
	map(MAPPING_TO_REQUEST_HEADER, "Accept", "text/xml");
	map(MAPPING_TO_REQUEST_HEADER, "Content-Encoding", "gzip");
	assert_string_equal("GET / HTTP/1.1\r\nHost: other\r\nAccept: text/xml\r\nContent-Encoding: "
			    "gzip\r\nUser-Agent: AmazonAPIGateway_abc123\r\n" OWN,
		head("GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nContent-Encoding: br\r\n\r\n"));
}

static void the_integrations_method_wins(void **state)
{
	(void)state;
	set_uri("http://b/");
	integration.http_method = view_of("PUT");
	assert_string_equal("PUT / HTTP/1.1\r\nHost: b\r\n" DEFAULTS, head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
}

static void type_http_sends_only_what_is_mapped(void **state)
{
	(void)state;
	integration.type = INTEGRATION_HTTP;
	set_uri("http://b:8080/o/{oid}");
	map(MAPPING_TO_REQUEST_PATH, "oid", "7");
	map(MAPPING_TO_REQUEST_QUERYSTRING, "v", "1");
	map(MAPPING_TO_REQUEST_HEADER, "X-Src", "dev");
	assert_string_equal("POST /o/7?v=1 HTTP/1.1\r\nX-Src: dev\r\nHost: b:8080\r\nContent-Type: application/json; "
			    "charset=utf-8\r\n" DEFAULTS,
		head("POST /dev/orders/7?q=z HTTP/1.1\r\nHost: a\r\nX-Other: 1\r\nContent-Type: application/json; "
		     "charset=utf-8\r\n\r\n"));
	assert_string_equal("GET /o/7?v=1 HTTP/1.1\r\nX-Src: dev\r\nHost: b:8080\r\n" DEFAULTS,
		head("GET /dev/orders/7 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\r\n"));
}

static void low_ports_are_refused(void **state)
{
	(void)state;
	set_uri("http://b:22/");
	assert_null(head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	assert_true(http_request_port_is_allowed(80) && http_request_port_is_allowed(443) &&
		    http_request_port_is_allowed(1024));
	assert_false(http_request_port_is_allowed(0) || http_request_port_is_allowed(1023) ||
		     http_request_port_is_allowed(81));
}

static void a_full_arena_is_said(void **state)
{
	(void)state;
	set_uri("http://b/");
	arena_fini(&arena);
	arena_init(&arena, NULL, 16);
	assert_null(head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
	assert_int_equal(ENOMEM, errno);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_clients_fields_go_on_and_defaults_are_added),
		TEST(fields_of_one_connection_are_stripped),
		TEST(a_signature_made_for_us_goes_no_further),
		TEST(a_signature_that_is_mapped_goes_no_further),
		TEST(queries_are_merged_in_the_recorded_order),
		TEST(a_uri_without_a_path_has_one),
		TEST(stage_variables_stand_anywhere_behind_the_scheme),
		TEST(values_can_not_break_out_of_their_line),
		TEST(values_stay_in_their_part_of_the_uri),
		TEST(literals_are_encoded_by_their_author),
		TEST(an_unmapped_placeholder_is_an_invalid_address),
		TEST(fields_that_are_ours_can_not_be_mapped),
		TEST(host_and_defaults_may_be_mapped),
		TEST(the_integrations_method_wins),
		TEST(type_http_sends_only_what_is_mapped),
		TEST(low_ports_are_refused),
		TEST(a_full_arena_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
