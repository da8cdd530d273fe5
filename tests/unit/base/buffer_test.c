/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/buffer.h"

static void it_grows_to_its_limit_and_no_further(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 1000);
	for (int i = 0; i < 1000; i++)
		buffer_append_byte(&buffer, 'x');
	assert_int_equal(0, buffer_error(&buffer));
	buffer_append_byte(&buffer, 'y');
	assert_int_equal(-EMSGSIZE, buffer_error(&buffer));
	assert_int_equal(1000, buffer_view(&buffer).count);
	assert_null(buffer_text(&buffer));
	buffer_reset(&buffer);
	buffer_append_text(&buffer, "again");
	assert_string_equal("again", buffer_text(&buffer));
	buffer_fini(&buffer);
}

static void the_error_is_sticky(void **state)
{
	char room[8];
	struct buffer buffer;

	(void)state;
	buffer_init_fixed(&buffer, room, sizeof room);
	buffer_append_text(&buffer, "12345");
	buffer_append_text(&buffer, "6789");
	buffer_append_text(&buffer, "0");
	assert_int_equal(-EMSGSIZE, buffer_error(&buffer));
	assert_true(view_equals_text(buffer_view(&buffer), "12345"));
	assert_null(buffer_reserve(&buffer, 1));
}

static void formatted_texts_of_any_length(void **state)
{
	struct buffer buffer;
	char *taken;
	size_t count;

	(void)state;
	buffer_init(&buffer, 3000);
	buffer_printf(&buffer, "%d-", 5);
	buffer_printf(&buffer, "%02000d", 7);
	assert_int_equal(2002, buffer.count);
	buffer_printf(&buffer, "%01000d", 7);
	assert_int_equal(-EMSGSIZE, buffer_error(&buffer));
	buffer_reset(&buffer);
	buffer_append_u64(&buffer, 0);
	buffer_append_u64(&buffer, UINT64_MAX);
	taken = buffer_take(&buffer, &count);
	assert_string_equal("018446744073709551615", taken);
	assert_int_equal(21, count);
	free(taken);
	assert_string_equal("", buffer_text(&buffer));
	buffer_fini(&buffer);
}

static void code_points_become_utf8(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 100);
	buffer_append_utf8(&buffer, 'a');
	buffer_append_utf8(&buffer, 0xe9);
	buffer_append_utf8(&buffer, 0x20ac);
	buffer_append_utf8(&buffer, 0x1f600);
	assert_string_equal("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", buffer_text(&buffer));
	buffer_fini(&buffer);
}

static void an_arena_can_hold_it(void **state)
{
	struct arena arena;
	struct buffer buffer;

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	buffer_init_arena(&buffer, &arena, 1 << 16);
	for (int i = 0; i < 10000; i++) {
		buffer_append_text(&buffer, "ab");
		if (i % 1000 == 0)
			assert_non_null(arena_alloc(&arena, 10));
	}
	assert_int_equal(20000, buffer.count);
	assert_memory_equal("abab", buffer.at + 19996, 4);
	buffer_drop_front(&buffer, 19999);
	assert_string_equal("b", buffer_text(&buffer));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_to_its_limit_and_no_further),
		cmocka_unit_test(the_error_is_sticky),
		cmocka_unit_test(formatted_texts_of_any_length),
		cmocka_unit_test(code_points_become_utf8),
		cmocka_unit_test(an_arena_can_hold_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
