/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of store/log_events: order, whole batches whatever kills the writer, bounds, what happens to a damaged file. */
#define FOLDER_FILE "logs.db"
#include "tests/unit/store/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "appliance/store/log_events.h"

#define ROOMY ((uint64_t)64 << 20)

static struct log_events *open_events(const struct folder *folder, uint64_t max_bytes)
{
	struct log_events *events = NULL;
	const char *message;

	assert_int_equal(0, log_events_open(&events, folder->file, max_bytes, &message));
	return events;
}

static int64_t make_stream(struct log_events *events, const char *group, const char *name)
{
	int64_t id = 0;

	assert_int_equal(0, log_events_create_stream(events, view_from_text(group), view_from_text(name), 5, &id));
	return id;
}

static void put(struct log_events *events, int64_t stream, int64_t time_ms, const char *message)
{
	const struct log_event event = {
		.stream = stream, .time_ms = time_ms, .arrived_ms = 77, .message = view_from_text(message)
	};

	assert_int_equal(0, log_events_put(events, &event));
}

/* Messages, separated by blanks. */
struct seen {
	char text[512];
	size_t stop_after, count;
	int64_t last_serial;
};

static int see(void *context, const struct log_event *event)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	if (used + event->message.count + 2 < sizeof seen->text)
		snprintf(seen->text + used, sizeof seen->text - used, "%s" VIEW_FMT, used ? " " : "",
			VIEW_ARG(event->message));
	seen->last_serial = event->serial;
	seen->count++;
	return seen->stop_after && seen->count == seen->stop_after ? 1 : 0;
}

static void expect(struct log_events *events, const struct log_query *query, const char *messages)
{
	struct seen seen = { 0 };

	assert_int_equal(0, log_events_each(events, query, see, &seen));
	assert_string_equal(messages, seen.text);
}

static void test_events_are_read_by_time_then_arrival(void **state)
{
	struct log_events *events = open_events(*state, ROOMY);
	struct log_query query = LOG_QUERY_ALL(view_of("g"));
	struct seen seen = { .stop_after = 2 };
	int64_t a, b;

	assert_int_equal(0, log_events_begin(events));
	a = make_stream(events, "g", "a");
	b = make_stream(events, "g", "b");
	put(events, a, 30, "a30");
	put(events, b, 10, "b10");
	put(events, a, 20, "first20");
	put(events, b, 20, "second20");
	put(events, make_stream(events, "other", "a"), 15, "foreign");
	assert_int_equal(0, log_events_commit(events));

	expect(events, &query, "b10 first20 second20 a30");
	query.descending = true;
	expect(events, &query, "a30 second20 first20 b10");
	query.stream = b;
	expect(events, &query, "second20 b10");
	query = LOG_QUERY_ALL(view_of("g"));
	query.after = (struct log_position){ 20, 0 };
	query.before = (struct log_position){ 30, 0 };
	expect(events, &query, "first20 second20");
	/* From behind the one that was seen last. */
	query = LOG_QUERY_ALL(view_of("g"));
	assert_int_equal(1, log_events_each(events, &query, see, &seen));
	assert_string_equal("b10 first20", seen.text);
	query.after = (struct log_position){ 20, seen.last_serial + 1 };
	expect(events, &query, "second20 a30");
	query = LOG_QUERY_ALL(view_of("nothing"));
	expect(events, &query, "");
	log_events_close(events);
}

/* ---- streams ---- */

static int list_stream(void *context, const struct log_stream *stream)
{
	char *text = context;

	sprintf(text + strlen(text), VIEW_FMT ":%lld:%lld:%lld ", VIEW_ARG(stream->name), (long long)stream->first_ms,
		(long long)stream->last_ms, (long long)stream->last_arrived_ms);
	return 0;
}

static void test_streams(void **state)
{
	struct log_events *events = open_events(*state, ROOMY);
	char text[256] = "";
	int64_t id;

	assert_int_equal(0, log_events_begin(events));
	put(events, make_stream(events, "g", "late"), 50, "12345");
	id = make_stream(events, "g", "early");
	put(events, id, 9, "1");
	put(events, id, 3, "\xc3\xa4");
	make_stream(events, "g", "none");
	assert_int_equal(-EEXIST, log_events_create_stream(events, view_of("g"), view_of("none"), 6, NULL));
	assert_int_equal(0, log_events_commit(events));
	assert_int_equal(3, log_events_stream_count(events, view_of("g")));
	assert_int_equal(0, log_events_stream_count(events, view_of("h")));
	/* Bytes, not characters. */
	assert_int_equal(5 + 1 + 2 + 3 * LOG_EVENTS_OVERHEAD_BYTES, log_events_bytes(events, view_of("g")));
	assert_int_equal(0, log_events_bytes(events, view_of("h")));

	assert_int_equal(0, log_events_each_stream(events, view_of("g"), LOG_STREAM_BY_NAME, false, list_stream, text));
	assert_string_equal("early:3:9:77 late:50:50:77 none:-1:-1:-1 ", text);
	text[0] = '\0';
	assert_int_equal(
		0, log_events_each_stream(events, view_of("g"), LOG_STREAM_BY_LAST_EVENT, true, list_stream, text));
	assert_string_equal("late:50:50:77 early:3:9:77 none:-1:-1:-1 ", text);

	assert_int_equal(0, log_events_find_stream(events, view_of("g"), view_of("early"), &id));
	assert_int_equal(0, log_events_begin(events));
	assert_int_equal(0, log_events_delete_stream(events, view_of("g"), view_of("early")));
	assert_int_equal(-ENOENT, log_events_delete_stream(events, view_of("g"), view_of("early")));
	assert_int_equal(-ENOENT, log_events_put(events, &(struct log_event){ .stream = id }));
	assert_int_equal(0, log_events_commit(events));
	assert_int_equal(5 + LOG_EVENTS_OVERHEAD_BYTES, log_events_bytes(events, view_of("g")));
	log_events_close(events);
}

/* ---- whole or not at all ---- */

static void test_what_was_not_committed_has_not_happened(void **state)
{
	struct log_events *events = open_events(*state, ROOMY);
	struct log_query query = LOG_QUERY_ALL(view_of("g"));
	struct log_line_cursor cursor;
	int64_t id;

	assert_int_equal(0, log_events_begin(events));
	id = make_stream(events, "g", "s");
	put(events, id, 1, "kept");
	assert_int_equal(0, log_events_put_cursor(events, 3, &(struct log_line_cursor){ 9, 8, 7 }));
	assert_int_equal(0, log_events_commit(events));
	assert_int_equal(0, log_events_begin(events));
	put(events, id, 2, "gone");
	assert_int_equal(0, log_events_put_cursor(events, 3, &(struct log_line_cursor){ 9, 10, 11 }));
	log_events_rollback(events);
	log_events_rollback(events);
	expect(events, &query, "kept");
	log_events_close(events);
	events = open_events(*state, ROOMY);
	expect(events, &query, "kept");
	assert_int_equal(0, log_events_get_cursor(events, 3, &cursor));
	assert_int_equal(9, cursor.epoch);
	assert_int_equal(8, cursor.serial);
	assert_int_equal(7, cursor.number);
	assert_int_equal(0, log_events_get_cursor(events, 4, &cursor));
	assert_int_equal(0, cursor.epoch);
	log_events_close(events);
}

/* Batches of five events and the cursor that goes with them, until it is killed. Tells of each that was committed. */
static void write_batches(const struct folder *folder, int tell_fd)
{
	struct log_events *events = open_events(folder, ROOMY);
	int64_t id;

	if (log_events_find_stream(events, view_of("g"), view_of("s"), &id) < 0) {
		assert_int_equal(0, log_events_begin(events));
		id = make_stream(events, "g", "s");
		assert_int_equal(0, log_events_commit(events));
	}
	for (;;) {
		struct log_line_cursor cursor;

		assert_int_equal(0, log_events_get_cursor(events, 0, &cursor));
		assert_int_equal(0, log_events_begin(events));
		for (int i = 0; i < 5; i++)
			put(events, id, (int64_t)cursor.number + i, "x");
		cursor.number += 5;
		assert_int_equal(0, log_events_put_cursor(events, 0, &cursor));
		assert_int_equal(0, log_events_commit(events));
		assert_int_equal(sizeof cursor.number, write(tell_fd, &cursor.number, sizeof cursor.number));
	}
}

static void test_kill_in_the_middle_of_a_write(void **state)
{
	struct log_query query = LOG_QUERY_ALL(view_of("g"));

	for (int round = 0; round < 8; round++) {
		struct seen seen = { 0 };
		struct log_line_cursor cursor;
		struct log_events *events;
		uint64_t told = 0, next;
		int pipe_fds[2], batches = 0;
		pid_t writer;

		assert_int_equal(0, pipe2(pipe_fds, O_CLOEXEC));
		writer = fork();
		assert_true(writer >= 0);
		if (writer == 0) {
			close(pipe_fds[0]);
			write_batches(*state, pipe_fds[1]);
		}
		close(pipe_fds[1]);
		while (batches++ < 3 + round && read(pipe_fds[0], &next, sizeof next) == sizeof next)
			told = next;
		assert_int_equal(0, kill(writer, SIGKILL));
		assert_int_equal(writer, waitpid(writer, NULL, 0));
		while (read(pipe_fds[0], &next, sizeof next) == sizeof next)
			told = next;
		close(pipe_fds[0]);
		events = open_events(*state, ROOMY);
		assert_int_equal(0, log_events_get_cursor(events, 0, &cursor));
		assert_int_equal(0, log_events_each(events, &query, see, &seen));
		assert_int_equal(0, cursor.number % 5);
		assert_int_equal(cursor.number, seen.count);
		assert_true(cursor.number >= told);
		log_events_close(events);
	}
}

/* ---- bounds ---- */

static off_t size_of(const char *path)
{
	struct stat facts;

	return stat(path, &facts) < 0 ? 0 : facts.st_size;
}

/* `count` events of 1,000 bytes. */
static void put_many(struct log_events *events, const char *group, int count)
{
	char message[1001];
	int64_t id;

	memset(message, 'm', 1000);
	message[1000] = '\0';
	assert_int_equal(0, log_events_begin(events));
	if (log_events_find_stream(events, view_from_text(group), view_of("s"), &id) < 0)
		id = make_stream(events, group, "s");
	for (int i = 0; i < count; i++)
		put(events, id, i, message);
	assert_int_equal(0, log_events_commit(events));
}

static void test_the_oldest_make_room(void **state)
{
	const struct folder *folder = *state;
	uint64_t used = 0, max = 0, bound = (uint64_t)2 << 20;
	struct log_events *events = open_events(folder, bound);
	char wal[112];
	int total = 0;

	for (int round = 0; round < 12; round++) {
		put_many(events, round < 6 ? "old" : "new", 500);
		while ((total = log_events_shrink(events, 100)) > 0)
			;
		assert_int_equal(0, total);
		assert_int_equal(0, log_events_used_bytes(events, &used, &max));
		assert_int_equal(bound, max);
		assert_true(used <= bound);
	}
	assert_int_equal(0, log_events_bytes(events, view_of("old")));
	assert_true(log_events_bytes(events, view_of("new")) > 1000000);
	snprintf(wal, sizeof wal, "%s-wal", folder->file);
	assert_true(size_of(folder->file) < (off_t)(bound + 300 * 4096));
	assert_true(size_of(wal) <= (off_t)LOG_EVENTS_WAL_BYTES);
	/* Even if nobody makes room. */
	assert_int_equal(0, log_events_begin(events));
	for (int error = 0, i = 0; error == 0; i++) {
		assert_true(i < 100000);
		error = log_events_put(
			events, &(struct log_event){ .stream = 2, .message = view_from(wal, sizeof wal) });
		assert_true(error == 0 || error == -ENOSPC);
	}
	log_events_rollback(events);
	/* What did not fit makes room once, although the file is within its bound. */
	assert_int_equal(100, log_events_shrink(events, 100));
	assert_int_equal(0, log_events_shrink(events, 100));
	log_events_close(events);

	/* A bound that was lowered. */
	events = open_events(folder, LOG_EVENTS_MIN_BYTES);
	while (log_events_shrink(events, 500) > 0)
		;
	for (int i = 0; i < 4; i++)
		assert_int_equal(0, log_events_shrink(events, 500));
	log_events_close(events);
	assert_true(size_of(folder->file) <= (off_t)LOG_EVENTS_MIN_BYTES);
}

static int count_group(void *context, struct view group)
{
	(void)group;
	++*(int *)context;
	return 0;
}

/* What a stream holds beyond what goes at once goes with a group that nobody knows of. */
static void test_a_stream_of_very_many_events_goes_in_pieces(void **state)
{
	const struct folder *folder = *state;
	struct log_events *events = open_events(folder, (uint64_t)64 << 20);
	struct view aside = view_of("-1");
	int64_t id;
	int groups = 0;

	put_many(events, "g", 2500);
	assert_int_equal(0, log_events_begin(events));
	assert_int_equal(0, log_events_delete_stream(events, view_of("g"), view_of("s")));
	id = make_stream(events, "g", "s");
	put(events, id, 1, "anew");
	assert_int_equal(0, log_events_commit(events));
	assert_int_equal(1, log_events_stream_count(events, view_of("g")));
	assert_int_equal(4 + LOG_EVENTS_OVERHEAD_BYTES, log_events_bytes(events, view_of("g")));
	assert_int_equal(1000, log_events_drop_group(events, aside, 1000));
	assert_int_equal(500, log_events_drop_group(events, aside, 1000));
	assert_int_equal(0, log_events_each_group(events, count_group, &groups));
	assert_int_equal(1, groups);
	assert_int_equal(4 + LOG_EVENTS_OVERHEAD_BYTES, log_events_bytes(events, view_of("g")));
	log_events_close(events);
}

static int name_group(void *context, struct view group)
{
	strncat(context, group.at, group.count);
	strcat(context, " ");
	return 0;
}

static void test_retention_and_groups_that_are_gone(void **state)
{
	struct log_events *events = open_events(*state, ROOMY);
	char names[64] = "";

	put_many(events, "g", 250);
	put_many(events, "h", 250);
	assert_int_equal(100, log_events_expire(events, view_of("g"), 240, 100));
	assert_int_equal(100, log_events_expire(events, view_of("g"), 240, 100));
	assert_int_equal(40, log_events_expire(events, view_of("g"), 240, 100));
	assert_int_equal(0, log_events_expire(events, view_of("g"), 240, 100));
	assert_int_equal(10 * (1000 + LOG_EVENTS_OVERHEAD_BYTES), log_events_bytes(events, view_of("g")));
	assert_int_equal(0, log_events_expire(events, view_of("nothing"), 240, 100));
	assert_int_equal(200, log_events_drop_group(events, view_of("h"), 200));
	assert_int_equal(50, log_events_drop_group(events, view_of("h"), 200));
	assert_int_equal(0, log_events_each_group(events, name_group, names));
	assert_string_equal("g ", names);
	log_events_close(events);
}

static void test_a_damaged_file_is_put_aside(void **state)
{
	const struct folder *folder = *state;
	struct log_events *events = open_events(folder, ROOMY), *second = NULL;
	const char *message;
	char damaged[112];
	int fd;

	put_many(events, "g", 10);
	assert_int_equal(-EBUSY, log_events_open(&second, folder->file, ROOMY, &message));
	log_events_close(events);
	fd = open(folder->file, O_WRONLY | O_CLOEXEC);
	assert_int_equal(16, pwrite(fd, "nothing you know", 16, 0));
	close(fd);
	assert_int_equal(0, log_events_open(&events, folder->file, ROOMY, &message));
	assert_non_null(strstr(message, "damaged"));
	assert_int_equal(0, log_events_bytes(events, view_of("g")));
	put_many(events, "g", 1);
	log_events_close(events);
	snprintf(damaged, sizeof damaged, "%s.damaged", folder->file);
	assert_true(size_of(damaged) > 0);
	assert_int_equal(0, log_events_open(&events, folder->file, ROOMY, &message));
	assert_string_equal("", message);
	log_events_close(events);
}

static void test_limits(void **state)
{
	struct log_events *events = open_events(*state, ROOMY);
	char *message = malloc(LOG_EVENTS_MESSAGE_MAX_BYTES + 1);
	struct log_event event = { .message = view_from(message, LOG_EVENTS_MESSAGE_MAX_BYTES) };

	memset(message, 'x', LOG_EVENTS_MESSAGE_MAX_BYTES + 1);
	assert_int_equal(0, log_events_begin(events));
	event.stream = make_stream(events, "g", "s");
	assert_int_equal(0, log_events_put(events, &event));
	event.message.count++;
	assert_int_equal(-EMSGSIZE, log_events_put(events, &event));
	event.message.count = 0;
	assert_int_equal(0, log_events_put(events, &event));
	assert_int_equal(0, log_events_commit(events));
	log_events_close(events);
	free(message);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_events_are_read_by_time_then_arrival),
		IN_FOLDER(test_streams),
		IN_FOLDER(test_what_was_not_committed_has_not_happened),
		IN_FOLDER(test_kill_in_the_middle_of_a_write),
		IN_FOLDER(test_a_stream_of_very_many_events_goes_in_pieces),
		IN_FOLDER(test_the_oldest_make_room),
		IN_FOLDER(test_retention_and_groups_that_are_gone),
		IN_FOLDER(test_a_damaged_file_is_put_aside),
		IN_FOLDER(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
