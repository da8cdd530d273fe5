/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An update on its way into a slot; and what there is when the power goes before any write. */
#include "image/system/update.h"

#include <sys/wait.h>

#include "tests/unit/system/fake_machine.h"
#include "tests/unit/system/update_fixture.h"

#define BOOT_BYTES (2u * UPDATE_CHUNK_BYTES + 8192)
#define ROOT_BYTES (UPDATE_CHUNK_BYTES + 4096)
#define CHUNKS 5

static struct update update;
static struct slots slots;
static struct made_update made;
static char reason[UPDATE_REASON_BYTES];

static int begin(void **state)
{
	machine_begin(state);
	write_words("slot=a\ntries=3\n");
	make_partition("boot-b", BOOT_BYTES + 4096);
	make_partition("root-b", 4 * UPDATE_CHUNK_BYTES);
	assert_int_equal(slots_read(&slots), 0);
	assert_int_equal(update_init(&update), 0);
	make_update(&made, "2.0", BOOT_BYTES, ROOT_BYTES);
	reason[0] = '\0';
	return 0;
}

static int end(void **state)
{
	update_fini(&update);
	return machine_end(state);
}

static int order(const char *version, bool allows_older)
{
	const struct update_order given = { .head = made.head,
		.head_count = made.head_count,
		.key = made.key,
		.version = version,
		.allows_older = allows_older };

	return update_begin(&update, &slots, &given, reason);
}

/* All steps of what is under way; whether it ended with a switch. */
static bool run_steps(void)
{
	bool switched = false;

	for (int i = 0; i < 100 && update_is_busy(&update); i++)
		switched = update_turn(&update, &slots) || switched;
	assert_false(update_is_busy(&update));
	return switched;
}

static int send_chunk(uint32_t index, bool damaged)
{
	struct update_place place = update_head_place(&update.head, index);
	uint8_t *room = update_room(&update);

	fill_chunk(room, index, place.bytes);
	room[4000] ^= damaged;
	return update_chunk(&update, &slots, index, place.bytes, reason);
}

static void send_missing(void)
{
	for (uint32_t i = 0; i < CHUNKS; i++)
		if (update.missing[i / 8] & 1u << i % 8)
			assert_int_equal(send_chunk(i, false), 0);
}

/* Does the other slot hold what the head says, from its first byte to its last? */
static bool is_whole(void)
{
	static uint8_t chunk[UPDATE_CHUNK_BYTES];
	static struct update_head head;
	const char *rule, *const names[] = { "boot-b", "root-b" };
	char path[DISK_PATH_BYTES];

	assert_int_equal(update_head_parse(&head, made.head, made.head_count, made.key, &rule), 0);
	for (uint32_t i = 0; i < CHUNKS; i++) {
		struct update_place place = update_head_place(&head, i);
		ssize_t count;
		int fd;

		assert_int_equal(disk_find(names[place.partition], path), 0);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		count = pread(fd, chunk, place.bytes, (off_t)place.at);
		close(fd);
		if (count != (ssize_t)place.bytes || !update_head_fits(&head, i, chunk, place.bytes))
			return false;
	}
	return true;
}

static bool is_untouched(const char *name)
{
	char path[DISK_PATH_BYTES];
	size_t count, zeros = 0;
	char *bytes;

	assert_int_equal(disk_find(name, path), 0);
	bytes = whole_file(path, &count);
	while (zeros < count && !bytes[zeros])
		zeros++;
	free(bytes);
	return zeros == count;
}

static void a_whole_one_is_the_next_start(void **state)
{
	(void)state;
	assert_int_equal(order("1.0", false), 0);
	assert_int_equal(update.state, SYSTEM_UPDATE_SCANNING);
	assert_int_equal(send_chunk(0, false), -EBUSY);
	assert_false(run_steps());
	assert_int_equal(update.missing_count, CHUNKS);
	assert_int_equal(update_finish(&update, reason), -EAGAIN);
	assert_string_equal(word("unusable"), "");
	send_missing();
	assert_string_equal(word("unusable"), "b");
	assert_string_equal(word("slot"), "a");
	assert_int_equal(update_finish(&update, reason), 0);
	assert_true(run_steps());
	assert_true(is_whole());
	assert_string_equal(word("slot"), "b");
	assert_string_equal(word("tries"), "3");
	assert_string_equal(word("previous"), "a");
	assert_string_equal(word("update"), "2.0");
	assert_string_equal(word("unusable"), "");
	assert_int_equal(update.state, SYSTEM_UPDATE_RESTARTING);
}

static void what_is_there_is_not_sent_again(void **state)
{
	(void)state;
	assert_int_equal(order("1.0", false), 0);
	(void)run_steps();
	assert_int_equal(send_chunk(1, false), 0);
	assert_int_equal(send_chunk(4, false), 0);
	assert_int_equal(send_chunk(4, true), 0); /* there already: not looked at */
	update_cancel(&update);
	assert_int_equal(update_finish(&update, reason), -EBUSY);
	assert_int_equal(order("1.0", false), 0);
	(void)run_steps();
	assert_int_equal(update.missing_count, CHUNKS - 2);
	send_missing();
	assert_int_equal(update_finish(&update, reason), 0);
	assert_true(run_steps());
	assert_true(is_whole());
}

static void a_wrong_chunk_reaches_no_disk(void **state)
{
	(void)state;
	assert_int_equal(order("1.0", false), 0);
	(void)run_steps();
	assert_int_equal(send_chunk(0, true), -EBADMSG);
	assert_string_not_equal(reason, "");
	assert_int_equal(update_chunk(&update, &slots, CHUNKS, 4096, reason), -EINVAL);
	assert_int_equal(update_chunk(&update, &slots, 0, 4096, reason), -EBADMSG);
	assert_true(is_untouched("boot-b") && is_untouched("root-b"));
	assert_string_equal(word("unusable"), "");
}

static void a_disk_that_forgets_gets_it_again(void **state)
{
	char path[DISK_PATH_BYTES];
	int fd;

	(void)state;
	assert_int_equal(order("1.0", false), 0);
	(void)run_steps();
	send_missing();
	assert_int_equal(disk_find("root-b", path), 0);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "\0", 1, UPDATE_CHUNK_BYTES + 5), 1);
	close(fd);
	assert_int_equal(update_finish(&update, reason), 0);
	assert_false(run_steps());
	assert_int_equal(update.state, SYSTEM_UPDATE_RECEIVING);
	assert_string_not_equal(update.failure, "");
	assert_int_equal(update.missing_count, 1);
	assert_string_equal(word("slot"), "a");
	send_missing();
	assert_int_equal(update_finish(&update, reason), 0);
	assert_true(run_steps());
}

static void versions_before_the_running_one_are_asked_for(void **state)
{
	(void)state;
	assert_int_equal(order("2.1", false), -ESTALE);
	assert_int_equal(order("2.1", true), 0);
	assert_int_equal(order("2.0", false), 0);
	assert_int_equal(order("2.0~rc1", false), 0);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct update_order without_key = { .head = made.head, .head_count = made.head_count, .version = "1.0" };
	char path[DISK_PATH_BYTES];

	(void)state;
	assert_int_equal(update_begin(&update, &slots, &without_key, reason), -ENOKEY);
	made.head[200] ^= 1;
	assert_int_equal(order("1.0", false), -EKEYREJECTED);
	made.head[200] ^= 1;
	make_partition("boot-b", BOOT_BYTES - 4096);
	assert_int_equal(order("1.0", false), -EFBIG);
	assert_int_equal(disk_find("boot-b", path), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(order("1.0", false), -ENOENT);
	assert_int_equal(update.state, SYSTEM_UPDATE_NONE);
}

/* One that is refused does not end one that is under way. */
static void a_refused_head_ends_nothing(void **state)
{
	(void)state;
	assert_int_equal(order("1.0", false), 0);
	(void)run_steps();
	assert_int_equal(send_chunk(0, false), 0);
	made.head[200] ^= 1;
	assert_int_equal(order("1.0", false), -EKEYREJECTED);
	assert_int_equal(update.state, SYSTEM_UPDATE_RECEIVING);
	assert_int_equal(update.missing_count, CHUNKS - 1);
}

/* ---- the power goes ---- */

static void install(void)
{
	if (order("1.0", false) < 0)
		_exit(1);
	(void)run_steps();
	for (uint32_t i = 0; i < CHUNKS; i++)
		if (update.missing[i / 8] & 1u << i % 8 && send_chunk(i, false) < 0)
			_exit(1);
	if (update_finish(&update, reason) < 0 || !run_steps())
		_exit(1);
}

static bool cut_after(long calls)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		machine_calls = calls;
		install();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CUT_STATUS));
	return WEXITSTATUS(status) == CUT_STATUS;
}

static void a_power_cut_starts_the_one_or_the_other(void **state)
{
	bool was_cut = true;
	long calls = 0;

	(void)state;
	for (; was_cut; calls++) {
		end(state);
		begin(state);
		was_cut = cut_after(calls);
		if (strcmp(word("slot"), "b") == 0)
			assert_true(is_whole());
		else if (!is_untouched("boot-b") || !is_untouched("root-b"))
			assert_string_equal(word("unusable"), "b");
		if (!was_cut)
			break;
		assert_string_equal(word("slot"), "a");
		/* Then the same again goes on from there. */
		assert_int_equal(slots_read(&slots), 0);
		install();
		assert_true(is_whole());
		assert_string_equal(word("slot"), "b");
	}
	assert_true(calls > CHUNKS + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_whole_one_is_the_next_start, begin, end),
		cmocka_unit_test_setup_teardown(what_is_there_is_not_sent_again, begin, end),
		cmocka_unit_test_setup_teardown(a_wrong_chunk_reaches_no_disk, begin, end),
		cmocka_unit_test_setup_teardown(a_disk_that_forgets_gets_it_again, begin, end),
		cmocka_unit_test_setup_teardown(versions_before_the_running_one_are_asked_for, begin, end),
		cmocka_unit_test_setup_teardown(what_does_not_fit_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(a_refused_head_ends_nothing, begin, end),
		cmocka_unit_test_setup_teardown(a_power_cut_starts_the_one_or_the_other, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
