/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stored settings; and what is left of them when the power goes before any system call that changes a file. */
#include "image/system/stored.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support.h"

#define CUT_STATUS 77

static char folder[32], boot_path[48];

/* ---- the power, which these calls need ---- */

static long calls_left = -1; /* -1: it stays */

static void use_power(void)
{
	if (calls_left == 0)
		_exit(CUT_STATUS);
	if (calls_left > 0)
		calls_left--;
}

int renameat(int from, const char *old, int to, const char *new);
int mkdirat(int where, const char *name, mode_t mode);
int unlinkat(int where, const char *name, int flags);
int fsync(int fd);

int renameat(int from, const char *old, int to, const char *new)
{
	use_power();
	return (int)syscall(SYS_renameat, from, old, to, new);
}

int mkdirat(int where, const char *name, mode_t mode)
{
	use_power();
	return (int)syscall(SYS_mkdirat, where, name, mode);
}

int unlinkat(int where, const char *name, int flags)
{
	use_power();
	return (int)syscall(SYS_unlinkat, where, name, flags);
}

int fsync(int fd)
{
	use_power();
	return (int)syscall(SYS_fsync, fd);
}

/* ---- starts of the machine ---- */

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static unsigned boots;

static void reboot_machine(void)
{
	char text[64];

	snprintf(text, sizeof text, "%08x-0000-4000-8000-000000000000\n", ++boots);
	write_text(boot_path, text);
}

static int begin_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/stored-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(boot_path, sizeof boot_path, "%s.boot", folder);
	stored_boot_path = boot_path;
	calls_left = -1;
	reboot_machine();
	return 0;
}

static int end_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s %s", folder, boot_path);
	return system(command);
}

static const uint8_t source[STORED_DIGEST_BYTES] = "what the user-data says";
static const uint8_t other_source[STORED_DIGEST_BYTES] = "what the next user-data says";

/* The content of the stored file that holds, or "". */
static const char *holding(enum stored_file file, const uint8_t *digest)
{
	static char text[64];
	char path[STORED_PATH_BYTES];
	FILE *opened;
	size_t count;

	if (stored_find(folder, file, digest, path, NULL) < 0)
		return "";
	opened = fopen(path, "r");
	assert_non_null(opened);
	count = fread(text, 1, sizeof text - 1, opened);
	text[count] = '\0';
	fclose(opened);
	return text;
}

static void put(const char *settings, const char *network, unsigned confirm_s)
{
	assert_int_equal(stored_put(folder, view_from_text(settings), view_from_text(network), confirm_s), 0);
}

static void restart(void)
{
	reboot_machine();
	assert_int_equal(stored_begin(folder), 0);
}

/* Put, tried and confirmed. */
static void put_in_force(const char *settings, const char *network)
{
	put(settings, network, 0);
	restart();
	assert_int_equal(stored_confirm(folder), 0);
}

/* ---- tests ---- */

static void nothing_is_stored_at_first(void **state)
{
	struct stored_state now;

	(void)state;
	assert_int_equal(stored_begin("/nonexistent"), 0);
	stored_read("/nonexistent", &now);
	assert_int_equal(now.current | now.next | now.trial | now.dropped, 0);
	assert_int_equal(stored_begin(folder), 0);
	assert_string_equal(holding(STORED_SETTINGS, source), "");
	assert_int_equal(stored_confirm(folder), -ENOENT);
}

static void a_trial_holds_for_one_start(void **state)
{
	struct stored_state now;

	(void)state;
	put("one", "", 60);
	assert_string_equal(holding(STORED_SETTINGS, source), "");
	restart();
	assert_string_equal(holding(STORED_SETTINGS, source), "one");
	stored_read(folder, &now);
	assert_int_equal(now.confirm_s, 60);
	/* `configure` runs again in the same start. */
	assert_int_equal(stored_begin(folder), 0);
	assert_string_equal(holding(STORED_SETTINGS, source), "one");
	restart();
	assert_string_equal(holding(STORED_SETTINGS, source), "");
	stored_read(folder, &now);
	assert_int_not_equal(now.dropped, 0);
}

static void what_is_confirmed_stays(void **state)
{
	(void)state;
	put_in_force("one", "");
	restart();
	assert_string_equal(holding(STORED_SETTINGS, source), "one");
	put("two", "", 60);
	assert_string_equal(holding(STORED_SETTINGS, source), "one");
	restart();
	assert_string_equal(holding(STORED_SETTINGS, source), "two");
	restart();
	assert_string_equal(holding(STORED_SETTINGS, source), "one");
	put_in_force("three", "");
	restart();
	assert_string_equal(holding(STORED_SETTINGS, source), "three");
}

static void the_network_stays_with_settings_that_have_none(void **state)
{
	(void)state;
	put_in_force("one", "network");
	assert_string_equal(holding(STORED_NETWORK, source), "network");
	put_in_force("two", "");
	assert_string_equal(holding(STORED_SETTINGS, source), "two");
	assert_string_equal(holding(STORED_NETWORK, source), "network");
	put_in_force("three", "another");
	assert_string_equal(holding(STORED_NETWORK, source), "another");
}

static void other_sources_win(void **state)
{
	char path[STORED_PATH_BYTES];
	bool outdated;

	(void)state;
	put_in_force("one", "network");
	assert_string_equal(holding(STORED_SETTINGS, source), "one");
	restart();
	assert_string_equal(holding(STORED_SETTINGS, NULL), "one");
	assert_int_equal(stored_find(folder, STORED_SETTINGS, other_source, path, &outdated), -ENOENT);
	assert_true(outdated);
	/* Each file has its own source. */
	assert_string_equal(holding(STORED_NETWORK, other_source), "network");
	assert_string_equal(holding(STORED_SETTINGS, source), "one");
}

static void a_state_that_can_not_be_written_is_no_trial(void **state)
{
	(void)state;
	put_in_force("one", "");
	put("two", "", 60);
	reboot_machine();
	/* Its file can't be replaced: a folder is in the way of the new one. */
	char path[64];

	snprintf(path, sizeof path, "%s/state.new", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(stored_begin(folder) < 0);
	assert_string_equal(holding(STORED_SETTINGS, source), "one");
	assert_int_equal(rmdir(path), 0);
	restart();
	assert_string_equal(holding(STORED_SETTINGS, source), "two");
}

static void a_damaged_state_is_none(void **state)
{
	static const char *const texts[] = { "", "current",
		"current 1 next 0 trial 0 dropped 0 confirm_s 0 boot 1\nmore",
		"current x next 0 trial 0 dropped 0 confirm_s 0 boot 1\n" };
	char path[64];

	(void)state;
	put_in_force("one", "");
	snprintf(path, sizeof path, "%s/state", folder);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		write_text(path, texts[i]);
		assert_string_equal(holding(STORED_SETTINGS, source), "");
	}
}

/* What wants to be forgotten before it was tried. */
static void the_next_can_be_forgotten(void **state)
{
	(void)state;
	put("one", "", 60);
	assert_int_equal(stored_forget_next(folder), 0);
	restart();
	assert_string_equal(holding(STORED_SETTINGS, source), "");
}

static void the_folder_does_not_grow(void **state)
{
	char command[128], text[16] = "";
	FILE *pipe;

	(void)state;
	for (int i = 0; i < 20; i++)
		put_in_force("one", "network");
	snprintf(command, sizeof command, "find %s -type d | wc -l", folder);
	pipe = popen(command, "r");
	assert_non_null(fgets(text, sizeof text, pipe));
	pclose(pipe);
	assert_true(atoi(text) <= 3);
}

/* ---- the power goes ---- */

enum step { PUT, BEGIN, CONFIRM, STEP_COUNT };

static void do_step(enum step step)
{
	if (step == PUT)
		(void)!stored_put(folder, view_of("two"), view_of("network two"), 60);
	else if (step == BEGIN)
		(void)!stored_begin(folder);
	else
		(void)!stored_confirm(folder);
}

/* In a child, whose power ends after `calls`. Whether it did. */
static bool cut_in_step(enum step step, long calls)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		calls_left = calls;
		do_step(step);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == CUT_STATUS;
}

static void check_whole(const char *settings)
{
	const char *found;

	assert_true(strcmp(settings, "one") == 0 || strcmp(settings, "two") == 0);
	found = holding(STORED_NETWORK, NULL);
	assert_string_equal(found, strcmp(settings, "one") == 0 ? "network one" : "network two");
}

static void a_power_cut_leaves_the_one_or_the_other(void **state)
{
	(void)state;
	for (int step = PUT; step < STEP_COUNT; step++) {
		bool was_cut = true;

		for (long calls = 0; was_cut; calls++) {
			char settings[64];

			end_folder(state);
			begin_folder(state);
			put_in_force("one", "network one");
			if (step != PUT)
				put("two", "network two", 60);
			if (step == BEGIN)
				reboot_machine();
			if (step == CONFIRM)
				restart();
			was_cut = cut_in_step((enum step)step, calls);
			assert_true(calls < 100);
			restart();
			snprintf(settings, sizeof settings, "%s", holding(STORED_SETTINGS, NULL));
			check_whole(settings);
			/* A trial whose start was cut off is over; one that was confirmed stays. */
			restart();
			snprintf(settings, sizeof settings, "%s", holding(STORED_SETTINGS, NULL));
			check_whole(settings);
			if (step != CONFIRM)
				assert_string_equal(settings, "one");
			else if (!was_cut)
				assert_string_equal(settings, "two");
			put_in_force("two", "network two");
			assert_string_equal(holding(STORED_SETTINGS, NULL), "two");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_stored_at_first, begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(a_trial_holds_for_one_start, begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(what_is_confirmed_stays, begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(
			the_network_stays_with_settings_that_have_none, begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(other_sources_win, begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(a_state_that_can_not_be_written_is_no_trial, begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(a_damaged_state_is_none, begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(the_next_can_be_forgotten, begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(the_folder_does_not_grow, begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(a_power_cut_leaves_the_one_or_the_other, begin_folder, end_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
