/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of observe/client_record and record_file: counts survive, room is bounded, and no damage does more than lose clients. */
#include "tests/unit/observe/record_support.h"

#include <pthread.h>
#include <time.h>

#include "appliance/observe/client_record.h"

/* One bucket a worker: header, and counters and slots of each. */
#define PAGES(workers) (1 + 2 * (workers))

static struct client_facts client_of(unsigned number)
{
	static char texts[64][2][24];
	struct client_facts facts = { .texts = { [CLIENT_TEXT_ENDPOINT] = view_of("vpce-0a1"),
					      [CLIENT_TEXT_VPC] = view_of("vpc-0b1"),
					      [CLIENT_TEXT_API] = view_of("a1b2c3d4e5"),
					      [CLIENT_TEXT_STAGE] = view_of("prod"),
					      [CLIENT_TEXT_METHOD] = view_of("GET") },
		.secure = true };
	char *resource = texts[number % 64][0], *path = texts[number % 64][1];

	facts.texts[CLIENT_TEXT_RESOURCE] = view_from(resource, (size_t)sprintf(resource, "/pets/%u/{id}", number));
	facts.texts[CLIENT_TEXT_PATH] = view_from(path, (size_t)sprintf(path, "pets/%u/7", number));
	memcpy(facts.source + 12, &number, sizeof number);
	return facts;
}

static struct client_record *open_record(int fd, unsigned workers)
{
	struct client_record *record = NULL;

	assert_int_equal(0, client_record_open(&record, fd, workers));
	return record;
}

/* ---- what a walk saw ---- */

#define SEEN_MAX 64

struct seen {
	size_t count;
	struct {
		unsigned number;
		uint64_t requests, first_ms, last_ms;
		bool denied;
		uint16_t cut;
		char path[200];
	} clients[SEEN_MAX];
	struct client_record_state state;
};

static int see(void *context, const struct client_facts *facts)
{
	struct seen *seen = context;
	struct view path = facts->texts[CLIENT_TEXT_PATH];

	if (seen->count == SEEN_MAX)
		return -E2BIG;
	memcpy(&seen->clients[seen->count].number, facts->source + 12, sizeof(unsigned));
	seen->clients[seen->count].requests = facts->count;
	seen->clients[seen->count].first_ms = facts->first_seen_ms;
	seen->clients[seen->count].last_ms = facts->last_seen_ms;
	seen->clients[seen->count].denied = facts->denied;
	seen->clients[seen->count].cut = facts->cut;
	snprintf(seen->clients[seen->count].path, sizeof seen->clients[0].path, VIEW_FMT, VIEW_ARG(path));
	seen->count++;
	return 0;
}

static struct seen look(int fd)
{
	struct seen seen = { .count = 0 };

	assert_int_equal(0, client_record_each(fd, see, &seen, &seen.state));
	return seen;
}

static size_t find(const struct seen *seen, unsigned number)
{
	for (size_t i = 0; i < seen->count; i++)
		if (seen->clients[i].number == number)
			return i;
	fail_msg("client %u is not there", number);
	return 0;
}

/* ---- tests ---- */

static void a_client_is_counted_and_survives_a_restart(void **state)
{
	struct client_facts one = client_of(1), denied = client_of(1), other = client_of(2);
	int fd = new_file(PAGES(1));
	struct client_record *record = open_record(fd, 1), *killed = record;
	struct seen seen;

	(void)state;
	denied.denied = true;
	client_table_note(client_record_table(record, 0), NULL, &one, 100);
	client_table_note(client_record_table(record, 0), NULL, &one, 105);
	client_table_note(client_record_table(record, 0), NULL, &denied, 107);
	client_table_note(client_record_table(record, 0), NULL, &other, 110);
	/* As after kill -9: nothing is closed. */
	record = open_record(fd, 1);
	one.texts[CLIENT_TEXT_PATH] = view_of("another");
	client_table_note(client_record_table(record, 0), NULL, &one, 120);
	client_record_close(record);
	client_record_close(killed);

	seen = look(fd);
	assert_int_equal(3, seen.count);
	assert_int_equal(3, seen.clients[0].requests);
	assert_int_equal(100, seen.clients[0].first_ms);
	assert_int_equal(120, seen.clients[0].last_ms);
	assert_string_equal("pets/1/7", seen.clients[0].path);
	assert_true(seen.clients[1].denied);
	assert_int_equal(2, seen.clients[2].number);
	assert_int_equal(0, seen.state.evicted_count);
	assert_int_equal(0, seen.state.odd_count);
	assert_int_equal(CLIENT_RECORD_WAYS, seen.state.room);
	close(fd);
}

static void a_remembered_client_is_counted_without_its_texts(void **state)
{
	struct client_facts facts = client_of(1), other = client_of(2);
	struct client_hint hint = { .words = { 1, 2, 3 } }, second = { .words = { 1, 2, 4 } };
	int fd = new_file(PAGES(1));
	struct client_record *record = open_record(fd, 1);
	struct client_table *table = client_record_table(record, 0);
	struct seen seen;

	(void)state;
	assert_false(client_table_again(table, &hint, 1));
	client_table_note(table, &hint, &facts, 1);
	assert_true(client_table_again(table, &hint, 2));
	assert_false(client_table_again(table, &second, 3));
	client_table_note(table, &second, &other, 3);
	assert_true(client_table_again(table, &hint, 4));
	seen = look(fd);
	assert_int_equal(3, seen.clients[find(&seen, 1)].requests);
	assert_int_equal(4, seen.clients[find(&seen, 1)].last_ms);
	assert_int_equal(1, seen.clients[find(&seen, 2)].requests);
	/* Its place was given away: it is not remembered any more. */
	for (unsigned i = 10; i < 10 + CLIENT_RECORD_WAYS; i++) {
		struct client_facts newer = client_of(i);

		client_table_note(table, NULL, &newer, 100 + i);
	}
	assert_false(client_table_again(table, &hint, 200));
	client_record_close(record);
	close(fd);
}

static void the_client_seen_longest_ago_gives_way(void **state)
{
	int fd = new_file(PAGES(1));
	struct client_record *record = open_record(fd, 1);
	struct client_table *table = client_record_table(record, 0);
	struct seen seen;

	(void)state;
	for (unsigned i = 0; i < CLIENT_RECORD_WAYS; i++) {
		struct client_facts facts = client_of(i);

		client_table_note(table, NULL, &facts, 100 + i);
	}
	/* Client 0 is seen again, so client 1 is the oldest. */
	client_table_note(table, NULL, &(struct client_facts){ 0 }, 90);
	for (unsigned i = 0; i < 3; i++) {
		struct client_facts facts = client_of(i == 0 ? 0 : 20 + i);

		client_table_note(table, NULL, &facts, 200 + i);
	}
	seen = look(fd);
	assert_int_equal(CLIENT_RECORD_WAYS, seen.count);
	assert_int_equal(4, seen.state.evicted_count);
	(void)find(&seen, 0);
	(void)find(&seen, 21);
	(void)find(&seen, 22);
	for (size_t i = 0; i < seen.count; i++)
		assert_int_not_equal(1, seen.clients[i].number);
	client_record_close(record);
	close(fd);
}

static void long_texts_are_cut_and_still_tell_clients_apart(void **state)
{
	static char long_text[600];
	struct client_facts a = client_of(1), b;
	int fd = new_file(PAGES(1));
	struct client_record *record = open_record(fd, 1);
	struct seen seen;

	(void)state;
	memset(long_text, 'x', sizeof long_text);
	a.texts[CLIENT_TEXT_RESOURCE] = view_from(long_text, 600);
	a.texts[CLIENT_TEXT_PRINCIPAL] = view_from(long_text, 500);
	a.texts[CLIENT_TEXT_PATH] = view_from(long_text, 200);
	a.texts[CLIENT_TEXT_USER_AGENT] = view_from(long_text, 600);
	b = a;
	b.texts[CLIENT_TEXT_RESOURCE].count = 599;
	client_table_note(client_record_table(record, 0), NULL, &a, 1);
	client_table_note(client_record_table(record, 0), NULL, &b, 2);
	client_table_note(client_record_table(record, 0), NULL, &a, 3);
	seen = look(fd);
	assert_int_equal(2, seen.count);
	assert_int_equal(2, seen.clients[0].requests);
	assert_int_equal(1 << CLIENT_TEXT_RESOURCE | 1 << CLIENT_TEXT_PRINCIPAL | 1 << CLIENT_TEXT_PATH |
				 1 << CLIENT_TEXT_USER_AGENT,
		seen.clients[0].cut);
	client_record_close(record);
	close(fd);
}

static void workers_have_tables_of_their_own_and_their_number_may_change(void **state)
{
	int fd = new_file(PAGES(4));
	struct client_record *record = open_record(fd, 4);
	struct seen seen;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		struct client_facts facts = client_of(i);

		for (unsigned k = 0; k <= i; k++)
			client_table_note(client_record_table(record, i % 4), NULL, &facts, 100 + i);
	}
	client_record_close(record);
	assert_int_equal(8, look(fd).count);

	client_record_close(open_record(fd, 2));
	seen = look(fd);
	assert_int_equal(8, seen.count);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(i + 1, seen.clients[find(&seen, i)].requests);

	/* Less room. So many clients that each bucket has some: which ones is up to the file's random key. */
	record = open_record(fd, 2);
	for (unsigned i = 0; i < 200; i++) {
		struct client_facts facts = client_of(i);

		client_table_note(client_record_table(record, i % 2), NULL, &facts, 200 + i);
	}
	client_record_close(record);
	assert_int_equal(0, ftruncate(fd, (off_t)(PAGES(1) * PAGE)));
	client_record_close(open_record(fd, 1));
	seen = look(fd);
	assert_true(seen.count > 0 && seen.count <= CLIENT_RECORD_WAYS);
	(void)find(&seen, seen.clients[0].number);
	close(fd);
}

static void a_file_that_is_too_small_or_foreign_is_said(void **state)
{
	struct client_record *record;
	struct client_record_state facts;
	int fd = new_file(PAGES(1)), empty = new_file(0);

	(void)state;
	assert_int_equal(-ENODATA, client_record_each(fd, see, NULL, &facts));
	assert_int_equal(-ENODATA, client_record_each(empty, see, NULL, &facts));
	assert_int_equal(-EFBIG, client_record_open(&record, fd, 2));
	assert_int_equal(-EFBIG, client_record_open(&record, empty, 1));
	assert_int_equal(-EINVAL, client_record_open(&record, fd, 0));
	assert_int_equal(-EINVAL, client_record_open(&record, fd, RECORD_FILE_REGIONS_MAX + 1));
	assert_int_equal(-EBADF, client_record_open(&record, -1, 1));
	close(fd);
	close(empty);
}

static void a_writer_killed_in_the_middle_leaves_a_slot_that_is_used_again(void **state)
{
	struct client_facts facts = client_of(1), other = client_of(2);
	int fd = new_file(PAGES(1));
	struct client_record *record = open_record(fd, 1);
	struct seen seen;

	(void)state;
	client_table_note(client_record_table(record, 0), NULL, &facts, 1);
	client_record_close(record);
	damage(fd, 2 * PAGE, 1); /* the sequence: odd */
	seen = look(fd);
	assert_int_equal(0, seen.count);
	assert_int_equal(1, seen.state.busy_count);
	record = open_record(fd, 1);
	client_table_note(client_record_table(record, 0), NULL, &other, 2);
	seen = look(fd);
	assert_int_equal(1, seen.count);
	assert_int_equal(2, seen.clients[0].number);
	assert_int_equal(0, seen.state.evicted_count);
	client_record_close(record);
	close(fd);
}

/* Damage one byte after the other: reading never fails worse than by losing clients, and a writer goes on with it. */
static void any_damaged_byte_loses_clients_at_most(void **state)
{
	int whole = new_file(PAGES(1));
	struct client_record *record = open_record(whole, 1);
	unsigned char *bytes;

	(void)state;
	for (unsigned i = 0; i < CLIENT_RECORD_WAYS; i++) {
		struct client_facts facts = client_of(i);

		client_table_note(client_record_table(record, 0), NULL, &facts, 100 + i);
	}
	client_record_close(record);
	bytes = file_bytes(whole, PAGES(1));
	for (size_t at = 0; at < PAGES(1) * PAGE; at += at < 80 || at >= 2 * PAGE ? 1 : 97) {
		int fd = file_with(bytes, PAGES(1) * PAGE);
		struct client_facts facts = client_of(50);
		struct seen seen = { .count = 0 };
		int result;

		damage(fd, at, at & 1 ? 0xff : 0x01);
		result = client_record_each(fd, see, &seen, &seen.state);
		assert_true(result == 0 || result == -ENODATA);
		assert_true(seen.count <= CLIENT_RECORD_WAYS);
		/* Damage of the header empties the file, of a slot loses or changes that one. */
		if (result == 0 && seen.count)
			assert_true(seen.count >= CLIENT_RECORD_WAYS - 1);
		record = open_record(fd, 1);
		client_table_note(client_record_table(record, 0), NULL, &facts, 500);
		client_record_close(record);
		seen.count = 0;
		assert_int_equal(0, client_record_each(fd, see, &seen, &seen.state));
		(void)find(&seen, 50);
		close(fd);
	}
	free(bytes);
	close(whole);
}

static void random_bytes_behind_a_good_header_are_left_out(void **state)
{
	uint32_t random = 7;
	int whole = new_file(PAGES(1));
	unsigned char *bytes;
	uint32_t epoch;

	(void)state;
	client_record_close(open_record(whole, 1));
	bytes = file_bytes(whole, PAGES(1));
	memcpy(&epoch, bytes + 12, sizeof epoch);
	for (int round = 0; round < 300; round++) {
		struct client_facts facts = client_of(3);
		struct seen seen = { .count = 0 };
		struct client_record *record;
		int fd;

		for (size_t i = PAGE; i < PAGES(1) * PAGE; i++)
			bytes[i] = (unsigned char)next_random(&random);
		for (size_t i = 2 * PAGE; i < PAGES(1) * PAGE; i += CLIENT_RECORD_SLOT_BYTES) {
			bytes[i] &= 0xfe;
			memcpy(bytes + i + 4, &epoch, sizeof epoch);
		}
		fd = file_with(bytes, PAGES(1) * PAGE);
		assert_int_equal(0, client_record_each(fd, see, &seen, &seen.state));
		assert_int_equal(CLIENT_RECORD_WAYS, seen.count + seen.state.odd_count);
		record = open_record(fd, 1);
		client_table_note(client_record_table(record, 0), NULL, &facts, 500);
		client_record_close(record);
		close(fd);
	}
	free(bytes);
	close(whole);
}

/* A header that promises more than there is. */
static void a_shortened_file_reads_as_far_as_it_goes(void **state)
{
	int fd = new_file(PAGES(2));
	struct client_record *record = open_record(fd, 2);
	struct client_facts facts = client_of(1), other = client_of(2);
	struct seen seen;

	(void)state;
	client_table_note(client_record_table(record, 0), NULL, &facts, 1);
	client_table_note(client_record_table(record, 1), NULL, &other, 1);
	client_record_close(record);
	for (size_t pages = PAGES(2); pages > 0; pages--) {
		assert_int_equal(0, ftruncate(fd, (off_t)(pages * PAGE)));
		seen = look(fd);
		assert_int_equal((pages > 4) + (pages > 2), seen.count);
	}
	close(fd);
}

/* ---- reading while somebody writes ---- */

struct writing {
	struct client_table *table;
	_Atomic bool stop;
};

static void *write_on(void *argument)
{
	struct writing *writing = argument;

	for (uint64_t ms = 1; !writing->stop; ms++) {
		struct client_facts facts = client_of((unsigned)(ms % 40));

		client_table_note(writing->table, NULL, &facts, ms);
	}
	return NULL;
}

static int check_whole(void *context, const struct client_facts *facts)
{
	unsigned number, in_path, in_resource;
	char text[200];
	size_t *count = context;

	memcpy(&number, facts->source + 12, sizeof number);
	snprintf(text, sizeof text, VIEW_FMT " " VIEW_FMT, VIEW_ARG(facts->texts[CLIENT_TEXT_PATH]),
		VIEW_ARG(facts->texts[CLIENT_TEXT_RESOURCE]));
	assert_int_equal(2, sscanf(text, "pets/%u/7 /pets/%u/{id}", &in_path, &in_resource));
	assert_int_equal(number, in_path);
	assert_int_equal(number, in_resource);
	++*count;
	return 0;
}

static void readers_see_only_whole_clients(void **state)
{
	int fd = new_file(PAGES(1));
	struct client_record *record = open_record(fd, 1);
	struct writing writing = { .table = client_record_table(record, 0) };
	struct client_record_state facts;
	pthread_t thread;
	size_t count = 0;

	(void)state;
	assert_int_equal(0, pthread_create(&thread, NULL, write_on, &writing));
	for (int round = 0; round < 3000 || count == 0; round++) {
		assert_int_equal(0, client_record_each(fd, check_whole, &count, &facts));
		assert_int_equal(0, facts.odd_count);
	}
	writing.stop = true;
	pthread_join(thread, NULL);
	client_record_close(record);
	close(fd);
}

/* ---- speed ---- */

static double nanoseconds_each(struct timespec from, size_t count)
{
	struct timespec to;

	clock_gettime(CLOCK_MONOTONIC, &to);
	return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / (double)count;
}

static void speed(void **state)
{
	enum { ROUNDS = 1000000 };
	struct client_hint hint = { .words = { 1, 2, 3, 4, 5, 6, 7, 8, 9 } };
	struct client_facts facts = client_of(1);
	int fd = new_file(2048);
	struct client_record *record = open_record(fd, 1);
	struct client_table *table = client_record_table(record, 0);
	struct timespec from;
	double again, note;

	(void)state;
	client_table_note(table, &hint, &facts, 1);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (uint64_t i = 0; i < ROUNDS; i++)
		assert_true(client_table_again(table, &hint, i));
	again = nanoseconds_each(from, ROUNDS);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (uint64_t i = 0; i < ROUNDS; i++)
		client_table_note(table, NULL, &facts, i);
	note = nanoseconds_each(from, ROUNDS);
	print_message("client_record: %.1f ns again, %.1f ns by its texts\n", again, note);
	client_record_close(record);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_is_counted_and_survives_a_restart),
		cmocka_unit_test(a_remembered_client_is_counted_without_its_texts),
		cmocka_unit_test(the_client_seen_longest_ago_gives_way),
		cmocka_unit_test(long_texts_are_cut_and_still_tell_clients_apart),
		cmocka_unit_test(workers_have_tables_of_their_own_and_their_number_may_change),
		cmocka_unit_test(a_file_that_is_too_small_or_foreign_is_said),
		cmocka_unit_test(a_writer_killed_in_the_middle_leaves_a_slot_that_is_used_again),
		cmocka_unit_test(any_damaged_byte_loses_clients_at_most),
		cmocka_unit_test(random_bytes_behind_a_good_header_are_left_out),
		cmocka_unit_test(a_shortened_file_reads_as_far_as_it_goes),
		cmocka_unit_test(readers_see_only_whole_clients),
		cmocka_unit_test(speed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
