/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of integrate/lambda_stream: answers of InvokeWithResponseStream. */
#include "tests/unit/support.h"

#include "appliance/integrate/lambda_stream.h"
#include "tests/unit/event_messages.h"

#define METADATA "{\"statusCode\":201}"
#define DELIMITER "\0\0\0\0\0\0\0\0"

static struct arena arena;
static struct buffer bytes;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, NULL, (size_t)1 << 24);
	buffer_init(&bytes, (size_t)1 << 24);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	buffer_fini(&bytes);
	return 0;
}

/* What came of a stream. */
struct found {
	enum lambda_stream_result last;
	size_t heads;
	char body[4096];
	size_t body_bytes;
};

static void feed(struct lambda_stream *stream, struct view piece, struct found *found)
{
	struct view rest = view_from(at_page_end(piece.at, piece.count), piece.count), data;
	size_t consumed;

	do {
		found->last = lambda_stream_next(stream, rest, &consumed, &data);
		rest = view_after(rest, consumed);
		found->heads += found->last == LAMBDA_STREAM_HEAD;
		if (found->last == LAMBDA_STREAM_BODY)
			assert_true(data.count > 0);
		assert_true(found->heads == 1 || data.count == 0);
		assert_true(found->body_bytes + data.count <= sizeof found->body);
		if (data.count)
			memcpy(found->body + found->body_bytes, data.at, data.count);
		found->body_bytes += data.count;
	} while (found->last == LAMBDA_STREAM_HEAD || found->last == LAMBDA_STREAM_BODY);
}

static struct found whole(struct lambda_stream *stream)
{
	struct found found = { 0 };

	lambda_stream_init(stream, &arena);
	feed(stream, buffer_view(&bytes), &found);
	return found;
}

static void assert_error(const struct lambda_stream *stream, const char *expected)
{
	struct view error = lambda_stream_error(stream);

	assert_int_equal(strlen(expected), error.count);
	assert_memory_equal(expected, error.at, error.count);
}

static void put_text(const char *text)
{
	event_put(&bytes, "PayloadChunk", view_from_text(text));
}

static void metadata_and_body_are_parted(void **state)
{
	struct lambda_stream stream;

	(void)state;
	event_put(&bytes, "PayloadChunk", view_of(METADATA DELIMITER "Hello, "));
	put_text("world");
	event_put(&bytes, "InvokeComplete", view_of("{\"LogResult\":\"bG9n\"}"));
	for (size_t split = 0; split <= bytes.count; split++) {
		struct found found = { 0 };

		lambda_stream_init(&stream, &arena);
		feed(&stream, view_part(buffer_view(&bytes), 0, split), &found);
		feed(&stream, view_after(buffer_view(&bytes), split), &found);
		assert_int_equal(LAMBDA_STREAM_COMPLETE, found.last);
		assert_int_equal(LAMBDA_STREAM_COMPLETE, lambda_stream_finish(&stream));
		assert_true(view_equals_text(lambda_stream_metadata(&stream), METADATA));
		assert_int_equal(12, found.body_bytes);
		assert_memory_equal("Hello, world", found.body, 12);
	}
}

static void chunks_may_end_anywhere(void **state)
{
	static const struct view text = VIEW_INIT(METADATA DELIMITER "\0body");
	struct lambda_stream stream;
	struct found found;

	(void)state;
	for (size_t size = 1; size <= text.count; size++) {
		buffer_reset(&bytes);
		for (size_t i = 0; i < text.count; i += size)
			event_put(&bytes, "PayloadChunk", view_part(text, i, size));
		event_put(&bytes, "something-new", view_of("to be passed over"));
		event_put(&bytes, "InvokeComplete", view_of(""));
		found = whole(&stream);
		assert_int_equal(LAMBDA_STREAM_COMPLETE, found.last);
		assert_int_equal(1, found.heads);
		assert_int_equal(5, found.body_bytes);
		assert_memory_equal("\0body", found.body, 5);
	}
}

static void a_body_may_be_empty(void **state)
{
	struct lambda_stream stream;
	struct found found;

	(void)state;
	event_put(&bytes, "PayloadChunk", view_of(METADATA DELIMITER));
	event_put(&bytes, "InvokeComplete", view_of("{}"));
	found = whole(&stream);
	assert_int_equal(LAMBDA_STREAM_COMPLETE, found.last);
	assert_int_equal(1, found.heads);
	assert_int_equal(0, found.body_bytes);
}

static void functions_fail_early_and_late(void **state)
{
	struct lambda_stream stream;
	struct found found;

	(void)state;
	event_put(&bytes, "InvokeComplete", view_of("{\"ErrorCode\":\"Unhandled\",\"ErrorDetails\":\"boom\"}"));
	found = whole(&stream);
	assert_int_equal(LAMBDA_STREAM_FAILED, found.last);
	assert_int_equal(0, found.heads);
	assert_error(&stream, "Unhandled: boom");

	buffer_reset(&bytes);
	event_put(&bytes, "PayloadChunk", view_of(METADATA DELIMITER "half"));
	event_put(&bytes, "InvokeComplete", view_of("{\"ErrorCode\":\"Sandbox.Timedout\"}"));
	found = whole(&stream);
	assert_int_equal(LAMBDA_STREAM_FAILED, found.last);
	assert_int_equal(4, found.body_bytes);
	assert_error(&stream, "Sandbox.Timedout: ");
	assert_int_equal(LAMBDA_STREAM_FAILED, lambda_stream_finish(&stream));
}

static void the_service_may_end_it(void **state)
{
	struct lambda_stream stream;
	struct buffer headers;

	(void)state;
	buffer_init(&headers, 4096);
	event_put_header(&headers, ":message-type", "exception");
	event_put_header(&headers, ":exception-type", "ServiceException");
	event_put_message(&bytes, buffer_view(&headers), view_of("{\"Message\":\"oh\"}"));
	assert_int_equal(LAMBDA_STREAM_FAILED, whole(&stream).last);
	assert_error(&stream, "ServiceException: {\"Message\":\"oh\"}");

	buffer_reset(&bytes);
	buffer_reset(&headers);
	event_put_header(&headers, ":message-type", "error");
	event_put_header(&headers, ":error-code", "Internal");
	event_put_header(&headers, ":error-message", "oh");
	event_put_message(&bytes, buffer_view(&headers), view_of(""));
	assert_int_equal(LAMBDA_STREAM_FAILED, whole(&stream).last);
	assert_error(&stream, "Internal: oh");
	buffer_fini(&headers);
}

static void assert_malformed(void)
{
	struct lambda_stream stream;

	assert_int_equal(LAMBDA_STREAM_MALFORMED, whole(&stream).last);
	assert_true(lambda_stream_error(&stream).count > 0);
	assert_int_equal(LAMBDA_STREAM_MALFORMED, lambda_stream_finish(&stream));
	buffer_reset(&bytes);
}

static void what_has_not_the_form_is_malformed(void **state)
{
	struct lambda_stream stream;
	char *metadata = malloc(LAMBDA_STREAM_METADATA_MAX_BYTES);

	(void)state;
	/* No delimiter at all; too short a one; the end in the middle of metadata. */
	put_text("{\"statusCode\":200,\"body\":\"x\"}");
	event_put(&bytes, "InvokeComplete", view_of("{}"));
	assert_malformed();
	event_put(&bytes, "PayloadChunk", view_of(METADATA "\0\0\0\0\0\0\0body"));
	assert_malformed();
	event_put(&bytes, "PayloadChunk", view_of(METADATA "\0\0\0"));
	event_put(&bytes, "InvokeComplete", view_of("{}"));
	assert_malformed();
	event_put(&bytes, "PayloadChunk", view_of(METADATA DELIMITER));
	event_put(&bytes, "InvokeComplete", view_of("no JSON"));
	assert_malformed();

	assert_non_null(metadata);
	memset(metadata, ' ', LAMBDA_STREAM_METADATA_MAX_BYTES);
	event_put(&bytes, "PayloadChunk", view_from(metadata, LAMBDA_STREAM_METADATA_MAX_BYTES - 7));
	assert_malformed();
	event_put(&bytes, "PayloadChunk", view_from(metadata, LAMBDA_STREAM_METADATA_MAX_BYTES - 8));
	event_put(&bytes, "PayloadChunk", view_of(DELIMITER));
	assert_int_equal(1, whole(&stream).heads);
	free(metadata);
}

static void an_answer_that_is_cut_short_is_malformed(void **state)
{
	struct lambda_stream stream;
	struct found found;

	(void)state;
	event_put(&bytes, "PayloadChunk", view_of(METADATA DELIMITER "half"));
	found = whole(&stream);
	assert_int_equal(LAMBDA_STREAM_NEED_MORE, found.last);
	assert_int_equal(4, found.body_bytes);
	assert_int_equal(LAMBDA_STREAM_MALFORMED, lambda_stream_finish(&stream));
	assert_error(&stream, "the function's answer is cut short");
}

static void damage_is_found(void **state)
{
	(void)state;
	event_put(&bytes, "PayloadChunk", view_of(METADATA DELIMITER "half"));
	bytes.at[bytes.count - 6] ^= 1;
	assert_malformed();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(metadata_and_body_are_parted),
		TEST(chunks_may_end_anywhere),
		TEST(a_body_may_be_empty),
		TEST(functions_fail_early_and_late),
		TEST(the_service_may_end_it),
		TEST(what_has_not_the_form_is_malformed),
		TEST(an_answer_that_is_cut_short_is_malformed),
		TEST(damage_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
