/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of model/catalog: copies share, changes of a copy leave the original alone, objects go with their last holder. */
#include "tests/unit/support.h"

#include "appliance/model/catalog.h"

static unsigned freed_count;

struct thing {
	struct catalog_object object;
	char name[32];
};

static void thing_free(struct catalog_object *object)
{
	freed_count++;
	free(object);
}

static struct thing *thing_new(const char *name)
{
	struct thing *thing = calloc(1, sizeof *thing);

	assert_non_null(thing);
	snprintf(thing->name, sizeof thing->name, "%s", name);
	thing->object =
		(struct catalog_object){ .reference_count = 1, .free = thing_free, .key = view_from_text(thing->name) };
	return thing;
}

static void put(struct catalog *catalog, const char *name)
{
	struct thing *thing = thing_new(name);

	assert_int_equal(0, catalog_put(catalog, &thing->object));
	catalog_object_unref(&thing->object);
}

static void a_copy_changes_alone(void **state)
{
	struct catalog first, second;

	(void)state;
	freed_count = 0;
	catalog_init(&first);
	put(&first, "a");
	put(&first, "b");
	catalog_init_copy(&second, &first);
	put(&second, "c");
	assert_int_equal(0, catalog_remove(&second, view_of("a")));
	assert_int_equal(0, catalog_remove(&second, view_of("nothing")));

	assert_int_equal(2, first.count);
	assert_non_null(catalog_find(&first, view_of("a")));
	assert_null(catalog_find(&first, view_of("c")));
	assert_int_equal(2, second.count);
	assert_null(catalog_find(&second, view_of("a")));
	assert_non_null(catalog_find(&second, view_of("c")));
	assert_ptr_equal(catalog_find(&first, view_of("b")), catalog_find(&second, view_of("b")));

	assert_int_equal(0, freed_count);
	catalog_fini(&first);
	assert_int_equal(1, freed_count); /* "a" was the first's alone */
	catalog_fini(&second);
	assert_int_equal(3, freed_count);
}

static void putting_a_key_again_replaces_it(void **state)
{
	struct catalog catalog;
	struct catalog_object *old;

	(void)state;
	freed_count = 0;
	catalog_init(&catalog);
	put(&catalog, "a");
	old = catalog_find(&catalog, view_of("a"));
	put(&catalog, "a");
	assert_int_equal(1, catalog.count);
	assert_int_equal(1, freed_count);
	assert_ptr_not_equal(old, catalog_find(&catalog, view_of("a")));
	catalog_fini(&catalog);
}

static int count_visit(void *context, struct catalog_object *object)
{
	(void)object;
	++*(unsigned *)context;
	return 0;
}

static void ten_thousand_are_found_and_a_change_shares_the_rest(void **state)
{
	struct catalog first, second;
	unsigned visited = 0, shared = 0;
	char name[32];

	(void)state;
	freed_count = 0;
	catalog_init(&first);
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(name, sizeof name, "api%u", i);
		put(&first, name);
	}
	catalog_init_copy(&second, &first);
	put(&second, "api77");
	for (size_t i = 0; i < CATALOG_SHARD_COUNT; i++)
		shared += first.shards[i] == second.shards[i];
	assert_int_equal(CATALOG_SHARD_COUNT - 1, shared);
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(name, sizeof name, "api%u", i);
		assert_true(view_equals_text(catalog_find(&second, view_from_text(name))->key, name));
	}
	assert_int_equal(0, catalog_each(&second, count_visit, &visited));
	assert_int_equal(10000, visited);
	catalog_fini(&first);
	catalog_fini(&second);
	assert_int_equal(10001, freed_count);
}

static void a_pair_is_found_by_its_halves(void **state)
{
	struct catalog catalog;
	char longest[600];

	(void)state;
	memset(longest, 'x', sizeof longest);
	catalog_init(&catalog);
	put(&catalog, "vpce-1/a.example");
	assert_non_null(catalog_find_pair(&catalog, view_of("vpce-1"), view_of("a.example")));
	assert_null(catalog_find_pair(&catalog, view_of("vpce-2"), view_of("a.example")));
	assert_null(catalog_find_pair(&catalog, view_of("vpce-1"), view_from(longest, sizeof longest)));
	catalog_fini(&catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_changes_alone),
		cmocka_unit_test(putting_a_key_again_replaces_it),
		cmocka_unit_test(ten_thousand_are_found_and_a_change_shares_the_rest),
		cmocka_unit_test(a_pair_is_found_by_its_halves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
