/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/list.h"
#include "appliance/base/random.h"
#include "appliance/base/table.h"

#define KEY_COUNT 500

static char names[KEY_COUNT][8];
static int values[KEY_COUNT];

static void what_is_set_is_found_until_taken(void **state)
{
	bool in[KEY_COUNT] = { false };
	struct table table;
	size_t count = 0;

	(void)state;
	table_init(&table);
	for (int i = 0; i < KEY_COUNT; i++)
		snprintf(names[i], sizeof names[i], "k%d", i);
	for (int step = 0; step < 20000; step++) {
		size_t i = random_below(KEY_COUNT);
		struct view key = view_from_text(names[i]);
		void *previous;

		if (random_below(2)) {
			assert_int_equal(0, table_set(&table, key, &values[i], &previous));
			assert_ptr_equal(in[i] ? &values[i] : NULL, previous);
			count += !in[i];
			in[i] = true;
		} else {
			assert_ptr_equal(in[i] ? &values[i] : NULL, table_take(&table, key));
			count -= in[i];
			in[i] = false;
		}
		assert_int_equal(count, table.count);
	}
	for (size_t i = 0; i < KEY_COUNT; i++)
		assert_ptr_equal(in[i] ? &values[i] : NULL, table_find(&table, view_from_text(names[i])));
	table_fini(&table);
}

static void a_walk_meets_each_entry_once(void **state)
{
	struct table table;
	struct view key;
	size_t cursor = 0, met = 0;
	int *value;

	(void)state;
	table_init(&table);
	for (int i = 0; i < KEY_COUNT; i++) {
		snprintf(names[i], sizeof names[i], "k%d", i);
		values[i] = 0;
		assert_int_equal(0, table_add(&table, view_from_text(names[i]), &values[i]));
		assert_int_equal(-EEXIST, table_add(&table, view_from_text(names[i]), &values[0]));
	}
	for (; (value = table_next(&table, &cursor, &key)) != NULL; met++) {
		assert_true(view_equals_text(key, names[value - values]));
		assert_int_equal(0, (*value)++);
	}
	assert_int_equal(KEY_COUNT, met);
	table_fini(&table);
	assert_null(table_find(&table, view_of("k1")));
	assert_null(table_take(&table, view_of("k1")));
}

/* Computed with an independent SipHash-1-3 for the key 00 … 0f. */
static void the_hash_is_siphash_1_3(void **state)
{
	unsigned char input[16];

	(void)state;
	for (size_t i = 0; i < sizeof input; i++)
		input[i] = (unsigned char)i;
	assert_true(table_hash_keyed(view_from(input, 0), 0x0706050403020100, 0x0f0e0d0c0b0a0908) ==
		    UINT64_C(0xabac0158050fc4dc));
	assert_true(table_hash_keyed(view_from(input, 1), 0x0706050403020100, 0x0f0e0d0c0b0a0908) ==
		    UINT64_C(0xc9f49bf37d57ca93));
	assert_true(table_hash(view_of("a")) == table_hash(view_of("a")));
}

static void links_come_and_go_in_order(void **state)
{
	struct item {
		int number;
		struct list_link link;
	} items[3] = { { .number = 0 }, { .number = 1 }, { .number = 2 } };
	struct list list;
	int sum = 0;

	(void)state;
	list_init(&list);
	list_append(&list, &items[1].link);
	list_append(&list, &items[2].link);
	list_prepend(&list, &items[0].link);
	LIST_EACH(link, &list)
	sum = sum * 10 + CONTAINER_OF(link, struct item, link)->number;
	assert_int_equal(12, sum);
	LIST_EACH_SAFE(link, &list)
	list_remove(link);
	assert_true(list_is_empty(&list) && !list_is_linked(&items[1].link));
	list_remove(&items[1].link);
	assert_null(list_take_first(&list));
}

static void all_links_of_a_list_move_at_once(void **state)
{
	struct list_link links[3] = { 0 };
	struct list list, taken;

	(void)state;
	list_init(&list);
	list_take_all(&list, &taken);
	assert_true(list_is_empty(&list) && list_is_empty(&taken));
	list_append(&list, &links[0]);
	list_append(&list, &links[1]);
	list_take_all(&list, &taken);
	assert_true(list_is_empty(&list));
	/* What joins meanwhile is not among them. */
	list_append(&list, &links[2]);
	assert_ptr_equal(&links[0], list_take_first(&taken));
	assert_ptr_equal(&links[1], list_last(&taken));
	assert_ptr_equal(&links[1], list_take_first(&taken));
	assert_null(list_take_first(&taken));
	assert_ptr_equal(&links[2], list_take_first(&list));
}

static void ids_have_their_alphabets(void **state)
{
	char text[64], other[RANDOM_UUID_BYTES], uuid[RANDOM_UUID_BYTES];

	(void)state;
	random_hex(text, 17);
	assert_int_equal(17, strspn(text, "0123456789abcdef"));
	assert_int_equal(17, strlen(text));
	random_lower_alnum(text, 10);
	assert_int_equal(10, strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz"));
	random_uuid(uuid);
	random_uuid(other);
	assert_string_not_equal(uuid, other);
	assert_int_equal('4', uuid[14]);
	assert_non_null(strchr("89ab", uuid[19]));
	for (int i = 0; i < 1000; i++)
		assert_true(random_below(3) < 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_set_is_found_until_taken),
		cmocka_unit_test(a_walk_meets_each_entry_once),
		cmocka_unit_test(the_hash_is_siphash_1_3),
		cmocka_unit_test(links_come_and_go_in_order),
		cmocka_unit_test(all_links_of_a_list_move_at_once),
		cmocka_unit_test(ids_have_their_alphabets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
