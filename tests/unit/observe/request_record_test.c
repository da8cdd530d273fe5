/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of observe/request_record: the last requests stay, refused ones apart from allowed ones, whatever happens to the file. */
#include "tests/unit/observe/record_support.h"

#include <time.h>

#include "appliance/observe/request_record.h"

/* A page of slots in each ring of a worker. */
#define PAGES(workers) (1 + 3 * (workers))
#define REFUSED_ROOM (RECORD_FILE_PAGE_BYTES / REQUEST_RECORD_REFUSED_BYTES)
#define ALLOWED_ROOM (RECORD_FILE_PAGE_BYTES / REQUEST_RECORD_ALLOWED_BYTES)

static char id_text[REQUEST_ID_BYTES + 1];

static struct request_entry entry_of(unsigned number, enum request_outcome outcome)
{
	snprintf(id_text, sizeof id_text, "%08x-0000-4000-8000-000000000000", number);
	return (struct request_entry){ .request_id = view_from(id_text, REQUEST_ID_BYTES),
		.texts = { [REQUEST_TEXT_ENDPOINT] = view_of("vpce-0a1"),
			[REQUEST_TEXT_SOURCE] = view_of("10.0.0.1"),
			[REQUEST_TEXT_API] = view_of("a1b2c3d4e5"),
			[REQUEST_TEXT_PATH] = view_of("pets/7"),
			[REQUEST_TEXT_USER_AGENT] = view_of("curl") },
		.time_ms = 1000 + number,
		.fingerprints = { 1, 0, 3 },
		.outcome = outcome,
		.verdict = 1,
		.by = 3,
		.statement = -1,
		.status = 403,
		.has_user_agent = true };
}

static void write_entry(struct request_record *record, unsigned worker, unsigned number, enum request_outcome outcome)
{
	struct request_entry entry = entry_of(number, outcome);

	request_log_write(request_record_log(record, worker), &entry);
}

static struct request_record *open_record(int fd, unsigned workers)
{
	struct request_record *record = NULL;

	assert_int_equal(0, request_record_open(&record, fd, workers));
	return record;
}

#define SEEN_MAX 64

struct seen {
	size_t count;
	unsigned numbers[SEEN_MAX];
	struct request_entry last;
	char last_path[1700];
	struct request_record_state state;
};

static int see(void *context, const struct request_entry *entry)
{
	struct seen *seen = context;

	if (seen->count == SEEN_MAX)
		return -E2BIG;
	assert_int_equal(REQUEST_ID_BYTES, entry->request_id.count);
	seen->numbers[seen->count++] = (unsigned)strtoul(entry->request_id.at, NULL, 16);
	seen->last = *entry;
	snprintf(seen->last_path, sizeof seen->last_path, VIEW_FMT, VIEW_ARG(entry->texts[REQUEST_TEXT_PATH]));
	return 0;
}

static struct seen look(int fd)
{
	struct seen seen = { .count = 0 };

	assert_int_equal(0, request_record_each(fd, see, &seen, &seen.state));
	return seen;
}

static bool has(const struct seen *seen, unsigned number)
{
	for (size_t i = 0; i < seen->count; i++)
		if (seen->numbers[i] == number)
			return true;
	return false;
}

/* ---- tests ---- */

static void what_was_written_is_read(void **state)
{
	int fd = new_file(PAGES(1));
	struct request_record *record = open_record(fd, 1);
	struct seen seen;

	(void)state;
	write_entry(record, 0, 1, REQUEST_DENIED);
	seen = look(fd);
	assert_int_equal(1, seen.count);
	assert_int_equal(1001, seen.last.time_ms);
	assert_int_equal(REQUEST_DENIED, seen.last.outcome);
	assert_int_equal(1, seen.last.fingerprints[0]);
	assert_int_equal(3, seen.last.fingerprints[2]);
	assert_int_equal(3, seen.last.by);
	assert_int_equal(-1, seen.last.statement);
	assert_int_equal(403, seen.last.status);
	assert_true(seen.last.has_user_agent);
	assert_false(seen.last.has_referer);
	assert_int_equal(0, seen.last.cut);
	assert_string_equal("pets/7", seen.last_path);
	assert_int_equal(REFUSED_ROOM, seen.state.refused_room);
	assert_int_equal(ALLOWED_ROOM, seen.state.allowed_room);
	assert_int_equal(1001, seen.state.oldest_refused_ms);
	assert_int_equal(0, seen.state.oldest_allowed_ms);
	request_record_close(record);
	close(fd);
}

static void rings_wrap_and_do_not_push_one_another_out(void **state)
{
	int fd = new_file(PAGES(1));
	struct request_record *record = open_record(fd, 1), *killed = record;
	struct seen seen;

	(void)state;
	write_entry(record, 0, 1, REQUEST_UNJUDGED);
	for (unsigned i = 2; i < 100; i++) {
		write_entry(record, 0, i, REQUEST_ALLOWED);
		if (i == 50) /* as after kill -9 */
			record = open_record(fd, 1);
	}
	seen = look(fd);
	assert_int_equal(1 + ALLOWED_ROOM, seen.count);
	assert_true(has(&seen, 1));
	for (unsigned i = 100 - ALLOWED_ROOM; i < 100; i++)
		assert_true(has(&seen, i));
	assert_int_equal(1000 + 100 - ALLOWED_ROOM, seen.state.oldest_allowed_ms);
	for (unsigned i = 200; i < 200 + REFUSED_ROOM; i++)
		write_entry(record, 0, i, REQUEST_DENIED);
	seen = look(fd);
	assert_false(has(&seen, 1));
	assert_true(has(&seen, 200));
	request_record_close(record);
	request_record_close(killed);
	close(fd);
}

static void long_texts_are_cut_first_in_short_slots(void **state)
{
	static char long_text[2000];
	int fd = new_file(PAGES(1));
	struct request_record *record = open_record(fd, 1);
	struct request_entry entry = entry_of(1, REQUEST_DENIED);
	struct seen seen;

	(void)state;
	memset(long_text, 'x', sizeof long_text);
	entry.texts[REQUEST_TEXT_PATH] = view_from(long_text, 1500);
	entry.texts[REQUEST_TEXT_USER_AGENT] = view_from(long_text, 300);
	request_log_write(request_record_log(record, 0), &entry);
	seen = look(fd);
	assert_int_equal(1500, strlen(seen.last_path));
	assert_int_equal(1u << REQUEST_TEXT_USER_AGENT, seen.last.cut);

	entry.outcome = REQUEST_ALLOWED;
	entry.cut = 1u << REQUEST_TEXT_REFERER;
	request_log_write(request_record_log(record, 0), &entry);
	seen = look(fd);
	assert_int_equal(2, seen.count);
	assert_true(strlen(seen.last_path) > 200 && strlen(seen.last_path) < 500);
	assert_int_equal(
		1u << REQUEST_TEXT_PATH | 1u << REQUEST_TEXT_USER_AGENT | 1u << REQUEST_TEXT_REFERER, seen.last.cut);
	request_record_close(record);
	close(fd);
}

static void the_number_of_workers_may_change_and_the_newest_stay(void **state)
{
	int fd = new_file(PAGES(3));
	struct request_record *record = open_record(fd, 3);
	struct seen seen;

	(void)state;
	for (unsigned i = 0; i < 3 * ALLOWED_ROOM; i++)
		write_entry(record, i % 3, i, REQUEST_ALLOWED);
	for (unsigned i = 100; i < 103; i++)
		write_entry(record, i % 3, i, REQUEST_DENIED);
	request_record_close(record);
	assert_int_equal(3 * ALLOWED_ROOM + 3, look(fd).count);
	request_record_close(open_record(fd, 1));
	seen = look(fd);
	assert_true(seen.count >= 2 * ALLOWED_ROOM && has(&seen, 100) && has(&seen, 102));
	assert_true(has(&seen, 3 * ALLOWED_ROOM - 1) && has(&seen, 3 * ALLOWED_ROOM - 2));
	for (unsigned i = 1; i < 3 * ALLOWED_ROOM; i++)
		assert_true(!has(&seen, i - 1) || has(&seen, i));
	/* The ring goes on where it was. */
	record = open_record(fd, 1);
	write_entry(record, 0, 500, REQUEST_ALLOWED);
	request_record_close(record);
	seen = look(fd);
	assert_true(has(&seen, 500) && has(&seen, 3 * ALLOWED_ROOM - 1));
	close(fd);
}

static void any_damaged_byte_loses_requests_at_most(void **state)
{
	int whole = new_file(PAGES(1));
	struct request_record *record = open_record(whole, 1);
	unsigned char *bytes;

	(void)state;
	for (unsigned i = 0; i < ALLOWED_ROOM; i++)
		write_entry(record, 0, i, i < REFUSED_ROOM ? REQUEST_DENIED : REQUEST_ALLOWED);
	request_record_close(record);
	bytes = file_bytes(whole, PAGES(1));
	for (size_t at = 0; at < PAGES(1) * PAGE; at += at < 80 || at % 512 < 160 ? 1 : 31) {
		int fd = file_with(bytes, PAGES(1) * PAGE);
		struct seen seen = { .count = 0 };
		int result;

		damage(fd, at, at & 1 ? 0xff : 0x01);
		result = request_record_each(fd, see, &seen, &seen.state);
		assert_true(result == 0 || result == -ENODATA);
		if (result == 0 && seen.count)
			assert_true(seen.count >= ALLOWED_ROOM - 1 && seen.count <= ALLOWED_ROOM);
		record = open_record(fd, 1);
		write_entry(record, 0, 900, REQUEST_DENIED);
		write_entry(record, 0, 901, REQUEST_ALLOWED);
		request_record_close(record);
		seen.count = 0;
		assert_int_equal(0, request_record_each(fd, see, &seen, &seen.state));
		assert_true(has(&seen, 900) && has(&seen, 901));
		close(fd);
	}
	free(bytes);
	close(whole);
}

static void random_bytes_behind_a_good_header_are_left_out(void **state)
{
	uint32_t random = 11, epoch;
	int whole = new_file(PAGES(1));
	unsigned char *bytes;

	(void)state;
	request_record_close(open_record(whole, 1));
	bytes = file_bytes(whole, PAGES(1));
	memcpy(&epoch, bytes + 12, sizeof epoch);
	for (int round = 0; round < 300; round++) {
		struct seen seen = { .count = 0 };
		int fd;

		for (size_t i = PAGE; i < PAGES(1) * PAGE; i++)
			bytes[i] = (unsigned char)next_random(&random);
		for (size_t i = 2 * PAGE; i < PAGES(1) * PAGE; i += 512) {
			bytes[i] &= 0xfe;
			memcpy(bytes + i + 4, &epoch, sizeof epoch);
		}
		fd = file_with(bytes, PAGES(1) * PAGE);
		assert_int_equal(0, request_record_each(fd, see, &seen, &seen.state));
		assert_int_equal(0, seen.count);
		assert_int_equal(ALLOWED_ROOM + REFUSED_ROOM, seen.state.odd_count);
		request_record_close(open_record(fd, 1));
		close(fd);
	}
	free(bytes);
	close(whole);
}

static void clients_are_no_requests(void **state)
{
	static const struct record_kind other = {
		.magic = "OTHERREC", .version = 1, .area_count = 1, .areas = { { .slot_bytes = 512, .share = 1 } }
	};
	struct record_file *file;
	struct request_record_state facts;
	int fd = new_file(PAGES(1));

	(void)state;
	assert_int_equal(0, record_file_open(&file, fd, &other, 1, NULL));
	record_file_close(file);
	assert_int_equal(-ENODATA, request_record_each(fd, see, NULL, &facts));
	request_record_close(open_record(fd, 1));
	assert_int_equal(0, look(fd).count);
	close(fd);
}

static void speed(void **state)
{
	enum { ROUNDS = 500000 };
	struct request_entry entry = entry_of(1, REQUEST_ALLOWED);
	int fd = new_file(4096);
	struct request_record *record = open_record(fd, 2);
	struct timespec from, to;

	(void)state;
	for (int round = 0; round < 2; round++) {
		clock_gettime(CLOCK_MONOTONIC, &from);
		for (int i = 0; i < ROUNDS; i++)
			request_log_write(request_record_log(record, 0), &entry);
		clock_gettime(CLOCK_MONOTONIC, &to);
	}
	print_message("request_record: %.1f ns a request\n",
		((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / ROUNDS);
	request_record_close(record);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(rings_wrap_and_do_not_push_one_another_out),
		cmocka_unit_test(long_texts_are_cut_first_in_short_slots),
		cmocka_unit_test(the_number_of_workers_may_change_and_the_newest_stay),
		cmocka_unit_test(any_damaged_byte_loses_requests_at_most),
		cmocka_unit_test(random_bytes_behind_a_good_header_are_left_out),
		cmocka_unit_test(clients_are_no_requests),
		cmocka_unit_test(speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
