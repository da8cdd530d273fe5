/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include "appliance/base/arena.h"

static void memory_is_aligned_distinct_and_lasts_until_reset(void **state)
{
	struct arena_pool pool;
	struct arena arena;
	char *places[500];

	(void)state;
	arena_pool_init(&pool, 1 << 20);
	arena_init(&arena, &pool, 1 << 20);
	for (size_t i = 0; i < 500; i++) {
		places[i] = arena_alloc(&arena, i % 97);
		assert_non_null(places[i]);
		assert_int_equal(0, (uintptr_t)places[i] % _Alignof(max_align_t));
		memset(places[i], (int)i & 255, i % 97);
	}
	for (size_t i = 0; i < 500; i++) {
		for (size_t k = 0; k < i % 97; k++)
			assert_int_equal(i & 255, (unsigned char)places[i][k]);
	}
	arena_fini(&arena);
	arena_pool_fini(&pool);
}

static void the_steady_state_calls_no_malloc(void **state)
{
	struct arena_pool pool;
	struct arena arena;
	uint64_t warm;

	(void)state;
	arena_pool_init(&pool, 1 << 20);
	arena_init(&arena, &pool, 1 << 20);
	for (int round = 0; round < 100; round++) {
		if (round == 1)
			warm = pool.malloc_count;
		for (size_t i = 0; i < 40; i++)
			assert_non_null(arena_alloc(&arena, i == 20 ? 30000 : 300));
		arena_reset(&arena);
	}
	assert_true(pool.malloc_count == warm);
	arena_fini(&arena);
	arena_pool_fini(&pool);
}

static void the_limit_holds_and_overflow_is_refused(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, NULL, 3 * ARENA_CLASS_MIN_BYTES);
	assert_null(arena_alloc(&arena, 3 * ARENA_CLASS_MIN_BYTES));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 8));
	assert_null(arena_alloc_array(&arena, SIZE_MAX / 2, 4));
	for (int i = 0; i < 3; i++)
		assert_non_null(arena_alloc(&arena, ARENA_CLASS_MIN_BYTES - 64));
	assert_null(arena_alloc(&arena, ARENA_CLASS_MIN_BYTES - 64));
	arena_reset(&arena);
	assert_non_null(arena_alloc(&arena, ARENA_CLASS_MIN_BYTES - 64));
	arena_fini(&arena);
}

static void chunks_beyond_what_the_pool_keeps_are_freed(void **state)
{
	struct arena_pool pool;
	struct arena arena;

	(void)state;
	arena_pool_init(&pool, 2 * ARENA_CLASS_MIN_BYTES);
	arena_init(&arena, &pool, 1 << 24);
	for (int i = 0; i < 10; i++)
		assert_non_null(arena_alloc(&arena, 4000));
	assert_non_null(arena_alloc(&arena, 5 << 20)); /* larger than any class */
	arena_fini(&arena);
	assert_true(pool.kept_bytes <= 2 * ARENA_CLASS_MIN_BYTES);
	arena_pool_fini(&pool);
}

static void texts_end_in_nul_and_the_newest_can_grow(void **state)
{
	struct arena arena;
	struct view text;
	char *bytes;

	(void)state;
	arena_init(&arena, NULL, 1 << 16);
	text = arena_printf(&arena, "%s:%d", "host", 443);
	assert_string_equal("host:443", text.at);
	assert_int_equal(8, text.count);
	text = arena_copy(&arena, view_from(at_page_end("abc", 3), 3));
	assert_string_equal("abc", text.at);
	bytes = arena_alloc(&arena, 10);
	assert_true(arena_try_extend(&arena, bytes, 10, 200));
	memset(bytes, 1, 200);
	assert_true(arena_alloc(&arena, 1) == (void *)(bytes + 208));
	assert_false(arena_try_extend(&arena, bytes, 200, 300));
	arena_fini(&arena);
}

static void large_arenas_are_bounded_together(void **state)
{
	struct arena_pool pool;
	struct arena first, second, third;

	(void)state;
	arena_pool_init(&pool, 1 << 20);
	pool.large_max_bytes = 3000000;
	arena_init(&first, &pool, 1 << 24);
	arena_init(&second, &pool, 1 << 24);
	assert_non_null(arena_alloc(&first, 2000000)); /* beyond the classes: as it is */
	for (int i = 0; i < 30; i++)
		assert_non_null(arena_alloc(&second, 32000)); /* 32 KiB each: many small ones are large as well */
	assert_null(arena_alloc(&second, 200000));
	arena_init(&third, &pool, 1 << 24);
	assert_non_null(arena_alloc(&third, 60000));
	assert_null(arena_alloc(&third, 200000));
	arena_reset(&first);
	assert_int_equal(30 * 32768 - ARENA_LARGE_BYTES, pool.large_bytes);
	assert_non_null(arena_alloc(&second, 200000));
	arena_fini(&third);
	arena_fini(&first);
	arena_fini(&second);
	assert_int_equal(0, pool.large_bytes);
	arena_pool_fini(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_arenas_are_bounded_together),
		cmocka_unit_test(memory_is_aligned_distinct_and_lasts_until_reset),
		cmocka_unit_test(the_steady_state_calls_no_malloc),
		cmocka_unit_test(the_limit_holds_and_overflow_is_refused),
		cmocka_unit_test(chunks_beyond_what_the_pool_keeps_are_freed),
		cmocka_unit_test(texts_end_in_nul_and_the_newest_can_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
