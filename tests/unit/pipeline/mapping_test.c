/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of phases map_request and map_response: parameters, templates, overrides and conversions between a client and a back end. */
#include "tests/unit/pipeline/gateway.h"

#define API "a1b2c3d4e5"
#define HOST "Host: " API ".execute-api.us-east-1.amazonaws.com\r\n"
#define ERROR "{\"message\": \"Internal server error\"}"

static struct gateway gateway;
static struct back_end back_end;

static bool answer(struct back_end *self, int fd, const char *request)
{
	(void)self;
	if (strstr(request, " /o/"))
		send_text(
			fd, "HTTP/1.1 409 Conflict\r\nContent-Length: 18\r\ncode: E1\r\n\r\n{\"a\":{\"b\":\"deep\"}}");
	else
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/plain\r\n\r\na\xff"
			      "b");
	return true;
}

/* data/mapped.json, with the back end's port. */
static struct json *resources(void)
{
	char *text = whole_file("tests/unit/pipeline/data/mapped.json", NULL);
	struct json *made;
	struct buffer filled;

	buffer_init(&filled, 1 << 16);
	for (const char *at = text; *at; at++) {
		if (strncmp(at, "PORT", 4) == 0) {
			buffer_append_u64(&filled, back_end.port);
			at += 3;
		} else {
			buffer_append_byte(&filled, *at);
		}
	}
	made = estate_json(buffer_text(&filled));
	buffer_fini(&filled);
	free(text);
	return made;
}

static int setup(void **state)
{
	struct json *definition = json_object_new();
	char *text;

	(void)state;
	back_end_start(&back_end, answer);
	gateway_start(&gateway);
	json_set(definition, "resources", resources());
	text = json_print_text(definition);
	estate_begin(&gateway.estate);
	estate_put_endpoint(&gateway.estate, NULL);
	estate_put(&gateway.estate, STORE_restapi, API, NULL, estate_rest_api(API, ESTATE_ALLOW_ALL));
	estate_put_deployment(&gateway.estate, API, "dep", ESTATE_ALLOW_ALL, text, NULL);
	estate_put_stage(&gateway.estate, API, "prod", "dep", "{\"variables\":{\"v\":\"var\"}}");
	gateway_publish(&gateway);
	free(text);
	json_free(definition);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gateway_stop(&gateway);
	return 0;
}

static const char *post(const char *path, const char *body)
{
	char request[1024];

	snprintf(request, sizeof request, "POST /prod%s HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n%s", path,
		strlen(body), body);
	return client_ask(&gateway, request);
}

static bool back_end_got(const char *text)
{
	bool got;

	pthread_mutex_lock(&back_end.lock);
	got = strstr(back_end.last, text) != NULL;
	pthread_mutex_unlock(&back_end.lock);
	return got;
}

static void a_request_and_its_answer_are_mapped(void **state)
{
	static const char *const sent[] = { "POST /o/8?v=1&w=x%20y HTTP/1.1\r\n", "\r\nX-Src: prod\r\n",
		"\r\nX-Item: {\"a\":[1,2.50]}\r\n", "\r\nx-over: a,b\r\n",
		"\r\n\r\n{\"q\":\"z\",\"item\":{\"a\":[1,2.5]}}" };
	const char *response = post("/orders/7?q=y&q=z", "{ \"item\" : { \"a\" : [ 1, 2.50 ] } }");

	(void)state;
	assert_int_equal(422, status_of(response));
	assert_string_equal("{\"b\":\"deep\"}|7|var|/orders/{id}", body_of(response));
	assert_string_equal("E1", field_of(response, "X-Code"));
	assert_string_equal("deep", field_of(response, "X-Body"));
	assert_string_equal("s", field_of(response, "X-Set"));
	for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
		if (!back_end_got(sent[i]))
			fail_msg("%s: %s", sent[i], back_end.last);
	}
	assert_false(back_end_got("mapped"));
}

static void what_a_template_leaves_is_there_for_the_next(void **state)
{
	const char *response = post("/mock?one=1&two=2&one=3", "{\"s\":200}");

	(void)state;
	assert_int_equal(200, status_of(response));
	assert_string_equal("kept one two", body_of(response));
	assert_int_equal(500, status_of(post("/mock", "{\"s\":503}")));
	response = post("/mock", "{\"s\":\"x\"}");
	assert_int_equal(500, status_of(response));
	assert_string_equal(ERROR, body_of(response));
}

static void what_fails_is_answered(void **state)
{
	const char *response = post("/mock", "{bad");

	(void)state;
	assert_int_equal(400, status_of(response));
	assert_string_equal("{\"message\": \"Could not parse request body into json\"}", body_of(response));
	response = post("/orders/7", "{bad");
	assert_int_equal(400, status_of(response));
	assert_string_equal("{\"message\":\"Invalid JSON in request body\"}", body_of(response));
	response = post("/broken", "{}");
	assert_int_equal(500, status_of(response));
	assert_string_equal(ERROR, body_of(response));
	response = client_get(&gateway, "/prod/twice", "");
	assert_int_equal(500, status_of(response));
	assert_string_equal(ERROR, body_of(response));
}

static void a_status_may_be_overridden(void **state)
{
	const char *response = client_get(&gateway, "/prod/status", "");

	(void)state;
	assert_int_equal(299, status_of(response));
	assert_string_equal("over", body_of(response));
}

static void bodies_are_converted(void **state)
{
	const char *response = post("/bytes", "aGVsbG8=");

	(void)state;
	assert_int_equal(200, status_of(response));
	assert_string_equal("a\xef\xbf\xbd"
			    "b",
		body_of(response));
	assert_true(back_end_got("\r\n\r\nhello"));
	response = post("/bytes", "no base64!");
	assert_int_equal(500, status_of(response));
	assert_string_equal(ERROR, body_of(response));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_and_its_answer_are_mapped),
		cmocka_unit_test(what_a_template_leaves_is_there_for_the_next),
		cmocka_unit_test(what_fails_is_answered),
		cmocka_unit_test(a_status_may_be_overridden),
		cmocka_unit_test(bodies_are_converted),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
