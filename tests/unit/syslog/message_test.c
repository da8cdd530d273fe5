/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include "image/syslog/message.h"

/* 2026-01-02T03:04:05.678Z */
#define NOW 1767323045678

static char frame[MESSAGE_FRAME_MAX_BYTES + 1];

static const char *written(enum message_source source, const char *hostname, const char *line)
{
	size_t count =
		message_write(frame, source, hostname, NOW, view_from(at_page_end(line, strlen(line)), strlen(line)));

	assert_true(count <= MESSAGE_FRAME_MAX_BYTES);
	frame[count] = '\0';
	return frame;
}

static void a_line_of_the_console_has_time_program_and_level(void **state)
{
	(void)state;
	assert_string_equal("76 <30>1 2026-11-22T16:28:00.123Z gateway-a init - console - serving after 9 ms",
		written(MESSAGE_CONSOLE, "gateway-a", "2026-11-22T16:28:00.123Z init: serving after 9 ms"));
	assert_string_equal("98 <28>1 2026-11-22T16:28:00.123Z h posternd - console - "
			    "{\"time\":\"x\",\"level\":\"warning\",\"program\":\"p\"}",
		written(MESSAGE_CONSOLE, "h",
			"2026-11-22T16:28:00.123Z posternd: {\"time\":\"x\",\"level\":\"warning\",\"program\":\"p\"}"));
	assert_string_equal("78 <4>1 2026-11-22T16:28:00.123Z h kernel - console - EXT4-fs error (device vda7)",
		written(MESSAGE_CONSOLE, "h", "2026-11-22T16:28:00.123Z kernel: EXT4-fs error (device vda7)"));
	assert_string_equal("65 <27>1 2026-01-02T03:04:05.678Z h p - console - {\"level\": \"error\"}",
		written(MESSAGE_CONSOLE, "h", "p: {\"level\": \"error\"}"));
	assert_string_equal("65 <31>1 2026-01-02T03:04:05.678Z h p - console - {\"level\": \"debug\"}",
		written(MESSAGE_CONSOLE, "h", "p: {\"level\": \"debug\"}"));
}

static void a_line_without_them_is_text(void **state)
{
	(void)state;
	assert_string_equal("61 <30>1 2026-01-02T03:04:05.678Z h postern - console - no colon",
		written(MESSAGE_CONSOLE, "h", "no colon"));
	assert_string_equal("63 <30>1 2026-01-02T03:04:05.678Z h postern - console - two words:",
		written(MESSAGE_CONSOLE, "h", "two words:"));
	assert_string_equal(
		"53 <30>1 2026-01-02T03:04:05.678Z h postern - console - ", written(MESSAGE_CONSOLE, "h", ""));
	assert_string_equal(
		"54 <30>1 2026-01-02T03:04:05.678Z h postern - console - :", written(MESSAGE_CONSOLE, "h", ":"));
	assert_string_equal("47 <30>1 2026-01-02T03:04:05.678Z h p - console - ", written(MESSAGE_CONSOLE, "h", "p:"));
}

static void logs_have_their_own_facility_and_time(void **state)
{
	(void)state;
	/* No field of that name: what stands elsewhere is no time. */
	assert_string_equal("81 <134>1 2026-01-02T03:04:05.678Z h postern - access - {\"u\":\"2020-01-01T00:00:00Z\"}",
		written(MESSAGE_ACCESS, "h", "{\"u\":\"2020-01-01T00:00:00Z\"}"));
	assert_string_equal(
		"88 <109>1 2026-11-22T13:00:00.123Z h postern - audit - {\"time\": \"2026-11-22T13:00:00.123Z\"}",
		written(MESSAGE_AUDIT, "h", "{\"time\": \"2026-11-22T13:00:00.123Z\"}"));
	assert_string_equal(
		"90 <134>1 2026-11-22T13:00:00.000Z h postern - access - {\"time\":\"2026-11-22T13:00:00Z\",\"n\":1}",
		written(MESSAGE_ACCESS, "h", "{\"time\":\"2026-11-22T13:00:00Z\",\"n\":1}"));
	assert_string_equal("67 <134>1 2026-01-02T03:04:05.678Z h postern - access - {\"time\":\"now\"}",
		written(MESSAGE_ACCESS, "h", "{\"time\":\"now\"}"));
	assert_string_equal("72 <134>1 2026-01-02T03:04:05.678Z h postern - access - GET / \"time\":\"2026\"",
		written(MESSAGE_ACCESS, "h", "GET / \"time\":\"2026\""));
}

static void what_a_header_may_not_have_is_left_out(void **state)
{
	char name[300];

	(void)state;
	assert_string_equal("56 <134>1 2026-01-02T03:04:05.678Z abc postern - access - x",
		written(MESSAGE_ACCESS, "a b\tc\xc3\xa4", "x"));
	assert_string_equal(
		"54 <134>1 2026-01-02T03:04:05.678Z - postern - access - x", written(MESSAGE_ACCESS, " ", "x"));
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_memory_equal("308 <134>1 ", written(MESSAGE_ACCESS, name, "x"), 11);
}

static void control_characters_become_blanks(void **state)
{
	(void)state;
	assert_string_equal(
		"62 <134>1 2026-01-02T03:04:05.678Z h postern - access - a b c [0m", written(MESSAGE_ACCESS, "h",
											     "a\tb\x7f"
											     "c\x1b[0m"));
}

/* Of every length: whole, or cut between two characters. */
static void a_long_line_is_cut_between_characters(void **state)
{
	static char line[MESSAGE_MAX_BYTES + 16];
	size_t head = strlen("<134>1 2026-01-02T03:04:05.678Z h postern - access - ");

	(void)state;
	for (size_t before = 0; before < 4; before++) {
		size_t count = before, bytes;
		uint64_t said;

		memset(line, 'a', before);
		while (count + 3 <= sizeof line - 1) {
			memcpy(line + count, "\xe2\x82\xac", 3);
			count += 3;
		}
		line[count] = '\0';
		bytes = strlen(written(MESSAGE_ACCESS, "h", line));
		said = strtoul(frame, NULL, 10);
		assert_int_equal(bytes, 5 + said);
		assert_true(said > MESSAGE_MAX_BYTES - 3 && said <= MESSAGE_MAX_BYTES);
		assert_true(view_is_utf8(view_from(frame + 5 + head, said - head)));
	}
}

static void lines_of_all_bytes_are_framed_right(void **state)
{
	char line[64];
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		size_t count = (size_t)(seed % sizeof line), bytes;
		enum message_source source = (enum message_source)(i % MESSAGE_SOURCES_COUNT);
		char *end;

		for (size_t j = 0; j < count; j++) {
			seed = seed * 1103515245 + 12345;
			line[j] = (char)("{\"time\":2026-11-22T13:00:00Z level\"error\" \t:}\xff\xc3"[seed >> 16 & 31]);
		}
		seed = seed * 1103515245 + 12345;
		bytes = message_write(frame, source, "h", NOW, view_from(line, count));
		assert_int_equal(bytes, strtoul(frame, &end, 10) + (size_t)(end - frame) + 1);
		assert_null(memchr(frame, '\n', bytes));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_of_the_console_has_time_program_and_level),
		cmocka_unit_test(a_line_without_them_is_text),
		cmocka_unit_test(logs_have_their_own_facility_and_time),
		cmocka_unit_test(what_a_header_may_not_have_is_left_out),
		cmocka_unit_test(control_characters_become_blanks),
		cmocka_unit_test(a_long_line_is_cut_between_characters),
		cmocka_unit_test(lines_of_all_bytes_are_framed_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
