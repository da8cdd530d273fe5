/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of wire/http1_chunked: good bodies whole, bytewise and at every split; each refusal by its rule. */
#include "tests/unit/support.h"

#include "appliance/base/assert.h"
#include "appliance/wire/http1.h"

struct outcome {
	enum http1_result result;
	enum http1_rule rule;
	size_t consumed;
	size_t data_bytes;
	char data[512];
};

/* Feed `text` in pieces that end at `split` and at every `step` bytes. */
static struct outcome decode(const char *text, size_t split, size_t step)
{
	struct outcome outcome = { .result = HTTP1_NEED_MORE };
	struct http1_chunked chunked;
	size_t count = strlen(text), start = 0;

	http1_chunked_init(&chunked);
	while (start < count && outcome.result != HTTP1_END && outcome.result != HTTP1_REFUSED) {
		size_t end = start < split && start + step > split ? split : start + step;
		size_t piece = (end < count ? end : count) - start, at = 0;
		char *bytes = at_page_end(text + start, piece);

		do {
			struct view data;
			size_t consumed;

			outcome.result = http1_chunked_next(&chunked, bytes + at, piece - at, &consumed, &data);
			at += consumed;
			outcome.consumed += consumed;
			if (data.count) {
				memcpy(outcome.data + outcome.data_bytes, data.at, data.count);
				outcome.data_bytes += data.count;
			}
		} while (outcome.result == HTTP1_OK);
		start += piece;
	}
	outcome.rule = chunked.rule;
	return outcome;
}

static void assert_decodes(const char *text, const char *data, size_t rest_bytes)
{
	size_t count = strlen(text);

	for (size_t split = 0; split <= count + 1; split++) {
		struct outcome outcome = split <= count ? decode(text, split, count) : decode(text, 0, 1);

		assert_int_equal(HTTP1_END, outcome.result);
		assert_int_equal(count - rest_bytes, outcome.consumed);
		assert_int_equal(strlen(data), outcome.data_bytes);
		assert_memory_equal(data, outcome.data, outcome.data_bytes);
	}
}

static void bodies_are_decoded_and_the_next_message_left_alone(void **state)
{
	(void)state;
	assert_decodes("0\r\n\r\n", "", 0);
	assert_decodes("5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n", "hello, world", 0);
	assert_decodes("00A\r\n0123456789\r\n000\r\n\r\nGET / HTTP/1.1\r\n", "0123456789", 16);
	assert_decodes("2;name=value;x=\"a;b\"\r\nab\r\n0;last\r\n\r\n", "ab", 0);
	assert_decodes("2 \t;a\r\nab\r\n0\r\nX-Check: 12\r\nY:\r\n\r\n", "ab", 0);
}

static void an_unfinished_body_asks_for_more(void **state)
{
	(void)state;
	assert_int_equal(HTTP1_NEED_MORE, decode("5\r\nhel", 0, 100).result);
	assert_int_equal(HTTP1_NEED_MORE, decode("0\r\n\r", 0, 100).result);
	assert_int_equal(HTTP1_NEED_MORE, decode("0\r\nA: b\r\n", 0, 100).result);
}

static void each_refusal_has_its_rule(void **state)
{
	static const struct {
		const char *text;
		enum http1_rule rule;
	} cases[] = {
		{ "\r\n", HTTP1_RULE_CHUNK_SIZE },
		{ "x\r\n", HTTP1_RULE_CHUNK_SIZE },
		{ "0x5\r\nhello", HTTP1_RULE_CHUNK_SIZE },
		{ "-1\r\n", HTTP1_RULE_CHUNK_SIZE },
		{ "+5\r\nhello", HTTP1_RULE_CHUNK_SIZE },
		{ " 5\r\nhello", HTTP1_RULE_CHUNK_SIZE },
		{ "5\nhello\r\n", HTTP1_RULE_CHUNK_SIZE },
		{ "5\rhello\r\n", HTTP1_RULE_CHUNK_SIZE },
		{ "1000000000000000\r\n", HTTP1_RULE_CHUNK_SIZE },
		{ "0000000000000005\r\nhello", HTTP1_RULE_CHUNK_SIZE },
		{ "5 x\r\nhello", HTTP1_RULE_CHUNK_EXTENSION },
		{ "5 \r\nhello", HTTP1_RULE_CHUNK_EXTENSION },
		{ "5;a\nhello", HTTP1_RULE_CHUNK_EXTENSION },
		{ "5;a\001\r\nhello", HTTP1_RULE_CHUNK_EXTENSION },
		{ "5\r\nhelloX\r\n", HTTP1_RULE_CHUNK_END },
		{ "5\r\nhello\n", HTTP1_RULE_CHUNK_END },
		{ "5\r\nhello\r0\r\n\r\n", HTTP1_RULE_CHUNK_END },
		{ "0\r\n X: y\r\n\r\n", HTTP1_RULE_TRAILER },
		{ "0\r\nX : y\r\n\r\n", HTTP1_RULE_TRAILER },
		{ "0\r\nX: y\n\r\n", HTTP1_RULE_TRAILER },
		{ "0\r\nX\r\n\r\n", HTTP1_RULE_TRAILER },
		{ "0\r\n\n", HTTP1_RULE_TRAILER },
		{ "0\r\n\rX", HTTP1_RULE_TRAILER },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		for (size_t split = 0; split <= strlen(cases[i].text); split++) {
			struct outcome outcome = decode(cases[i].text, split, split ? 100 : 1);

			if (outcome.result != HTTP1_REFUSED || outcome.rule != cases[i].rule)
				fail_msg("case %zu: %s", i, http1_rule_text(outcome.rule));
		}
	}
}

static void extensions_and_trailers_are_bounded(void **state)
{
	static char text[40000];
	char *at = text;

	(void)state;
	for (int i = 0; i < 300; i++)
		at += sprintf(at, "1;ext\r\nx\r\n");
	assert_int_equal(HTTP1_RULE_CHUNK_EXTENSION, decode(text, 0, sizeof text).rule);
	at = text + sprintf(text, "0\r\n");
	for (int i = 0; i < 1000; i++)
		at += sprintf(at, "X-Trailer: 1\r\n");
	assert_int_equal(HTTP1_RULE_TRAILER, decode(text, 0, sizeof text).rule);
}

static void a_refused_body_stays_refused(void **state)
{
	struct http1_chunked chunked;
	struct view data;
	size_t consumed;

	(void)state;
	http1_chunked_init(&chunked);
	assert_int_equal(HTTP1_REFUSED, http1_chunked_next(&chunked, "x", 1, &consumed, &data));
	assert_int_equal(HTTP1_REFUSED, http1_chunked_next(&chunked, "0\r\n\r\n", 5, &consumed, &data));
}

static void chunk_lines_are_written_as_they_are_read(void **state)
{
	static const uint64_t sizes[] = { 1, 9, 10, 15, 16, 255, 256, 4096, 65535, 65536, 0xfffffffffffffff };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		char line[HTTP1_CHUNK_START_MAX_BYTES], expected[32];
		size_t count = http1_chunk_start(line, sizes[i]);

		assert_int_equal(count, sprintf(expected, "%lx\r\n", (unsigned long)sizes[i]));
		assert_memory_equal(expected, line, count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_are_decoded_and_the_next_message_left_alone),
		cmocka_unit_test(an_unfinished_body_asks_for_more),
		cmocka_unit_test(each_refusal_has_its_rule),
		cmocka_unit_test(extensions_and_trailers_are_bounded),
		cmocka_unit_test(a_refused_body_stays_refused),
		cmocka_unit_test(chunk_lines_are_written_as_they_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
