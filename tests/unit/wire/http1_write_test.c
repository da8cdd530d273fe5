/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of wire/http1_write: heads as they stand on the wire, and what can't be written. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/wire/http1.h"

static void a_response_head_is_written(void **state)
{
	char room[256];
	struct http1_writer writer = http1_writer_at(room, sizeof room);

	(void)state;
	http1_write_status_line(&writer, 404, view_from(NULL, 0));
	http1_write_header(&writer, view_of("Content-Type"), view_of("application/json"));
	http1_write_header_number(&writer, view_of("Content-Length"), 18446744073709551615u);
	http1_write_raw(&writer, view_of("X-Empty: \r\n"));
	assert_int_equal(0, http1_write_end(&writer));
	*writer.at = '\0';
	assert_string_equal("HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n"
			    "Content-Length: 18446744073709551615\r\nX-Empty: \r\n\r\n",
		room);
}

static void a_request_head_is_written(void **state)
{
	char room[64];
	struct http1_writer writer = http1_writer_at(room, sizeof room);

	(void)state;
	http1_write_request_line(&writer, view_of("GET"), view_of("/a?b=%20"));
	http1_write_header_number(&writer, view_of("N"), 0);
	assert_int_equal(0, http1_write_end(&writer));
	*writer.at = '\0';
	assert_string_equal("GET /a?b=%20 HTTP/1.1\r\nN: 0\r\n\r\n", room);
}

static void lines_can_not_be_injected(void **state)
{
	char room[256];
	struct http1_writer writer;

	(void)state;
#define ASSERT_BAD(write)                                                                                              \
	do {                                                                                                           \
		writer = http1_writer_at(room, sizeof room);                                                           \
		write;                                                                                                 \
		assert_int_equal(-EINVAL, http1_write_end(&writer));                                                   \
	} while (0)
	ASSERT_BAD(http1_write_header(&writer, view_of("X"), view_of("a\r\nY: b")));
	ASSERT_BAD(http1_write_header(&writer, view_of("X"), view_of("a\nb")));
	ASSERT_BAD(http1_write_header(&writer, view_of("X"), view_from("a\0b", 3)));
	ASSERT_BAD(http1_write_header(&writer, view_of("X: y"), view_of("a")));
	ASSERT_BAD(http1_write_header(&writer, view_of(""), view_of("a")));
	ASSERT_BAD(http1_write_request_line(&writer, view_of("GET"), view_of("/a b")));
	ASSERT_BAD(http1_write_request_line(&writer, view_of("GET"), view_of("/a\r\n")));
	ASSERT_BAD(http1_write_request_line(&writer, view_of("GET"), view_of("")));
	ASSERT_BAD(http1_write_request_line(&writer, view_of("G T"), view_of("/")));
	ASSERT_BAD(http1_write_status_line(&writer, 200, view_of("a\rb")));
	ASSERT_BAD(http1_write_status_line(&writer, 42, view_of("a")));
}

static void what_does_not_fit_is_told_once_and_writes_nothing_more(void **state)
{
	static const char whole[] = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";

	(void)state;
	for (size_t room_bytes = 0; room_bytes < strlen(whole); room_bytes++) {
		char *room = at_page_end(whole, room_bytes);
		struct http1_writer writer = http1_writer_at(room, room_bytes);

		http1_write_status_line(&writer, 200, view_of("OK"));
		http1_write_header(&writer, view_of("A"), view_of("b"));
		assert_int_equal(-ENOBUFS, http1_write_end(&writer));
	}
}

static void any_byte_anywhere_is_judged_as_the_parser_judges_it(void **state)
{
	char text[40], room[128];

	(void)state;
	for (size_t count = 0; count <= sizeof text; count++) {
		for (size_t at = 0; at < (count ? count : 1) * 256; at++) {
			struct http1_writer writer = http1_writer_at(room, sizeof room);
			struct view word = view_from(text, count);

			memset(text, 'k', sizeof text);
			text[at / 256] = (char)(at % 256);
			http1_write_header(&writer, word, view_of("v"));
			assert_int_equal(!http1_name_is_valid(word), writer.bad);
			writer = http1_writer_at(room, sizeof room);
			http1_write_header(&writer, view_of("n"), word);
			assert_int_equal(!http1_value_is_valid(word), writer.bad);
			if (writer.bad)
				continue;
			assert_int_equal(3 + count + 2, writer.at - room);
			assert_memory_equal("n: ", room, 3);
			assert_memory_equal(text, room + 3, count);
			assert_memory_equal("\r\n", room + 3 + count, 2);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_byte_anywhere_is_judged_as_the_parser_judges_it),
		cmocka_unit_test(a_response_head_is_written),
		cmocka_unit_test(a_request_head_is_written),
		cmocka_unit_test(lines_can_not_be_injected),
		cmocka_unit_test(what_does_not_fit_is_told_once_and_writes_nothing_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
