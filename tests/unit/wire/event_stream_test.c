/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of wire/event_stream: messages of application/vnd.amazon.eventstream. */
#include "tests/unit/support.h"

#include "appliance/wire/event_stream.h"
#include "tests/unit/event_messages.h"

/* Published vectors of the format: a message without anything, and one with a header and a payload. */
static const unsigned char empty_message[] = { 0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8,
	0xff };
static const char whole_message[] = "\x00\x00\x00\x3d\x00\x00\x00\x20\x07\xfd\x83\x96\x0c"
				    "content-type\x07\x00\x10"
				    "application/json{'foo':'bar'}\x8d\x9c\x08\xb1";

/* What came of a stream that was fed in pieces. */
struct found {
	enum event_stream_result last;
	size_t heads, ends;
	char type[64];
	char payload[4096];
	size_t payload_bytes;
};

static void note(struct found *found, struct event_stream *stream, enum event_stream_result result, struct view data)
{
	struct view type = event_stream_find(stream, view_of("content-type"));

	found->last = result;
	if (result == EVENT_STREAM_HEAD) {
		found->heads++;
		if (type.at)
			memcpy(found->type, type.at, type.count);
	} else if (result == EVENT_STREAM_END) {
		found->ends++;
	} else if (result == EVENT_STREAM_PAYLOAD) {
		assert_true(data.count > 0 && found->payload_bytes + data.count <= sizeof found->payload);
		memcpy(found->payload + found->payload_bytes, data.at, data.count);
		found->payload_bytes += data.count;
	}
}

/* Each piece ends at a page that is not there. */
static void feed(struct event_stream *stream, struct view piece, struct found *found)
{
	struct view bytes = view_from(at_page_end(piece.at, piece.count), piece.count), data;
	enum event_stream_result result;
	size_t consumed;

	do {
		result = event_stream_next(stream, bytes, &consumed, &data);
		note(found, stream, result, data);
		bytes = view_after(bytes, consumed);
	} while (result != EVENT_STREAM_NEED_MORE && result != EVENT_STREAM_REFUSED);
	if (result == EVENT_STREAM_NEED_MORE)
		assert_int_equal(0, bytes.count);
}

static void assert_whole(const struct found *found)
{
	assert_int_equal(EVENT_STREAM_NEED_MORE, found->last);
	assert_int_equal(1, found->heads);
	assert_int_equal(1, found->ends);
	assert_string_equal("application/json", found->type);
	assert_int_equal(13, found->payload_bytes);
	assert_memory_equal("{'foo':'bar'}", found->payload, 13);
}

static void messages_come_in_pieces_of_any_size(void **state)
{
	const struct view message = view_from(whole_message, sizeof whole_message - 1);
	struct event_stream stream;
	struct found found = { 0 };

	(void)state;
	for (size_t split = 0; split <= message.count; split++) {
		found = (struct found){ 0 };
		event_stream_init(&stream);
		feed(&stream, view_part(message, 0, split), &found);
		assert_int_equal(split == 0 || split == message.count, event_stream_is_between(&stream));
		feed(&stream, view_after(message, split), &found);
		assert_true(event_stream_is_between(&stream));
		assert_whole(&found);
	}
	found = (struct found){ 0 };
	event_stream_init(&stream);
	for (size_t i = 0; i < message.count; i++)
		feed(&stream, view_part(message, i, 1), &found);
	assert_whole(&found);
}

static void messages_follow_each_other(void **state)
{
	struct event_stream stream;
	struct found found = { 0 };
	struct buffer bytes;

	(void)state;
	buffer_init(&bytes, 4096);
	buffer_append_bytes(&bytes, empty_message, sizeof empty_message);
	buffer_append_bytes(&bytes, whole_message, sizeof whole_message - 1);
	buffer_append_bytes(&bytes, empty_message, sizeof empty_message);
	event_stream_init(&stream);
	feed(&stream, buffer_view(&bytes), &found);
	assert_int_equal(3, found.heads);
	assert_int_equal(3, found.ends);
	assert_int_equal(13, found.payload_bytes);
	buffer_fini(&bytes);
}

static enum event_stream_error error_of(struct view bytes)
{
	struct event_stream stream;
	struct found found = { 0 };

	event_stream_init(&stream);
	feed(&stream, bytes, &found);
	assert_int_equal(EVENT_STREAM_REFUSED, found.last);
	/* It stays so. */
	feed(&stream, view_from(empty_message, sizeof empty_message), &found);
	assert_int_equal(EVENT_STREAM_REFUSED, found.last);
	assert_non_null(event_stream_error_text(stream.error));
	return stream.error;
}

static void a_changed_bit_is_found(void **state)
{
	char message[sizeof whole_message - 1];

	(void)state;
	for (size_t i = 0; i < sizeof message * 8; i++) {
		memcpy(message, whole_message, sizeof message);
		message[i / 8] = (char)(message[i / 8] ^ 1 << i % 8);
		/* A header that can't be read is found before the checksum at the message's end. */
		assert_int_not_equal(EVENT_STREAM_FINE, error_of(view_from(message, sizeof message)));
	}
}

static void put_prelude(struct buffer *ret, uint32_t message_bytes, uint32_t header_bytes)
{
	buffer_reset(ret);
	event_put_u32(ret, message_bytes);
	event_put_u32(ret, header_bytes);
	event_put_u32(ret, checksum_crc32(0, buffer_view(ret)));
}

static void impossible_lengths_are_refused(void **state)
{
	static const uint32_t lengths[][2] = { { 15, 0 }, { 0, 0 }, { 16, 1 }, { 32, 17 }, { 0xffffffff, 0 },
		{ (uint32_t)EVENT_STREAM_MESSAGE_MAX_BYTES + 1, 0 }, { 1 << 20, EVENT_STREAM_HEADERS_MAX_BYTES + 1 },
		{ 32, 0xffffffff } };
	struct buffer bytes;

	(void)state;
	buffer_init(&bytes, 4096);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		put_prelude(&bytes, lengths[i][0], lengths[i][1]);
		assert_int_equal(EVENT_STREAM_BAD_LENGTH, error_of(buffer_view(&bytes)));
	}
	buffer_fini(&bytes);
}

static void malformed_headers_are_refused(void **state)
{
	/* No name; no type; an unknown type; a length that is not there; more than there is. */
	static const struct view headers[] = { VIEW_INIT("\x00\x00"),
		VIEW_INIT("\x01"
			  "a"),
		VIEW_INIT("\x01"
			  "a\x0a"),
		VIEW_INIT("\x01"
			  "a\x07\x00"),
		VIEW_INIT("\x01"
			  "a\x07\x00\x02x"),
		VIEW_INIT("\x01"
			  "a\x09xxxxxxxxxxxxxxx") };
	struct buffer bytes;

	(void)state;
	buffer_init(&bytes, 4096);
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		buffer_reset(&bytes);
		event_put_message(&bytes, headers[i], view_of(""));
		assert_int_equal(EVENT_STREAM_BAD_HEADERS, error_of(buffer_view(&bytes)));
	}
	buffer_fini(&bytes);
}

static void headers_of_all_types_are_passed_over(void **state)
{
	static const struct view headers = VIEW_INIT("\x01"
						     "a\x00\x01"
						     "b\x01\x01"
						     "c\x02x\x01"
						     "d\x03xx\x01"
						     "e\x04xxxx\x01"
						     "f\x05xxxxxxxx\x01"
						     "g\x06\x00\x02xx\x01"
						     "h\x08xxxxxxxx\x01"
						     "i\x09xxxxxxxxxxxxxxxx\x01"
						     "j\x07\x00\x03"
						     "end");
	struct event_stream stream;
	struct buffer bytes;
	struct view data;
	size_t consumed;

	(void)state;
	buffer_init(&bytes, 4096);
	event_put_message(&bytes, headers, view_of("x"));
	event_stream_init(&stream);
	assert_int_equal(EVENT_STREAM_HEAD, event_stream_next(&stream, buffer_view(&bytes), &consumed, &data));
	assert_true(view_equals_text(event_stream_find(&stream, view_of("j")), "end"));
	assert_null(event_stream_find(&stream, view_of("g")).at); /* no text */
	assert_null(event_stream_find(&stream, view_of("k")).at);
	buffer_fini(&bytes);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_in_pieces_of_any_size),
		cmocka_unit_test(messages_follow_each_other),
		cmocka_unit_test(a_changed_bit_is_found),
		cmocka_unit_test(impossible_lengths_are_refused),
		cmocka_unit_test(malformed_headers_are_refused),
		cmocka_unit_test(headers_of_all_types_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
