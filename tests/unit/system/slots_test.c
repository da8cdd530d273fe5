/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boot loader's words, as the daemon reads and writes them. */
#include "image/system/slots.h"

#include "tests/unit/system/fake_machine.h"

static struct slots slots;

static void read_slots(const char *running, const char *words)
{
	machine_slot = running;
	write_words(words);
	assert_int_equal(slots_read(&slots), 0);
}

static void a_host_has_no_slots(void **state)
{
	(void)state;
	machine_slot = "";
	assert_int_equal(slots_read(&slots), -ENODEV);
	machine_slot = "c";
	assert_int_equal(slots_read(&slots), -ENODEV);
	machine_slot = "a";
	assert_int_equal(slots_read(&slots), -ENOENT);
}

static void a_start_like_any_other(void **state)
{
	(void)state;
	read_slots("a", "slot=a\ntries=2\n");
	assert_int_equal(slots.running, 'a');
	assert_int_equal(slots.other, 'b');
	assert_int_equal(slots.tries, 2);
	assert_false(slots.on_trial || slots.came_back || slots.other_is_unusable);
	assert_int_equal(slots_keep(&slots), 0);
	assert_string_equal(word("tries"), "3");
	assert_string_equal(word("unusable"), "");
}

static void the_first_start_of_an_update(void **state)
{
	(void)state;
	read_slots("b", "slot=b\ntries=2\nprevious=a\nupdate=2.0\n");
	assert_true(slots.on_trial && !slots.came_back);
	assert_string_equal(slots.update, "2.0");
	assert_int_equal(slots_say_why(&slots, "is\nnot good"), 0);
	assert_string_equal(word("why"), "slot b is not good");
	assert_int_equal(slots_keep(&slots), 0);
	assert_string_equal(word("previous"), "");
	assert_string_equal(word("update"), "");
	assert_string_equal(word("why"), "");
	assert_string_equal(word("unusable"), "");
	assert_string_equal(word("slot"), "b");
}

static void back_from_an_update_that_failed(void **state)
{
	(void)state;
	read_slots("a", "slot=a\ntries=2\nprevious=a\nupdate=2.0\nwhy=slot b used up its tries\n");
	assert_true(slots.came_back && !slots.on_trial);
	assert_string_equal(slots.because, "slot b used up its tries");
	assert_int_equal(slots_keep(&slots), 0);
	assert_string_equal(word("unusable"), "b");
	assert_string_equal(word("previous"), "");
	/* So it stays, until an update is written there. */
	read_slots("a", "slot=a\ntries=2\nunusable=b\n");
	assert_true(slots.other_is_unusable);
	assert_int_equal(slots_keep(&slots), 0);
	assert_string_equal(word("unusable"), "b");
	assert_int_equal(slots_switch(&slots, "3.0"), 0);
	assert_string_equal(word("unusable"), "");
	assert_string_equal(word("slot"), "b");
	assert_string_equal(word("previous"), "a");
	assert_string_equal(word("update"), "3.0");
}

/* The words have one sector: the longest of each must fit together. */
static void the_longest_words_fit(void **state)
{
	char version[UPDATE_VERSION_BYTES], why[400];
	struct grubenv env;
	size_t used;

	(void)state;
	memset(version, '9', sizeof version - 1);
	version[sizeof version - 1] = '\0';
	memset(why, 'w', sizeof why - 1);
	why[sizeof why - 1] = '\0';
	read_slots("a", "slot=a\ntries=3\n");
	assert_int_equal(slots_mark_unusable(&slots), 0);
	assert_int_equal(slots_switch(&slots, version), 0);
	assert_int_equal(slots_say_why(&slots, why), 0);
	assert_int_equal(slots_mark_unusable(&slots), 0);
	assert_int_equal(strlen(word("why")), SYSTEM_WORD_BYTES - 1);
	assert_int_equal(grubenv_read(&env), 0);
	used = strlen(env.bytes) + strlen("# GRUB Environment Block\nunusable=b\n");
	assert_true(used <= GRUBENV_USED_MAX_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_host_has_no_slots, machine_begin, machine_end),
		cmocka_unit_test_setup_teardown(a_start_like_any_other, machine_begin, machine_end),
		cmocka_unit_test_setup_teardown(the_first_start_of_an_update, machine_begin, machine_end),
		cmocka_unit_test_setup_teardown(back_from_an_update_that_failed, machine_begin, machine_end),
		cmocka_unit_test_setup_teardown(the_longest_words_fit, machine_begin, machine_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
