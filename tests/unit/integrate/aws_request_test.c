/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of integrate/aws_request: endpoints, and heads whose signatures botocore has made of the same requests. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/integrate/aws_request.h"

/* 2026-11-22T23:32:50Z */
#define NOW 1795390370

static struct arena arena;
static struct http_request request;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, NULL, 4 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

/* --- endpoints -------------------------------------------------------------------------------------------------------- */

static struct aws_endpoint row_of(const char *service, const char *url, const char *base_path)
{
	struct aws_endpoint row = { .service = view_from_text(service), .base_path = view_from_text(base_path) };

	assert_int_equal(0, outbound_origin_parse(&row.origin, view_from_text(url), true, TLS_VERIFY_ALL));
	return row;
}

static int find(const struct aws_endpoints *endpoints, const char *name, struct aws_endpoint *ret)
{
	return aws_endpoint_find(endpoints, &arena, view_of("aws"), view_of("eu-west-1"), view_from_text(name), ret);
}

static void rows_come_first_then_public_hosts(void **state)
{
	const struct aws_endpoint rows[] = { row_of("sqs", "http://127.0.0.1:9324", ""),
		row_of("s3", "http://127.0.0.1:4568", "/base"),
		row_of("runtime.sagemaker", "https://sage.example", "") };
	struct aws_endpoints endpoints = { .rows = rows, .count = 3 };
	struct aws_endpoint found;

	(void)state;
	assert_int_equal(0, find(&endpoints, "sqs", &found));
	assert_int_equal(9324, found.origin.target.port);
	assert_false(found.origin.target.tls);
	/* A bucket in the name becomes one in the path. */
	assert_int_equal(0, find(&endpoints, "bucket.s3", &found));
	assert_true(view_equals_text(found.base_path, "/base/bucket"));
	assert_int_equal(0, find(&endpoints, "runtime.sagemaker", &found));
	assert_true(view_equals_text(found.origin.authority, "sage.example"));
	assert_int_equal(-ENOENT, find(&endpoints, "dynamodb", &found));
	assert_int_equal(-ENOENT, find(&endpoints, "api.sagemaker", &found));

	endpoints.is_public = true;
	assert_int_equal(0, find(&endpoints, "dynamodb", &found));
	assert_true(view_equals_text(found.origin.authority, "dynamodb.eu-west-1.amazonaws.com"));
	assert_true(found.origin.target.tls && found.origin.target.port == 443);
	/* What no host can be made of, nor another one than AWS's. */
	assert_int_equal(-EINVAL, find(&endpoints, "evil.example/x", &found));
	assert_int_equal(-EINVAL, find(&endpoints, "evil.example:8080#", &found));
	assert_int_equal(-EINVAL, find(&endpoints, "user@evil.example", &found));
	assert_int_equal(-EINVAL, find(&endpoints, ".x", &found));
}

static void a_row_for_all_the_others(void **state)
{
	const struct aws_endpoint rows[] = { row_of("*", "http://10.0.0.1:4566", ""),
		row_of("sqs", "http://10.0.0.2", "") };
	const struct aws_endpoints endpoints = { .rows = rows, .count = 2, .is_public = true };
	struct aws_endpoint found;

	(void)state;
	assert_int_equal(0, find(&endpoints, "dynamodb", &found));
	assert_true(view_equals_text(found.origin.authority, "10.0.0.1:4566"));
	assert_int_equal(0, find(&endpoints, "sqs", &found));
	assert_true(view_equals_text(found.origin.authority, "10.0.0.2"));
	assert_int_equal(0, find(&endpoints, "b.s3", &found));
	assert_true(view_equals_text(found.base_path, "/b"));
}

/* --- signing ---------------------------------------------------------------------------------------------------------- */

static const struct credentials key = { .access_key = VIEW_INIT("AKIDEXAMPLE"),
	.secret = VIEW_INIT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY") };
static const struct credentials session = { .access_key = VIEW_INIT("AKIDEXAMPLE"),
	.secret = VIEW_INIT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
	.token = VIEW_INIT("SESSION/TOKEN==") };

struct wanted {
	const char *service, *method, *path, *query;
	struct view body;
	const struct aws_field *fields;
	size_t field_count;
	const struct credentials *credentials;
};

static int write_request(const struct wanted *wanted)
{
	const struct aws_endpoints endpoints = { .is_public = true };
	struct aws_endpoint endpoint;
	struct aws_service service;
	struct aws_request_input input = { .endpoint = &endpoint,
		.service = &service,
		.region = view_of("us-east-1"),
		.method = view_from_text(wanted->method),
		.path = view_from_text(wanted->path),
		.query = view_from_text(wanted->query),
		.fields = wanted->fields,
		.field_count = wanted->field_count,
		.body = wanted->body,
		.credentials = wanted->credentials ? wanted->credentials : &key,
		.now_s = NOW };

	aws_service_find(view_from_text(wanted->service), &service);
	assert_int_equal(0, aws_endpoint_find(&endpoints, &arena, view_of("aws"), view_of("us-east-1"),
				    view_from_text(wanted->service), &endpoint));
	return aws_request_write(&arena, &input, &request);
}

static bool head_has(const char *line)
{
	return view_find(request.head, view_from_text(line)) != VIEW_NOWHERE;
}

#define assert_signed(wanted, signature)                                                                               \
	do {                                                                                                           \
		assert_int_equal(0, write_request(wanted));                                                            \
		if (!head_has("Signature=" signature "\r\n"))                                                          \
			fail_msg("%.*s", (int)request.head.count, request.head.at);                                    \
	} while (0)

static void s3_encodes_its_path_once(void **state)
{
	(void)state;
	assert_signed((&(struct wanted){ "s3", "GET", "/bucket/a%20b/%C3%BC~1.png", NULL, { 0 }, NULL, 0, NULL }),
		"bf14d1b066397f5a1b17b88a7ba8bd3ee107b57576199273a68fd5cb1bf7fc46");
	assert_true(view_starts_with(request.head, view_of("GET /bucket/a%20b/%C3%BC~1.png HTTP/1.1\r\n")));
	assert_true(
		head_has("X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n"));
	assert_true(head_has("\r\nHost: s3.us-east-1.amazonaws.com\r\n"));
	/* Segments stay as they are, and so do bytes. */
	assert_signed(
		(&(struct wanted){ "s3", "PUT", "/bucket/a//b/../c%2Bd", NULL, view_of("\0\1\xff"), NULL, 0, NULL }),
		"2b1fb7cd331513c3dcd155b1afda2b5b7c0cc94e841ee3b7e7222b82fface3bd");
	assert_true(request.idempotent);
	assert_signed((&(struct wanted){ "s3", "GET", "/bucket", "list-type=2&prefix=a%2Fb", { 0 }, NULL, 0, NULL }),
		"40d2b4a73a2965b4a0216286bb1cbcf241a292868e31d870429a6cf66f55e31f");
	assert_int_equal(
		0, write_request(&(struct wanted){ "s3", "GET", "/bucket/a%2Fb", NULL, { 0 }, NULL, 0, NULL }));
	assert_true(view_starts_with(request.head, view_of("GET /bucket/a/b HTTP/1.1\r\n")));
	/* The same, however it is written: what can't stand in a path is encoded before it is signed. */
	assert_signed((&(struct wanted){ "s3", "GET", "/bucket/a b/\xc3\xbc%7E1.png", NULL, { 0 }, NULL, 0, NULL }),
		"bf14d1b066397f5a1b17b88a7ba8bd3ee107b57576199273a68fd5cb1bf7fc46");
}

static void other_services_encode_it_twice(void **state)
{
	static const struct aws_field lambda[] = { { VIEW_INIT("Accept"), VIEW_INIT("application/json"), false },
		{ VIEW_INIT("X-Amzn-Apigateway-Api-Id"), VIEW_INIT("abc"), false } };
	static const struct aws_field dynamodb[] = { { VIEW_INIT("Content-Type"),
							     VIEW_INIT("application/x-amz-json-1.0"), false },
		{ VIEW_INIT("X-Amz-Target"), VIEW_INIT("DynamoDB_20120810.PutItem"), false },
		{ VIEW_INIT("Accept"), VIEW_INIT("application/json"), false },
		{ VIEW_INIT("X-Amzn-Apigateway-Api-Id"), VIEW_INIT("abc"), false },
		{ VIEW_INIT("User-Agent"), VIEW_INIT("u"), true } };

	(void)state;
	/* An ARN in a path goes as the SDKs write it. */
	assert_signed((&(struct wanted){ "lambda", "POST",
			      "/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations",
			      NULL, view_of("{}"), lambda, 2, NULL }),
		"7ec2489dd22033d57c59bf68d8f66c7b5acfc2ba9cdb4d19b8cd0cc0751309ec");
	assert_true(view_starts_with(request.head, view_of("POST /2015-03-31/functions/arn%3Aaws%3Alambda%3A")));
	assert_false(request.idempotent);
	assert_false(head_has("X-Amz-Content-Sha256"));
	assert_signed((&(struct wanted){ "dynamodb", "POST", "/", "Action=PutItem", view_of("{\"TableName\":\"t\"}"),
			      dynamodb, 5, &session }),
		"0df469b7fd810670499e1954668d89a18527f67e5f3894e7ebcdeac187fd5a10");
	assert_true(head_has("X-Amz-Security-Token: SESSION/TOKEN==\r\n"));
	assert_true(head_has("SignedHeaders=accept;content-type;host;x-amz-date;x-amz-security-token;x-amz-target;"
			     "x-amzn-apigateway-api-id, "));
}

static void what_can_not_be_sent_is_refused(void **state)
{
	static const struct aws_field own[] = { { VIEW_INIT("x-amz-date"), VIEW_INIT("20260101T000000Z"), false },
		{ VIEW_INIT("AUTHORIZATION"), VIEW_INIT("x"), false },
		{ VIEW_INIT("X-Amz-Security-Token"), VIEW_INIT("x"), false } };
	static const struct aws_field bad[] = { { VIEW_INIT("X-A"), VIEW_INIT("a\r\nX-B: c"), false },
		{ VIEW_INIT("X A"), VIEW_INIT("a"), false } };
	static const struct aws_field hosts[] = { { VIEW_INIT("Host"), VIEW_INIT("a"), false },
		{ VIEW_INIT("host"), VIEW_INIT("b"), false } };
	static const struct aws_field digest = { VIEW_INIT("X-Amz-Content-Sha256"), VIEW_INIT("UNSIGNED-PAYLOAD"),
		false };
	char *long_value = arena_alloc_zero(&arena, 70000);
	struct aws_field large = { .name = view_of("X-A"), .value = view_from(long_value, 70000) };

	(void)state;
	memset(long_value, 'a', 70000);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(
			-EEXIST, write_request(&(struct wanted){ "sqs", "GET", "/", NULL, { 0 }, &own[i], 1, NULL }));
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
			-EINVAL, write_request(&(struct wanted){ "sqs", "GET", "/", NULL, { 0 }, &bad[i], 1, NULL }));
	assert_int_equal(-EEXIST, write_request(&(struct wanted){ "sqs", "GET", "/", NULL, { 0 }, hosts, 2, NULL }));
	assert_int_equal(-EMSGSIZE, write_request(&(struct wanted){ "sqs", "GET", "/", NULL, { 0 }, &large, 1, NULL }));
	assert_int_equal(-EINVAL, write_request(&(struct wanted){ "sqs", "G T", "/", NULL, { 0 }, NULL, 0, NULL }));
	/* A mapped host is signed as it is sent; the digest of S3 is the body's, whatever was mapped. */
	assert_int_equal(0, write_request(&(struct wanted){ "sqs", "GET", "/", NULL, { 0 }, hosts, 1, NULL }));
	assert_true(head_has("\r\nHost: a\r\n"));
	assert_int_equal(0, write_request(&(struct wanted){ "s3", "GET", "/", NULL, { 0 }, &digest, 1, NULL }));
	assert_false(head_has("UNSIGNED-PAYLOAD"));
	/* Nothing of a path or query can end the request line. */
	assert_int_equal(
		0, write_request(&(struct wanted){ "sqs", "GET", "/a b\r\nX: y", "q=\r\n #", { 0 }, NULL, 0, NULL }));
	assert_true(view_starts_with(request.head, view_of("GET /a%20b%0D%0AX%3A%20y?q=%0D%0A%20%23 HTTP/1.1\r\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_come_first_then_public_hosts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_row_for_all_the_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(s3_encodes_its_path_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_services_encode_it_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_can_not_be_sent_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
