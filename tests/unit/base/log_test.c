/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>

#include "appliance/base/json.h"
#include "appliance/base/log.h"

static char line[LOG_LINE_MAX_BYTES];

static size_t format(enum log_form form, const struct log_field *fields, size_t count)
{
	size_t bytes =
		log_format(line, sizeof line, form, 1767323045678, LOG_LEVEL_WARNING, "went \"wrong\"", fields, count);

	assert_true(bytes < sizeof line);
	line[bytes] = '\0';
	return bytes;
}

static void a_line_is_one_json_object(void **state)
{
	const struct log_field fields[] = { LOG_TEXT("name", "a\n\xff"), LOG_INT("n", -1), LOG_UINT("u", UINT64_MAX),
		LOG_BOOL("b", true), LOG_ERRNO(-ENOENT) };

	(void)state;
	format(LOG_FORM_JSON, fields, 5);
	assert_string_equal("{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"warning\",\"program\":\"postern\","
			    "\"message\":\"went \\\"wrong\\\"\","
			    "\"name\":\"a\\n\xef\xbf\xbd\",\"n\":-1,\"u\":18446744073709551615,\"b\":true,"
			    "\"error\":\"ENOENT: No such file or directory\"}\n",
		line);
	format(LOG_FORM_TEXT, fields, 2);
	assert_string_equal(
		"2026-01-02T03:04:05.678Z warning postern: went \"wrong\" name=\"a\\n\xef\xbf\xbd\" n=-1\n", line);
}

static void an_overlong_line_stays_json(void **state)
{
	static char text[LOG_LINE_MAX_BYTES];
	const struct log_field fields[] = { LOG_INT("n", 1), LOG_TEXT("text", text), LOG_INT("m", 2) };
	struct json *value = NULL;

	(void)state;
	memset(text, '"', sizeof text - 1);
	for (size_t cut = 1; cut < sizeof text; cut += 13) {
		size_t bytes;

		text[sizeof text - 1 - cut] = '\0';
		bytes = format(LOG_FORM_JSON, fields, 3);
		assert_int_equal(0, json_parse(view_from(line, bytes), NULL, &value, NULL));
		assert_int_equal(1, json_find_integer(value, "n", 0));
		json_free(value);
	}
}

static void repetition_is_suppressed_and_told(void **state)
{
	int pipe_fds[2], saved = dup(STDERR_FILENO);
	static char text[100000];
	size_t lines = 0;
	ssize_t count;

	(void)state;
	assert_int_equal(0, pipe2(pipe_fds, O_CLOEXEC));
	log_start("test", LOG_LEVEL_INFO, LOG_FORM_JSON);
	dup2(pipe_fds[1], STDERR_FILENO);
	for (int i = 0; i < 300; i++)
		log_info("again", LOG_INT("i", i));
	log_debug("not on");
	dup2(saved, STDERR_FILENO);
	close(pipe_fds[1]);
	count = read(pipe_fds[0], text, sizeof text - 1);
	assert_true(count > 0);
	for (ssize_t i = 0; i < count; i++)
		lines += text[i] == '\n';
	assert_in_range(lines, LOG_BURST_COUNT, 3 * LOG_BURST_COUNT); /* the second may turn meanwhile */
	assert_null(strstr(text, "not on"));
	close(pipe_fds[0]);
	close(saved);
}

static void levels_have_names(void **state)
{
	enum log_level level;

	(void)state;
	assert_true(log_level_parse(view_of("debug"), &level) && level == LOG_LEVEL_DEBUG);
	assert_false(log_level_parse(view_of("loud"), &level));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_one_json_object),
		cmocka_unit_test(an_overlong_line_stays_json),
		cmocka_unit_test(repetition_is_suppressed_and_told),
		cmocka_unit_test(levels_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
