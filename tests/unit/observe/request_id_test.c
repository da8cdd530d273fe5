/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of observe/request_id: forms of the ids, and what becomes of a client's trace header. */
#include "tests/unit/support.h"

#include "appliance/observe/request_id.h"

static struct request_id_generator ids;

static int set_up(void **state)
{
	(void)state;
	request_id_seed(&ids);
	return 0;
}

static void request_ids_are_uuids_and_differ(void **state)
{
	char first[REQUEST_ID_BYTES], second[REQUEST_ID_BYTES];

	(void)state;
	request_id_write(&ids, first);
	request_id_write(&ids, second);
	assert_true(request_id_is_uuid(view_from(first, sizeof first)));
	assert_int_equal('4', first[14]);
	assert_non_null(strchr("89ab", first[19]));
	assert_memory_not_equal(first, second, sizeof first);
}

static void only_uuids_are_uuids(void **state)
{
	(void)state;
	assert_true(request_id_is_uuid(view_of("C6AF9AC6-7b61-11e6-9a41-93e8deadbeef")));
	assert_false(request_id_is_uuid(view_of("c6af9ac6-7b61-11e6-9a41-93e8deadbee")));
	assert_false(request_id_is_uuid(view_of("c6af9ac6-7b61-11e6-9a41-93e8deadbeef0")));
	assert_false(request_id_is_uuid(view_of("c6af9ac6-7b61-11e6-9a41_93e8deadbeef")));
	assert_false(request_id_is_uuid(view_of("g6af9ac6-7b61-11e6-9a41-93e8deadbeef")));
	assert_false(request_id_is_uuid(view_of("")));
}

static void extended_ids_look_like_base64(void **state)
{
	char id[REQUEST_ID_EXTENDED_BYTES + 1] = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		request_id_write_extended(&ids, id);
		assert_int_equal('=', id[15]);
		assert_int_equal(15, strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"));
	}
}

static struct view trace(const char *incoming)
{
	static char room[REQUEST_ID_TRACE_MAX_BYTES];

	return request_id_trace(&ids, view_from(at_page_end(incoming, strlen(incoming)), strlen(incoming)),
		UINT64_C(0x5e600000) * 1000, room);
}

#define ROOT "Root=1-3152b799-8954dae64eda91bc9a23a7e8"

static void a_complete_trace_is_kept(void **state)
{
	(void)state;
	assert_true(view_equals_text(
		trace(ROOT ";Parent=7fa8c0f79203be72;Sampled=1"), ROOT ";Parent=7fa8c0f79203be72;Sampled=1"));
	assert_true(view_equals_text(trace("Parent=7fa8c0f79203be72;" ROOT), "Parent=7fa8c0f79203be72;" ROOT));
}

static void a_root_gets_a_parent(void **state)
{
	struct view made = trace(ROOT);

	(void)state;
	assert_true(view_starts_with(made, view_of(ROOT ";Parent=")));
	assert_int_equal(strlen(ROOT ";Parent=") + 16, made.count);
}

static void anything_else_is_replaced(void **state)
{
	static const char *const incoming[] = { "", "x", "Root=1-3152b799-8954dae64eda91bc9a23a7e",
		"Root=1-3152b79x-8954dae64eda91bc9a23a7e8", "Root=2-3152b799-8954dae64eda91bc9a23a7e8;Parent=1",
		";;;" };

	(void)state;
	for (size_t i = 0; i < sizeof incoming / sizeof *incoming; i++) {
		struct view made = trace(incoming[i]);

		assert_int_equal(strlen(ROOT ";Parent=7fa8c0f79203be72;Sampled=0"), made.count);
		assert_true(view_starts_with(made, view_of("Root=1-")));
		assert_true(view_ends_with(made, view_of(";Sampled=0")));
	}
}

static void an_endless_trace_is_replaced(void **state)
{
	static char incoming[4096];

	(void)state;
	memset(incoming, 'a', sizeof incoming - 1);
	memcpy(incoming, ROOT ";Parent=1;", strlen(ROOT ";Parent=1;"));
	assert_int_equal(strlen(ROOT ";Parent=7fa8c0f79203be72;Sampled=0"), trace(incoming).count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(request_ids_are_uuids_and_differ, set_up),
		cmocka_unit_test_setup(only_uuids_are_uuids, set_up),
		cmocka_unit_test_setup(extended_ids_look_like_base64, set_up),
		cmocka_unit_test_setup(a_complete_trace_is_kept, set_up),
		cmocka_unit_test_setup(a_root_gets_a_parent, set_up),
		cmocka_unit_test_setup(anything_else_is_replaced, set_up),
		cmocka_unit_test_setup(an_endless_trace_is_replaced, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
