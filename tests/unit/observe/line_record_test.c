/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of observe/line_record: every line comes once and whole, what is overwritten is counted, nothing is believed. */
#include "tests/unit/observe/record_support.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "appliance/observe/line_record.h"

/* Pages of a file with room for the longest line. */
#define PAGES 40
#define SLOTS_PER_PAGE (PAGE / LINE_RECORD_SLOT_BYTES)

struct seen {
	char text[1024]; /* groups and lines */
	uint64_t count, lost;
	size_t stop_after;
	struct view last_line; /* what it must be; empty: anything */
};

static int see(void *context, uint64_t time_ms, struct view group, struct view line)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	assert_int_equal(7, time_ms);
	if (seen->last_line.count)
		assert_true(view_equals(seen->last_line, line));
	if (used + group.count + line.count + 3 < sizeof seen->text)
		snprintf(seen->text + used, sizeof seen->text - used, VIEW_FMT "=" VIEW_FMT " ", VIEW_ARG(group),
			VIEW_ARG(line));
	seen->count++;
	return seen->stop_after && seen->count == seen->stop_after ? 1 : 0;
}

static struct line_record *open_record(int fd, unsigned workers)
{
	struct line_record *record = NULL;

	assert_int_equal(0, line_record_open(&record, fd, workers));
	return record;
}

static struct seen follow(int fd, unsigned worker, struct line_cursor *cursor)
{
	struct seen seen = { 0 };

	assert_int_equal(0, line_record_follow(fd, worker, cursor, see, &seen, &seen.lost));
	return seen;
}

static void write_text(struct line_log *log, const char *group, const char *line)
{
	line_log_write(log, 7, view_from_text(group), view_from_text(line));
}

static void test_each_line_comes_once(void **state)
{
	int fd = new_file(PAGES * 2);
	struct line_record *record = open_record(fd, 2);
	struct line_cursor first = { 0 }, second = { 0 };
	struct seen seen = { .stop_after = 1 };

	(void)state;
	assert_int_equal(2, line_record_worker_count(fd));
	assert_int_equal(0, follow(fd, 0, &first).count);
	write_text(line_record_log(record, 0), "g", "one");
	write_text(line_record_log(record, 0), "h", "two");
	write_text(line_record_log(record, 1), "g", "");
	assert_string_equal("g=one h=two ", follow(fd, 0, &first).text);
	assert_int_equal(0, follow(fd, 0, &first).count);
	assert_string_equal("g= ", follow(fd, 1, &second).text);
	/* Stopped in between, it goes on there. */
	write_text(line_record_log(record, 0), "g", "three");
	write_text(line_record_log(record, 0), "g", "four");
	assert_int_equal(1, line_record_follow(fd, 0, &first, see, &seen, &seen.lost));
	assert_string_equal("g=three ", seen.text);
	seen = follow(fd, 0, &first);
	assert_string_equal("g=four ", seen.text);
	assert_int_equal(0, seen.lost);
	line_record_close(record);
	/* A new gateway goes on behind the old one's lines. */
	record = open_record(fd, 2);
	write_text(line_record_log(record, 0), "g", "five");
	seen = follow(fd, 0, &first);
	assert_string_equal("g=five ", seen.text);
	assert_int_equal(0, seen.lost);
	line_record_close(record);
	close(fd);
}

/* Lines of every length around the slots' edges, many rounds of the ring. */
static void test_lines_of_all_lengths(void **state)
{
	static char line[LINE_RECORD_LINE_MAX_BYTES + 1];
	int fd = new_file(PAGES);
	struct line_record *record = open_record(fd, 1);
	struct line_log *log = line_record_log(record, 0);
	struct line_cursor cursor = { 0 };
	char group[LINE_RECORD_GROUP_MAX_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < sizeof line; i++)
		line[i] = (char)('a' + i % 23);
	memset(group, 'g', sizeof group);
	for (size_t count = 0; count < sizeof line; count += count < 800 ? 1 : 4093) {
		struct seen seen = { .last_line = view_from(line, count) };

		line_log_write(log, 7, view_from(group, 1 + count % LINE_RECORD_GROUP_MAX_BYTES), seen.last_line);
		assert_int_equal(0, line_record_follow(fd, 0, &cursor, see, &seen, &seen.lost));
		assert_int_equal(1, seen.count);
		assert_int_equal(0, seen.lost);
	}
	/* What is longer is not written, and counts as lost. */
	line_log_write(log, 7, view_of("g"), view_from(line, sizeof line));
	line_log_write(log, 7, view_from(group, sizeof group), view_of("x"));
	assert_int_equal(0, follow(fd, 0, &cursor).count);
	write_text(log, "g", "next");
	assert_int_equal(2, follow(fd, 0, &cursor).lost);
	line_record_close(record);
	close(fd);
}

static void test_overwritten_lines_are_counted(void **state)
{
	int fd = new_file(PAGES);
	struct line_record *record = open_record(fd, 1);
	struct line_log *log = line_record_log(record, 0);
	struct line_cursor cursor = { 0 };
	uint64_t slot_count = (PAGES - 2) * SLOTS_PER_PAGE, total = 0;
	char long_line[600];
	struct seen seen;

	(void)state;
	memset(long_line, 'l', sizeof long_line - 1);
	long_line[sizeof long_line - 1] = '\0';
	write_text(log, "g", "begin");
	assert_int_equal(1, follow(fd, 0, &cursor).count);
	/* Exactly as many as there is room for: none is lost. */
	for (uint64_t i = 0; i < slot_count; i++)
		write_text(log, "g", "x");
	seen = follow(fd, 0, &cursor);
	assert_int_equal(slot_count, seen.count);
	assert_int_equal(0, seen.lost);
	for (uint64_t i = 0; i < slot_count + 5; i++)
		write_text(log, "g", "x");
	seen = follow(fd, 0, &cursor);
	assert_int_equal(slot_count, seen.count);
	assert_int_equal(5, seen.lost);
	/* Lines of three slots: the one that is cut by the ring's end is lost as a whole. */
	for (uint64_t i = 0; i < slot_count; i++)
		write_text(log, "g", long_line);
	seen = follow(fd, 0, &cursor);
	assert_int_equal(slot_count, seen.count + seen.lost);
	assert_int_equal(slot_count / 3, seen.count);
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 37 * round; i++)
			write_text(log, "g", i % 3 ? "short" : long_line);
		seen = follow(fd, 0, &cursor);
		total += (uint64_t)(37 * round);
		assert_int_equal(37 * round, seen.count + seen.lost);
	}
	assert_true(total > 3 * slot_count);
	line_record_close(record);
	close(fd);
}

/* A cursor ahead of its own file goes back to the end: nothing is read again, and nothing counts as lost. */
static void test_a_cursor_ahead(void **state)
{
	int fd = new_file(PAGES);
	struct line_record *record = open_record(fd, 1);
	struct line_cursor cursor = { 0 };
	struct seen seen;

	(void)state;
	write_text(line_record_log(record, 0), "g", "before");
	assert_int_equal(1, follow(fd, 0, &cursor).count);
	cursor.serial += 3;
	cursor.number += 3;
	seen = follow(fd, 0, &cursor);
	assert_int_equal(0, seen.count + seen.lost);
	write_text(line_record_log(record, 0), "g", "after");
	seen = follow(fd, 0, &cursor);
	assert_string_equal("g=after ", seen.text);
	assert_int_equal(0, seen.lost);
	line_record_close(record);
	close(fd);
}

/* Another size or number of workers: begun anew, and the reader begins anew too. */
static void test_begun_anew(void **state)
{
	int fd = new_file(PAGES * 2);
	struct line_record *record = open_record(fd, 1), *other = NULL;
	struct line_cursor cursor = { 0 };
	struct seen seen;

	(void)state;
	write_text(line_record_log(record, 0), "g", "before");
	assert_int_equal(1, follow(fd, 0, &cursor).count);
	line_record_close(record);
	record = open_record(fd, 2);
	write_text(line_record_log(record, 0), "g", "after");
	seen = follow(fd, 0, &cursor);
	assert_string_equal("g=after ", seen.text);
	assert_int_equal(0, seen.lost);
	assert_int_equal(-ENODATA, line_record_follow(fd, 2, &cursor, see, &seen, &seen.lost));
	assert_int_equal(-EFBIG, line_record_open(&other, fd, 5));
	assert_int_equal(-EFBIG, line_record_open(&other, new_file(4), 1));
	assert_int_equal(-ENODATA, line_record_worker_count(new_file(4)));
	line_record_close(record);
	close(fd);
}

static int see_anything(void *context, uint64_t time_ms, struct view group, struct view line)
{
	uint64_t *count = context;

	(void)time_ms;
	assert_true(group.count <= LINE_RECORD_GROUP_MAX_BYTES && line.count <= LINE_RECORD_LINE_MAX_BYTES);
	(*count)++;
	return 0;
}

/* Whatever a writer gone mad leaves: no line longer than the limits, no endless walk, no touch of foreign memory. */
static void test_damage(void **state)
{
	int whole = new_file(PAGES);
	struct line_record *record = open_record(whole, 1);
	unsigned char *bytes;
	uint32_t random = 11;

	(void)state;
	for (int i = 0; i < 400; i++)
		write_text(line_record_log(record, 0), "group", i % 5 ? "a line" : "another, which is somewhat longer");
	bytes = file_bytes(whole, PAGES);
	for (int round = 0; round < 300; round++) {
		int fd = file_with(bytes, PAGES * PAGE);
		struct line_cursor cursor = { 0 };
		uint64_t count = 0, lost;
		int result;

		for (int i = 0; i < 40; i++)
			damage(fd, PAGE + next_random(&random) % (30 * PAGE), (unsigned char)next_random(&random));
		for (int again = 0; again < 2; again++) {
			result = line_record_follow(fd, 0, &cursor, see_anything, &count, &lost);
			assert_true(result == 0 || result == -ENODATA);
		}
		assert_true(count <= 400);
		close(fd);
	}
	free(bytes);
	line_record_close(record);
	close(whole);
}

/* ---- a reader beside a writer, and one that outlives it ---- */

#define LINE_OF_WRITER "a line of the writer, which takes more than one slot: " FIFTY FIFTY FIFTY FIFTY FIFTY
#define FIFTY "................................................. "

static int see_own(void *context, uint64_t time_ms, struct view group, struct view line)
{
	uint64_t *count = context;

	assert_int_equal(7, time_ms);
	assert_true(view_equals_text(group, "g"));
	assert_true(view_equals_text(line, LINE_OF_WRITER));
	(*count)++;
	return 0;
}

static void test_reader_beside_a_killed_writer(void **state)
{
	int fd = new_file(PAGES);
	struct line_cursor cursor = { 0 };
	uint64_t count = 0, lost_sum = 0, lost, more = 0;
	struct line_record *record;
	struct seen seen;
	pid_t writer;

	(void)state;
	line_record_close(open_record(fd, 1));
	writer = fork();
	assert_true(writer >= 0);
	if (writer == 0) {
		record = open_record(fd, 1);
		for (;;)
			write_text(line_record_log(record, 0), "g", LINE_OF_WRITER);
	}
	for (int looks = 0; looks < 200 || count < 1000; looks++) {
		assert_int_equal(0, line_record_follow(fd, 0, &cursor, see_own, &count, &lost));
		lost_sum += lost;
	}
	assert_int_equal(0, kill(writer, SIGKILL));
	assert_int_equal(writer, waitpid(writer, NULL, 0));
	/* What it wrote is there without it; what it was writing is nobody's. */
	assert_int_equal(0, line_record_follow(fd, 0, &cursor, see_own, &more, &lost));
	record = open_record(fd, 1);
	write_text(line_record_log(record, 0), "g", "of the next");
	seen = follow(fd, 0, &cursor);
	assert_string_equal("g=of the next ", seen.text);
	assert_true(seen.lost <= 1);
	assert_int_equal(cursor.number, count + more + lost_sum + lost + seen.lost + 1);
	line_record_close(record);
	close(fd);
}

static void test_cost(void **state)
{
	int fd = new_file(4 * PAGES);
	struct line_record *record = open_record(fd, 1);
	struct timespec start, end;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < 200000; i++)
		write_text(line_record_log(record, 0), "/aws/apigateway/pets", LINE_OF_WRITER);
	clock_gettime(CLOCK_MONOTONIC, &end);
	print_message("line_record: %.1f ns a line\n",
		((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) / 200000);
	line_record_close(record);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_line_comes_once),
		cmocka_unit_test(test_lines_of_all_lengths),
		cmocka_unit_test(test_overwritten_lines_are_counted),
		cmocka_unit_test(test_a_cursor_ahead),
		cmocka_unit_test(test_begun_anew),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_reader_beside_a_killed_writer),
		cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
