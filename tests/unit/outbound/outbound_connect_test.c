/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of outbound: calls that only connect, and targets whose certificate is for another name than their address. */
#include "tests/unit/outbound/outbound_scene.h"

/* What calls that only connect were told. */
static unsigned connected_count;

static void on_connected(struct outbound_call *call, const struct http1_head *head)
{
	assert_null(head);
	assert_null(call->upstream);
	connected_count++;
}

static const struct outbound_handlers connect_handlers = {
	.on_head = on_connected, .on_body = on_body, .on_error = on_error
};

static struct test_call *start_connect(const struct outbound_target *where)
{
	const struct outbound_request request = { .target = where, .timeout_ms = 1000, .connect_only = true };
	struct test_call *test = calloc(1, sizeof *test);

	assert_non_null(test);
	connected_count = 0;
	outbound_start(outbound, &test->call, &connect_handlers, &request);
	assert_int_equal(0, connected_count);
	return test;
}

static void a_connection_is_made_and_closed(void **state)
{
	struct test_call *test = start_connect(&target);

	(void)state;
	TURN_UNTIL(connected_count);
	back_end_expect_end(back_end_accept());
	assert_int_equal(1, connected_count);
	assert_int_equal(0, test->errors);
	assert_int_equal(0, counted(COUNTERS_upstream_connections_open, 0));
	free(test);
}

static void it_is_always_a_new_one(void **state)
{
	int kept = open_connection();
	struct test_call *test = start_connect(&target);

	(void)state;
	TURN_UNTIL(connected_count);
	back_end_expect_end(back_end_accept());
	/* The one that was kept still serves. */
	exchange_one(kept);
	close(kept);
	free(test);
}

static void nobody_there_is_an_error(void **state)
{
	struct outbound_target elsewhere;
	struct test_call *test;

	(void)state;
	close(listener);
	listener = -1;
	assert_int_equal(0, outbound_target_init(&elsewhere, view_of("127.0.0.1"), port, false, TLS_VERIFY_ALL));
	test = start_connect(&elsewhere);
	TURN_UNTIL(test->errors);
	assert_int_equal(OUTBOUND_CONNECT, test->error);
	assert_int_equal(0, connected_count);
	/* What no back end may be is not connected to at all. */
	memset(&rules, 0, sizeof rules);
	outbound_start(outbound, &test->call, &connect_handlers,
		&(struct outbound_request){ .target = &elsewhere, .timeout_ms = 1000, .connect_only = true });
	TURN_UNTIL(test->errors == 2);
	assert_int_equal(OUTBOUND_FORBIDDEN, test->error);
	free(test);
}

static void it_may_be_given_up(void **state)
{
	struct test_call *test = start_connect(&target);

	(void)state;
	outbound_cancel(&test->call);
	for (int i = 0; i < 5; i++)
		assert_int_equal(0, loop_turn(loop, false));
	assert_int_equal(0, connected_count + test->errors);
	free(test);
}

static void another_name_is_another_target(void **state)
{
	struct outbound_target plain, one, two, same;
	char longest[300];

	(void)state;
	memset(longest, 'a', sizeof longest);
	assert_int_equal(0, outbound_target_init(&plain, view_of("127.0.0.1"), 443, true, TLS_VERIFY_ALL));
	assert_int_equal(0, outbound_target_init_named(
				    &one, view_of("127.0.0.1"), 443, true, TLS_VERIFY_ALL, view_of("one.internal")));
	assert_int_equal(0, outbound_target_init_named(
				    &two, view_of("127.0.0.1"), 443, true, TLS_VERIFY_ALL, view_of("two.internal")));
	assert_int_equal(0, outbound_target_init_named(
				    &same, view_of("127.0.0.1"), 443, true, TLS_VERIFY_ALL, view_of("ONE.internal")));
	assert_true(plain.hash != one.hash && one.hash != two.hash);
	assert_true(one.hash == same.hash);
	assert_int_equal(-EINVAL, outbound_target_init_named(&one, view_of("127.0.0.1"), 443, true, TLS_VERIFY_ALL,
					  view_from(longest, sizeof longest)));
	assert_int_equal(-EINVAL, outbound_target_init_named(
					  &one, view_of("127.0.0.1"), 443, true, TLS_VERIFY_ALL, view_from("a\0b", 3)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_connection_is_made_and_closed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_is_always_a_new_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_there_is_an_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(it_may_be_given_up, set_up, tear_down),
		cmocka_unit_test(another_name_is_another_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
