/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of integrate/lambda_event: events of AWS_PROXY, to the byte. Source: spec/rest-dataplane.md 2.5, 2.6, 11. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/integrate/lambda_event.h"

static struct arena arena;
static struct http1_head head;
static struct http1_header headers[HTTP1_HEADERS_MAX_COUNT];

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, NULL, (size_t)64 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

/* An event's facts for a request with that head. */
static struct lambda_event_input input_of(const char *request)
{
	size_t consumed;

	http1_head_init(&head, headers, HTTP1_HEADERS_MAX_COUNT);
	assert_int_equal(HTTP1_OK, http1_parse_request(&head, at_page_end(request, strlen(request)), strlen(request),
					   &http1_limits_private, &consumed));
	return (struct lambda_event_input){
		.client = &head,
		.method = head.method_text,
		.resource = view_of("/{proxy+}"),
		.resource_id = view_of("abc123"),
		.path = view_of("/proxy-value"),
		.request_path = view_of("/stage/proxy-value"),
		.protocol = view_of("HTTP/1.1"),
		.account_id = view_of("111111111111"),
		.api_id = view_of("apiid"),
		.stage = view_of("stage"),
		.deployment_id = view_of("d1"),
		.request_id = view_of("uuid"),
		.extended_request_id = view_of("UBuxiEZSIAMFQ1Q="),
		.trace_id = view_of("Root=1-2"),
		.domain_name = view_of("apiid.execute-api.us-east-1.amazonaws.com"),
		.time_ms = 1583349317135,
		.source_ip = view_of("1.2.3.4"),
		.user_agent = view_of("ua"),
	};
}

static const char *event_of(const struct lambda_event_input *input)
{
	struct buffer event;

	buffer_init_arena(&event, &arena, LAMBDA_EVENT_MAX_BYTES);
	assert_int_equal(0, lambda_event_write(&arena, input, &event));
	return buffer_text(&event);
}

/* The member's value as it stands in the event. */
static void assert_member(const char *event, const char *member)
{
	assert_non_null(event);
	if (!strstr(event, member))
		fail_msg("%s is not in %s", member, event);
}

static void the_recorded_event_is_written_to_the_byte(void **state)
{
	static const struct route_parameter parameter = { VIEW_INIT("proxy"), VIEW_INIT("proxy-value") };
	struct lambda_event_input input =
		input_of("GET /stage/proxy-value HTTP/1.1\r\nHost: h\r\nUser-Agent: ua\r\nAccept: */*\r\n\r\n");

	(void)state;
	input.path_parameters = &parameter;
	input.path_parameter_count = 1;
	assert_string_equal(
		"{\"resource\":\"/{proxy+}\",\"path\":\"/proxy-value\",\"httpMethod\":\"GET\","
		"\"headers\":{\"Accept\":\"*/*\",\"Host\":\"h\",\"User-Agent\":\"ua\",\"X-Amzn-Trace-Id\":\"Root=1-2\","
		"\"X-Forwarded-For\":\"1.2.3.4\",\"X-Forwarded-Port\":\"443\",\"X-Forwarded-Proto\":\"https\"},"
		"\"multiValueHeaders\":{\"Accept\":[\"*/*\"],\"Host\":[\"h\"],\"User-Agent\":[\"ua\"],"
		"\"X-Amzn-Trace-Id\":[\"Root=1-2\"],\"X-Forwarded-For\":[\"1.2.3.4\"],\"X-Forwarded-Port\":[\"443\"],"
		"\"X-Forwarded-Proto\":[\"https\"]},"
		"\"queryStringParameters\":null,\"multiValueQueryStringParameters\":null,"
		"\"pathParameters\":{\"proxy\":\"proxy-value\"},\"stageVariables\":null,"
		"\"requestContext\":{\"resourceId\":\"abc123\",\"resourcePath\":\"/{proxy+}\",\"httpMethod\":\"GET\","
		"\"extendedRequestId\":\"UBuxiEZSIAMFQ1Q=\",\"requestTime\":\"04/Mar/2020:19:15:17 +0000\","
		"\"path\":\"/stage/proxy-value\",\"accountId\":\"111111111111\",\"protocol\":\"HTTP/1.1\","
		"\"stage\":\"stage\",\"domainPrefix\":\"apiid\",\"requestTimeEpoch\":1583349317135,"
		"\"requestId\":\"uuid\","
		"\"identity\":{\"cognitoIdentityPoolId\":null,\"accountId\":null,\"cognitoIdentityId\":null,"
		"\"caller\":null,\"sourceIp\":\"1.2.3.4\",\"principalOrgId\":null,\"accessKey\":null,"
		"\"cognitoAuthenticationType\":null,\"cognitoAuthenticationProvider\":null,\"userArn\":null,"
		"\"userAgent\":\"ua\",\"user\":null},"
		"\"domainName\":\"apiid.execute-api.us-east-1.amazonaws.com\",\"deploymentId\":\"d1\","
		"\"apiId\":\"apiid\"},\"body\":null,\"isBase64Encoded\":false}",
		event_of(&input));
}

static void what_few_requests_have_has_its_place(void **state)
{
	struct lambda_event_input input = input_of("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	const char *event;

	(void)state;
	input.user_agent = (struct view){ 0 };
	input.vpc_id = view_of("vpc-1");
	input.vpce_id = view_of("vpce-1");
	input.api_key = view_of("key");
	input.api_key_id = view_of("id");
	input.authorizer = view_of("{\"principalId\":\"me\",\"integrationLatency\":5}");
	input.has_canary = true;
	event = event_of(&input);
	assert_member(event,
		"{\"resourceId\":\"abc123\",\"authorizer\":{\"principalId\":\"me\",\"integrationLatency\":5},"
		"\"resourcePath\":");
	assert_member(event, "\"cognitoIdentityId\":null,\"vpceId\":\"vpce-1\",\"apiKey\":\"key\",\"caller\":null,");
	assert_member(event, "\"accessKey\":null,\"vpcId\":\"vpc-1\",\"cognitoAuthenticationType\":null,");
	assert_member(event, "\"userArn\":null,\"apiKeyId\":\"id\",\"userAgent\":null,\"user\":null}");
	assert_member(event, "\"apiId\":\"apiid\",\"isCanaryRequest\":false}");
	input.is_canary = true;
	assert_member(event_of(&input), "\"apiId\":\"apiid\",\"isCanaryRequest\":true}");
}

static void queries_are_decoded_and_keep_all_values(void **state)
{
	static const struct {
		const char *query, *single, *multi;
	} cases[] = {
		{ "dateTimeOffset=2023-06-12T18:05:10.123456+00:00",
			"{\"dateTimeOffset\":\"2023-06-12T18:05:10.123456 00:00\"}",
			"{\"dateTimeOffset\":[\"2023-06-12T18:05:10.123456 00:00\"]}" },
		{ "email=test%2Balias@gmail.com", "{\"email\":\"test+alias@gmail.com\"}",
			"{\"email\":[\"test+alias@gmail.com\"]}" },
		{ "price=10&a=x&price=20&price=30", "{\"price\":\"30\",\"a\":\"x\"}",
			"{\"price\":[\"10\",\"20\",\"30\"],\"a\":[\"x\"]}" },
		{ "z=1&%7A=2&Z=3", "{\"z\":\"2\",\"Z\":\"3\"}", "{\"z\":[\"1\",\"2\"],\"Z\":[\"3\"]}" },
		{ "a&b=&&c==", "{\"a\":\"\",\"b\":\"\",\"c\":\"=\"}", "{\"a\":[\"\"],\"b\":[\"\"],\"c\":[\"=\"]}" },
		{ "q=%22%0a%ff%C3%BC%zz", "{\"q\":\"\\\"\\n\xef\xbf\xbd\xc3\xbc%zz\"}",
			"{\"q\":[\"\\\"\\n\xef\xbf\xbd\xc3\xbc%zz\"]}" },
		{ "q=1;b=2&q=3;", "{\"q\":\"3\",\"b\":\"2\"}", "{\"q\":[\"1\",\"3\"],\"b\":[\"2\"]}" },
		{ "", "null", "null" },
		{ "&&", "null", "null" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char request[256], expected[512];
		struct lambda_event_input input;

		snprintf(request, sizeof request, "GET /?%s HTTP/1.1\r\nHost: h\r\n\r\n", cases[i].query);
		snprintf(expected, sizeof expected,
			"\"queryStringParameters\":%s,\"multiValueQueryStringParameters\":%s,\"path", cases[i].single,
			cases[i].multi);
		input = input_of(request);
		assert_member(event_of(&input), expected);
	}
}

static void fields_are_those_that_a_function_may_see(void **state)
{
	struct lambda_event_input input =
		input_of("POST / HTTP/1.1\r\nhost: h\r\nuser-agent: me\r\nauthorization: Bearer x\r\n"
			 "b: 1\r\nA: 2\r\nB: 3\r\nTE: trailers\r\nExpect: 100-continue\r\n"
			 "Content-Length: 5\r\nContent-MD5: x\r\nVia: v\r\nContent-Encoding: gzip\r\n"
			 "Connection: x-gone, TE\r\nX-HTTP-Method-Override: GET\r\n"
			 "X-Amzn-Trace-Id: mine\r\nX-Forwarded-Proto: http\r\n"
			 "X-Forwarded-For: 9.9.9.9\r\nx-forwarded-for: 8.8.8.8\r\n\r\n");

	(void)state;
	assert_member(event_of(&input),
		"\"headers\":{\"A\":\"2\",\"Authorization\":\"Bearer "
		"x\",\"b\":\"3\",\"Content-Encoding\":\"gzip\",\"host\":\"h\","
		"\"User-Agent\":\"me\",\"Via\":\"v\",\"X-Amzn-Trace-Id\":\"Root=1-2\","
		"\"X-Forwarded-For\":\"9.9.9.9, 8.8.8.8, 1.2.3.4\",\"X-Forwarded-Port\":\"443\","
		"\"X-Forwarded-Proto\":\"https\"},"
		"\"multiValueHeaders\":{\"A\":[\"2\"],\"Authorization\":[\"Bearer x\"],\"b\":[\"1\",\"3\"],");
}

static void a_signature_is_for_the_gateway_alone(void **state)
{
	struct lambda_event_input input =
		input_of("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: AWS4-HMAC-SHA256 Credential=x\r\n\r\n");

	(void)state;
	assert_null(strstr(event_of(&input), "Authorization"));
}

static void stage_variables_are_those_of_the_request(void **state)
{
	static const struct snapshot_pair pairs[] = { { VIEW_INIT("fn"), VIEW_INIT("f") },
		{ VIEW_INIT("url"), VIEW_INIT("a/b") } };
	static const struct snapshot_variables variables = { .count = 2, .at = pairs }, none = { .count = 0 };
	struct lambda_event_input input = input_of("GET / HTTP/1.1\r\nHost: h\r\n\r\n");

	(void)state;
	input.variables = &none;
	assert_member(event_of(&input), "\"stageVariables\":null,");
	input.variables = &variables;
	assert_member(event_of(&input), "\"stageVariables\":{\"fn\":\"f\",\"url\":\"a/b\"},");
}

static void bodies_are_text_or_base64(void **state)
{
	struct lambda_event_input input = input_of("POST / HTTP/1.1\r\nHost: h\r\n\r\n");

	(void)state;
	input.body = view_of("{\"a\": \"\xc3\xbc\"}\n");
	assert_member(event_of(&input), "},\"body\":\"{\\\"a\\\": \\\"\xc3\xbc\\\"}\\n\",\"isBase64Encoded\":false}");
	input.is_binary = true;
	input.body = view_of("\xff\x00\xfe\x01");
	assert_member(event_of(&input), "},\"body\":\"/wD+AQ==\",\"isBase64Encoded\":true}");
	input.body = view_of("");
	assert_member(event_of(&input), "},\"body\":null,\"isBase64Encoded\":false}");
}

static void events_over_six_megabytes_are_refused(void **state)
{
	struct lambda_event_input input = input_of("POST / HTTP/1.1\r\nHost: h\r\n\r\n");
	size_t besides = strlen(event_of(&input)) - strlen("null") + strlen("\"\"");
	char *body = malloc(LAMBDA_EVENT_MAX_BYTES);
	struct buffer event;

	(void)state;
	assert_non_null(body);
	memset(body, 'x', LAMBDA_EVENT_MAX_BYTES);
	input.body = view_from(body, LAMBDA_EVENT_MAX_BYTES - besides);
	buffer_init_arena(&event, &arena, LAMBDA_EVENT_MAX_BYTES);
	assert_int_equal(0, lambda_event_write(&arena, &input, &event));
	assert_int_equal(LAMBDA_EVENT_MAX_BYTES, event.count);
	input.body.count++;
	buffer_init_arena(&event, &arena, LAMBDA_EVENT_MAX_BYTES);
	assert_int_equal(-EMSGSIZE, lambda_event_write(&arena, &input, &event));
	input.is_binary = true;
	input.body.count = LAMBDA_EVENT_MAX_BYTES / 4 * 3;
	buffer_init_arena(&event, &arena, LAMBDA_EVENT_MAX_BYTES);
	assert_int_equal(-EMSGSIZE, lambda_event_write(&arena, &input, &event));
	free(body);
}

static void a_full_arena_is_told(void **state)
{
	struct lambda_event_input input =
		input_of("GET /?a=%20&b=%20 HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: a\r\n\r\n");
	struct arena small;
	struct buffer event;

	(void)state;
	for (size_t room = 1024; room <= 65536; room *= 2) {
		int error;

		arena_init(&small, NULL, room);
		buffer_init_arena(&event, &small, LAMBDA_EVENT_MAX_BYTES);
		error = lambda_event_write(&small, &input, &event);
		assert_true(error == 0 || error == -ENOMEM);
		arena_fini(&small);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(the_recorded_event_is_written_to_the_byte),
		TEST(what_few_requests_have_has_its_place),
		TEST(queries_are_decoded_and_keep_all_values),
		TEST(fields_are_those_that_a_function_may_see),
		TEST(a_signature_is_for_the_gateway_alone),
		TEST(stage_variables_are_those_of_the_request),
		TEST(bodies_are_text_or_base64),
		TEST(events_over_six_megabytes_are_refused),
		TEST(a_full_arena_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
