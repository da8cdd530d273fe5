/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "image/syslog/follow.h"
#include "image/syslog/places.h"

static char folder[] = "/tmp/follow_test_XXXXXX";
static char path[128];
static struct follow follow;
static const struct follow_place nowhere;
/* The clock of the tests: it moves when they say so. */
static uint64_t now_ms;

static int start(void **state)
{
	(void)state;
	strcpy(strstr(folder, "_test_") + 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/log", folder);
	now_ms = 1000;
	return 0;
}

static const char *generation(int number)
{
	static char names[4][160];

	snprintf(names[number], sizeof *names, number ? "%s.%d" : "%s", path, number);
	return names[number];
}

static int end(void **state)
{
	(void)state;
	follow_fini(&follow);
	for (int i = 0; i < 4; i++)
		(void)unlink(generation(i));
	return rmdir(folder);
}

static void append(const char *to, const char *text)
{
	int fd = open(to, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
	close(fd);
}

/* As `rotate` does. */
static void rotate(void)
{
	for (int i = 3; i > 0; i--)
		(void)rename(generation(i - 1), generation(i));
}

static void expect(const char *line)
{
	struct view taken;

	assert_true(follow_take_line(&follow, now_ms, &taken));
	assert_int_equal(strlen(line), taken.count);
	assert_memory_equal(line, taken.at, taken.count);
}

static void expect_nothing(void)
{
	struct view taken;

	assert_false(follow_take_line(&follow, now_ms, &taken));
}

static void lines_come_whole_and_in_order(void **state)
{
	(void)state;
	follow_init(&follow, path, &nowhere);
	expect_nothing();
	append(path, "one\ntwo\nthr");
	expect("one");
	expect("two");
	expect_nothing();
	assert_int_equal(8, follow.place.offset_bytes);
	append(path, "ee\n\n");
	expect("three");
	expect("");
	expect_nothing();
}

static void what_was_there_before_is_read_from_its_beginning(void **state)
{
	(void)state;
	append(generation(1), "older\n");
	append(path, "newer\n");
	follow_init(&follow, path, &nowhere);
	expect("newer");
	expect_nothing();
}

static void a_rotated_file_is_read_to_its_end_and_a_little_longer(void **state)
{
	(void)state;
	append(path, "one\n");
	follow_init(&follow, path, &nowhere);
	expect("one");
	append(path, "two\n");
	rotate();
	append(path, "four\n");
	expect("two");
	expect_nothing();
	now_ms += FOLLOW_LINGER_MS - 1;
	append(generation(1), "three\n");
	expect("three");
	expect_nothing();
	now_ms += FOLLOW_LINGER_MS - 1;
	expect_nothing();
	now_ms += 1;
	expect("four");
	expect_nothing();
	assert_int_equal(0, follow.lost_lines);
}

static void several_rotations_are_gone_through_one_by_one(void **state)
{
	(void)state;
	append(path, "one\n");
	follow_init(&follow, path, &nowhere);
	rotate();
	append(path, "two\n");
	rotate();
	append(path, "three\n");
	rotate();
	expect("one");
	for (int i = 0; i < 3; i++) {
		expect_nothing();
		now_ms += FOLLOW_LINGER_MS;
		if (i < 2)
			expect(i ? "three" : "two");
	}
	/* Nobody writes yet. */
	expect_nothing();
	append(path, "four\n");
	expect("four");
}

static void a_gap_among_the_files_is_stepped_over(void **state)
{
	(void)state;
	append(path, "one\n");
	follow_init(&follow, path, &nowhere);
	expect("one");
	assert_int_equal(0, rename(path, generation(3)));
	append(generation(1), "two\n");
	append(path, "three\n");
	expect_nothing();
	now_ms += FOLLOW_LINGER_MS;
	expect("two");
	expect_nothing();
	now_ms += FOLLOW_LINGER_MS;
	expect("three");
}

static void lines_of_a_removed_file_are_counted(void **state)
{
	(void)state;
	append(path, "one\ntwo\nthree\nfour\nwithout an end");
	follow_init(&follow, path, &nowhere);
	expect("one");
	for (int i = 0; i < 4; i++) {
		rotate();
		append(path, i < 2 ? "next\n" : "last\n");
		follow_check(&follow);
	}
	assert_int_equal(3, follow.lost_lines);
	expect("next");
	assert_int_equal(3, follow.lost_lines);
}

static void an_emptied_file_is_begun_anew(void **state)
{
	(void)state;
	append(path, "one\ntwo\n");
	follow_init(&follow, path, &nowhere);
	expect("one");
	expect("two");
	assert_int_equal(0, truncate(path, 0));
	expect_nothing();
	append(path, "a\n");
	expect("a");
}

static void a_place_is_gone_back_to(void **state)
{
	struct follow_place place;

	(void)state;
	append(path, "one\ntwo\nthree\n");
	follow_init(&follow, path, &nowhere);
	expect("one");
	place = follow.place;
	expect("two");
	expect("three");
	rotate();
	append(path, "four\n");
	expect_nothing();
	now_ms += FOLLOW_LINGER_MS;
	expect("four");
	follow_return(&follow, &place);
	expect("two");
	follow_fini(&follow);
	/* Another process does so. */
	follow_init(&follow, path, &place);
	assert_false(follow.lost_place);
	expect("two");
	expect("three");
}

static void a_place_that_is_gone_is_said_to_be(void **state)
{
	struct follow_place place;

	(void)state;
	append(path, "one\n");
	follow_init(&follow, path, &nowhere);
	expect("one");
	place = follow.place;
	assert_int_equal(0, unlink(path));
	append(generation(1), "two\n");
	append(path, "three\n");
	follow_return(&follow, &place);
	assert_true(follow.lost_place);
	expect("two");
	/* A file with the same number that is not the same. */
	place = follow.place;
	place.born_ns ^= 1;
	follow_fini(&follow);
	follow_init(&follow, path, &place);
	assert_true(follow.lost_place);
}

static void without_a_file_all_that_comes_is_gone_back_to(void **state)
{
	(void)state;
	follow_init(&follow, path, &nowhere);
	append(path, "one\n");
	expect("one");
	rotate();
	append(path, "two\n");
	follow_return(&follow, &nowhere);
	assert_false(follow.lost_place);
	expect("one");
}

static void a_line_that_is_too_long_is_cut(void **state)
{
	static char text[3 * FOLLOW_LINE_MAX_BYTES];
	struct view line;

	(void)state;
	for (size_t more = 0; more < 3; more++) {
		size_t count = FOLLOW_LINE_MAX_BYTES - 1 + more;

		memset(text, 'x', count);
		strcpy(text + count, "\nnext\n");
		append(path, text);
		if (!more)
			follow_init(&follow, path, &nowhere);
		assert_true(follow_take_line(&follow, now_ms, &line));
		assert_int_equal(more ? FOLLOW_LINE_MAX_BYTES : count, line.count);
		expect("next");
		expect_nothing();
	}
	memset(text, 'y', sizeof text - 1);
	append(path, text);
	assert_true(follow_take_line(&follow, now_ms, &line));
	assert_int_equal(FOLLOW_LINE_MAX_BYTES, line.count);
	expect_nothing();
	append(path, "\nend\n");
	expect("end");
}

/* Written piece by piece of every size, so that a line may end at every place of what is read at once. */
static void lines_are_whole_however_they_are_written(void **state)
{
	(void)state;
	append(path, "");
	follow_init(&follow, path, &nowhere);
	for (size_t piece = 1; piece < 12; piece++) {
		static const char text[] = "a\nbb\nccc\n\ndddd\n";
		static const char *const lines[] = { "a", "bb", "ccc", "", "dddd" };
		size_t found = 0;

		for (size_t at = 0; at < strlen(text); at += piece) {
			char part[16];
			struct view line;

			snprintf(part, sizeof part, "%.*s", (int)piece, text + at);
			append(path, part);
			while (follow_take_line(&follow, now_ms, &line))
				assert_true(view_equals_text(line, lines[found++]));
		}
		assert_int_equal(5, found);
	}
}

static void links_and_folders_are_not_followed(void **state)
{
	(void)state;
	append(generation(2), "secret\n");
	assert_int_equal(0, symlink(generation(2), path));
	follow_init(&follow, path, &nowhere);
	expect_nothing();
	assert_int_equal(0, unlink(path));
	assert_int_equal(0, mkdir(path, 0700));
	expect_nothing();
	assert_int_equal(0, rmdir(path));
}

static void places_are_kept(void **state)
{
	struct follow_place places[MESSAGE_SOURCES_COUNT] = { { 1, 2, 3 }, { 4, 5, 6 }, { UINT64_MAX, 0, 7 } },
			    read[MESSAGE_SOURCES_COUNT];

	(void)state;
	places_read(path, read);
	assert_int_equal(0, read[MESSAGE_AUDIT].inode);
	assert_int_equal(0, places_write(path, places));
	places_read(path, read);
	assert_memory_equal(places, read, sizeof read);
	/* Of another boot: what is on the disk is still there, what was in memory is not. */
	assert_int_equal(0, unlink(path));
	append(path, "console 1 2 3\naudit 4 5 6\nboot 0\n");
	places_read(path, read);
	assert_int_equal(0, read[MESSAGE_CONSOLE].inode);
	assert_int_equal(6, read[MESSAGE_AUDIT].offset_bytes);
	assert_int_equal(0, read[MESSAGE_ACCESS].inode);
	assert_int_equal(0, unlink(path));
	append(path, "audit\naudit x\n\x01\x02 1 2 3\naudit 1 2\n");
	places_read(path, read);
	assert_int_equal(0, read[MESSAGE_AUDIT].inode);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
		TEST(lines_come_whole_and_in_order),
		TEST(what_was_there_before_is_read_from_its_beginning),
		TEST(a_rotated_file_is_read_to_its_end_and_a_little_longer),
		TEST(several_rotations_are_gone_through_one_by_one),
		TEST(a_gap_among_the_files_is_stepped_over),
		TEST(lines_of_a_removed_file_are_counted),
		TEST(an_emptied_file_is_begun_anew),
		TEST(a_place_is_gone_back_to),
		TEST(a_place_that_is_gone_is_said_to_be),
		TEST(without_a_file_all_that_comes_is_gone_back_to),
		TEST(a_line_that_is_too_long_is_cut),
		TEST(lines_are_whole_however_they_are_written),
		TEST(links_and_folders_are_not_followed),
		TEST(places_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
