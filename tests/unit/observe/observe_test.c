/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of observe/observe: lines reach the log whole and soon, are counted, and never hold a request up. */
#include "tests/unit/support.h"

#include <fcntl.h>
#include <stdbool.h>

#include "appliance/observe/line_record.h"
#include "appliance/observe/observe.h"

static struct loop *loop;
static struct counters *counters;
static struct observe_worker *worker;
static char path[64];
static int log_fd;

static int set_up(void **state)
{
	(void)state;
	strcpy(path, "/tmp/postern-observe-XXXXXX");
	close(mkstemp(path));
	log_fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(log_fd >= 0);
	loop = loop_new();
	counters = counters_new_private(1);
	worker = observe_new(loop, log_fd, counters_slot(counters, 0));
	assert_non_null(worker);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	observe_free(worker);
	loop_free(loop);
	counters_unmap(counters);
	close(log_fd);
	unlink(path);
	return 0;
}

static void finish(const char *format, int64_t status, struct view request_path)
{
	const struct access_record record = { .status = status,
		.path = request_path,
		.request_id = view_of("id"),
		.response_latency_us = 40,
		.response_length_bytes = 10,
		.request_length_bytes = 3 };

	observe_finish(worker, (struct observe_access){ .format = view_from_text(format) }, &record);
}

static size_t log_size(void)
{
	size_t count;

	free(whole_file(path, &count));
	return count;
}

static void lines_are_written_within_the_delay(void **state)
{
	char *text;

	(void)state;
	finish("$context.status $context.requestId", 200, view_of("/"));
	finish("$context.status!", 404, view_of("/"));
	finish("$context.status $context.requestId", 503, view_of("/"));
	assert_int_equal(0, log_size());
	for (int i = 0; i < 1000 && log_size() == 0; i++)
		assert_int_equal(0, loop_turn(loop, true));
	text = whole_file(path, NULL);
	assert_string_equal("200 id\n404!\n503 id\n", text);
	free(text);
	assert_int_equal(3, counters_read(counters, COUNTERS_access_log_lines, COUNTERS_OK));
	assert_int_equal(1, counters_read(counters, COUNTERS_requests, COUNTERS_2XX));
	assert_int_equal(1, counters_read(counters, COUNTERS_requests, COUNTERS_4XX));
	assert_int_equal(1, counters_read(counters, COUNTERS_requests, COUNTERS_5XX));
	assert_int_equal(30, counters_read(counters, COUNTERS_body_bytes, COUNTERS_SENT));
	assert_int_equal(9, counters_read(counters, COUNTERS_body_bytes, COUNTERS_RECEIVED));
}

/* ---- log groups ---- */

struct passed_on {
	char text[256];
};

static int note_line(void *context, uint64_t time_ms, struct view group, struct view line)
{
	struct passed_on *passed_on = context;
	size_t used = strlen(passed_on->text);

	assert_int_equal(77, time_ms);
	snprintf(passed_on->text + used, sizeof passed_on->text - used, VIEW_FMT "=" VIEW_FMT ";", VIEW_ARG(group),
		VIEW_ARG(line));
	return 0;
}

static void finish_for(const char *group, const char *format)
{
	const struct access_record record = { .status = 200, .request_id = view_of("id"), .request_time_ms = 77 };
	const struct observe_access access = { .format = view_from_text(format), .log_group = view_from_text(group) };

	observe_finish(worker, access, &record);
}

/* Lines of stages with a log group go there too, in the stage's own format, and there alone without an access log. */
static void lines_go_to_their_log_groups(void **state)
{
	int fd = memfd_create("lines", MFD_CLOEXEC);
	struct line_record *record = NULL;
	struct line_cursor cursor = { 0 };
	struct passed_on passed_on = { "" };
	uint64_t lost_count;
	char *text;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(0, ftruncate(fd, 40 * RECORD_FILE_PAGE_BYTES));
	assert_int_equal(0, line_record_open(&record, fd, 1));
	finish_for("g", "$context.requestId before");
	observe_set_records(worker, NULL, NULL, line_record_log(record, 0));
	finish_for("g", "$context.requestId 1");
	finish_for("", "$context.requestId 2");
	finish_for("h", "$context.requestId 3");
	observe_flush(worker);
	text = whole_file(path, NULL);
	assert_string_equal("id before\nid 1\nid 2\nid 3\n", text);
	free(text);
	observe_set_log(worker, -1);
	finish_for("g", "$context.requestId 4");
	finish_for("", "$context.requestId 5");
	observe_flush(worker);
	assert_int_equal(0, line_record_follow(fd, 0, &cursor, note_line, &passed_on, &lost_count));
	assert_string_equal("g=id 1;h=id 3;g=id 4;", passed_on.text);
	assert_int_equal(4, counters_read(counters, COUNTERS_access_log_lines, COUNTERS_OK));
	observe_set_records(worker, NULL, NULL, NULL);
	line_record_close(record);
	close(fd);
}

static void a_full_buffer_is_written_at_once_in_whole_lines(void **state)
{
	static char long_path[1000];
	size_t count;
	char *text;

	(void)state;
	memset(long_path, 'p', sizeof long_path);
	for (int i = 0; i < 100; i++)
		finish("$context.path", 200, view_from(long_path, sizeof long_path));
	text = whole_file(path, &count);
	assert_true(count > 0);
	assert_int_equal(0, count % (sizeof long_path + 1));
	free(text);
	observe_flush(worker);
	assert_int_equal(100 * (sizeof long_path + 1), log_size());
}

static void a_line_that_is_too_long_is_lost_alone(void **state)
{
	static char long_path[OBSERVE_BUFFER_BYTES + 1];

	(void)state;
	memset(long_path, 'p', sizeof long_path);
	finish("$context.status", 200, view_of("/"));
	finish("$context.path", 200, view_from(long_path, sizeof long_path));
	finish("$context.status", 201, view_of("/"));
	observe_flush(worker);
	assert_int_equal(8, log_size());
	assert_int_equal(1, counters_read(counters, COUNTERS_access_log_lines, COUNTERS_FAILED));
	assert_int_equal(2, counters_read(counters, COUNTERS_access_log_lines, COUNTERS_OK));
}

/* Whatever a client sends, its request is in the log. */
static void no_client_keeps_itself_out_of_the_log(void **state)
{
	static char longest_path[8192], longest_agent[7980], format[12 * 13 + 1];
	const struct access_record record = { .status = 403,
		.path = view_from(longest_path, sizeof longest_path),
		.user_agent = view_from(longest_agent, sizeof longest_agent),
		.request_id = view_of("id") };
	size_t count;
	char *text;

	(void)state;
	memset(longest_path, '\\', sizeof longest_path);
	memset(longest_agent, 0xff, sizeof longest_agent);
	for (size_t i = 0; i < 12; i++)
		strcat(format, "$context.path");
	for (int i = 0; i < 3; i++)
		observe_finish(worker, (struct observe_access){ 0 }, &record);
	observe_finish(worker, (struct observe_access){ .format = view_from_text(format) }, &record);
	finish("$context.status", 200, view_of("/"));
	observe_flush(worker);
	text = whole_file(path, &count);
	assert_int_equal(0, counters_read(counters, COUNTERS_access_log_lines, COUNTERS_FAILED));
	assert_int_equal(5, counters_read(counters, COUNTERS_access_log_lines, COUNTERS_OK));
	for (const char *at = text; at < text + count; at = strchr(at, '\n') + 1)
		assert_true(strncmp(at, "{\"time\":", 8) == 0 || strcmp(at, "200\n") == 0);
	free(text);
}

static void a_log_that_can_not_be_written_loses_lines_only(void **state)
{
	int closed = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	observe_set_log(worker, closed);
	finish("", 200, view_of("/"));
	observe_flush(worker);
	assert_int_equal(1, counters_read(counters, COUNTERS_access_log_lines, COUNTERS_FAILED));
	assert_int_equal(1, counters_read(counters, COUNTERS_requests, COUNTERS_2XX));
	observe_set_log(worker, log_fd);
	finish("", 200, view_of("/"));
	observe_flush(worker);
	assert_true(log_size() > 0);
	close(closed);
}

static void without_a_log_requests_are_counted(void **state)
{
	(void)state;
	observe_set_log(worker, -1);
	finish("", 200, view_of("/"));
	observe_flush(worker);
	assert_int_equal(0, log_size());
	assert_int_equal(1, counters_read(counters, COUNTERS_requests, COUNTERS_2XX));
}

static void many_formats_are_kept_within_bounds(void **state)
{
	(void)state;
	for (int i = 0; i < 2 * OBSERVE_FORMATS_MAX; i++) {
		char format[64];

		snprintf(format, sizeof format, "f%d $context.status", i);
		finish(format, 200, view_of("/"));
	}
	observe_flush(worker);
	assert_int_equal(2 * OBSERVE_FORMATS_MAX, counters_read(counters, COUNTERS_access_log_lines, COUNTERS_OK));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_written_within_the_delay),
		TEST(lines_go_to_their_log_groups),
		TEST(a_full_buffer_is_written_at_once_in_whole_lines),
		TEST(a_line_that_is_too_long_is_lost_alone),
		TEST(no_client_keeps_itself_out_of_the_log),
		TEST(a_log_that_can_not_be_written_loses_lines_only),
		TEST(without_a_log_requests_are_counted),
		TEST(many_formats_are_kept_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
