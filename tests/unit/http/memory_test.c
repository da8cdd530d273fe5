/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of http/memory: an exchange without a connection is answered like any other, and its answer is kept. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/http/memory.h"

static struct loop *loop;
static int done_count, gone_count;
static bool answer_later;

static void on_request(struct exchange *x)
{
	const struct http_field field = { view_of("Content-Type"), view_of("text/plain") };
	struct view body;

	if (answer_later)
		return;
	assert_true(http_body_try_whole(x, &body));
	assert_false(http_body_try_whole(x, &body));
	assert_int_equal(0, http_respond(x, 201, &field, 1, body));
	assert_int_equal(0, http_waiting_bytes(x));
	http_done(x);
}

static void on_gone(struct exchange *x)
{
	gone_count++;
	assert_int_equal(-EPIPE, http_respond(x, 200, NULL, 0, view_of("")));
	http_done(x);
}

static void on_done(struct http_memory *memory)
{
	(void)memory;
	done_count++;
}

static const struct http_handler handler = { .request = on_request, .gone = on_gone };

static const struct http_field fields[] = {
	{ VIEW_INIT("X-One"), VIEW_INIT("1") },
	{ VIEW_INIT("Content-Length"), VIEW_INIT("999") },
	{ VIEW_INIT("Transfer-Encoding"), VIEW_INIT("chunked") },
	{ VIEW_INIT("content-type"), VIEW_INIT("application/json") },
};

static struct http_memory_request request_for(struct view method, struct view target, struct view body)
{
	return (struct http_memory_request){
		.loop = loop,
		.handler = &handler,
		.done = on_done,
		.peer_text = view_of("somewhere"),
		.method = method,
		.target = target,
		.fields = fields,
		.field_count = sizeof fields / sizeof *fields,
		.body = body,
	};
}

static int setup(void **state)
{
	(void)state;
	loop = loop_new();
	done_count = gone_count = 0;
	answer_later = false;
	return loop ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static void the_answer_is_kept(void **state)
{
	const struct http_memory_request request =
		request_for(view_of("POST"), view_of("/pets/1?a=b"), view_of("a body"));
	struct http_memory memory;

	(void)state;
	assert_int_equal(0, http_memory_open(&memory, &request));
	assert_true(view_equals_text(memory.exchange.request.path, "/pets/1"));
	assert_true(view_equals_text(memory.exchange.request.query, "a=b"));
	assert_int_equal(2, memory.exchange.request.header_count);
	assert_non_null(http1_find(&memory.exchange.request, HTTP1_HEADER_CONTENT_TYPE));
	assert_true(http_body_is_expected(&memory.exchange));
	assert_true(view_equals_text(memory.exchange.peer->text, "somewhere"));
	http_memory_begin(&memory);
	assert_int_equal(1, done_count);
	assert_int_equal(201, memory.exchange.status);
	assert_int_equal(1, memory.field_count);
	assert_true(view_equals_text(memory.fields[0].value, "text/plain"));
	assert_true(view_equals_text(buffer_view(&memory.answer), "a body"));
	/* What is complete can't be abandoned any more. */
	http_memory_abandon(&memory);
	assert_int_equal(0, gone_count);
	http_memory_close(&memory);
}

static void head_has_no_body(void **state)
{
	const struct http_memory_request request = request_for(view_of("HEAD"), view_of("/"), view_of("x"));
	struct http_memory memory;

	(void)state;
	assert_int_equal(0, http_memory_open(&memory, &request));
	http_memory_begin(&memory);
	assert_int_equal(201, memory.exchange.status);
	assert_int_equal(0, memory.answer.count);
	http_memory_close(&memory);
}

/* Whoever gives an endless answer is told that it does not end well. */
static void an_answer_has_a_limit(void **state)
{
	const struct http_memory_request request = request_for(view_of("GET"), view_of("/"), view_of(""));
	static char piece[1 << 20];
	struct http_memory memory;
	ssize_t given = 0;
	size_t count = 0;

	(void)state;
	answer_later = true;
	assert_int_equal(0, http_memory_open(&memory, &request));
	http_memory_begin(&memory);
	assert_int_equal(0, http_respond_head(&memory.exchange, 200, NULL, 0, HTTP_LENGTH_UNKNOWN));
	for (; given == 0 && count <= HTTP_MEMORY_ANSWER_MAX_BYTES; count += sizeof piece)
		given = http_respond_body(&memory.exchange, view_from(piece, sizeof piece), false);
	assert_int_equal(-ENOBUFS, given);
	assert_int_equal(HTTP_MEMORY_ANSWER_MAX_BYTES + sizeof piece, count);
	assert_int_equal(-ENOBUFS, http_respond_body(&memory.exchange, view_of(""), true));
	assert_false(memory.exchange.response_complete);
	assert_int_not_equal(0, buffer_error(&memory.answer));
	http_done(&memory.exchange);
	assert_int_equal(1, done_count);
	http_memory_close(&memory);
}

static void who_is_abandoned_is_told(void **state)
{
	const struct http_memory_request request = request_for(view_of("GET"), view_of("/"), view_of(""));
	struct http_memory memory;

	(void)state;
	answer_later = true;
	assert_int_equal(0, http_memory_open(&memory, &request));
	http_memory_begin(&memory);
	assert_int_equal(0, done_count);
	http_memory_abandon(&memory);
	assert_int_equal(1, gone_count);
	assert_int_equal(1, done_count);
	assert_int_equal(0, memory.exchange.status);
	http_memory_close(&memory);
}

static void a_field_that_ends_its_line_is_no_answer(void **state)
{
	const struct http_memory_request request = request_for(view_of("GET"), view_of("/"), view_of(""));
	const struct http_field bad = { view_of("X"), view_of("a\r\nY: b") };
	struct http_memory memory;

	(void)state;
	answer_later = true;
	assert_int_equal(0, http_memory_open(&memory, &request));
	http_memory_begin(&memory);
	assert_int_equal(-EINVAL, http_respond(&memory.exchange, 200, &bad, 1, view_of("")));
	assert_int_equal(0, http_respond(&memory.exchange, 500, NULL, 0, view_of("")));
	http_done(&memory.exchange);
	assert_int_equal(500, memory.exchange.status);
	http_memory_close(&memory);
}

static void what_no_client_could_send_is_refused(void **state)
{
	static const struct http_field two_hosts[] = { { VIEW_INIT("Host"), VIEW_INIT("a") },
		{ VIEW_INIT("Host"), VIEW_INIT("b") } };
	static const struct http_field bad = { VIEW_INIT("X"), VIEW_INIT("a\nb") };
	struct http_memory_request requests[] = {
		request_for(view_of("GET /"), view_of("/"), view_of("")),
		request_for(view_of("GET"), view_of("/a b"), view_of("")),
		request_for(view_of("GET"), view_of("/\r\nX: y"), view_of("")),
		request_for(view_of("GET"), view_of(""), view_of("")),
		request_for(view_of("GET"), view_of("/"), view_of("")),
		request_for(view_of("GET"), view_of("/"), view_of("")),
	};
	struct http_memory memory;

	(void)state;
	requests[4].fields = two_hosts;
	requests[4].field_count = 2;
	requests[5].fields = &bad;
	requests[5].field_count = 1;
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		assert_int_equal(-EINVAL, http_memory_open(&memory, &requests[i]));
		http_memory_close(&memory);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_answer_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(head_has_no_body, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_has_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_abandoned_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_field_that_ends_its_line_is_no_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(what_no_client_could_send_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
