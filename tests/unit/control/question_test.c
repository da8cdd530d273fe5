/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/question and pipeline/invoke_channel: an answer, or why there is none; once, whatever the other end does. */
#include "tests/unit/support.h"

#include <errno.h>
#include <sys/socket.h>

#include "appliance/control/question.h"
#include "appliance/wire/invoke.h"

static struct loop *loop;
static struct question question;
static struct buffer asked, told;
static int peer, answered_count;

static void on_answered(struct question *which)
{
	assert_ptr_equal(&question, which);
	answered_count++;
}

static int setup(void **state)
{
	static char body[300000];
	const struct invoke_question what = { .kind = INVOKE_METHOD, .body = { body, sizeof body } };
	const struct invoke_answer answer = { .outcome = INVOKE_RAN, .status = 200, .body = { body, sizeof body } };
	int pair[2];

	(void)state;
	loop = loop_new();
	answered_count = 0;
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	peer = pair[0];
	buffer_init(&asked, INVOKE_MESSAGE_MAX_BYTES);
	buffer_init(&told, INVOKE_MESSAGE_MAX_BYTES);
	invoke_write_question(&asked, &what);
	invoke_write_answer(&told, &answer);
	question_ask(&question, loop, pair[1], buffer_view(&asked), 60000, on_answered);
	assert_int_equal(0, answered_count);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(1, answered_count);
	question_close(&question);
	buffer_fini(&asked);
	buffer_fini(&told);
	if (peer >= 0)
		close(peer);
	loop_free(loop);
	return 0;
}

/* Read all that was asked: more than a socket holds. */
static void hear(void)
{
	static char bytes[65536];
	size_t count = 0;

	while (count < asked.count) {
		ssize_t n = recv(peer, bytes, sizeof bytes, 0);

		if (n > 0) {
			assert_memory_equal(asked.at + count, bytes, (size_t)n);
			count += (size_t)n;
		}
		assert_int_equal(0, loop_turn(loop, false));
	}
}

static void tell(struct view bytes)
{
	while (bytes.count > 0) {
		ssize_t n = send(peer, bytes.at, bytes.count, MSG_NOSIGNAL);

		if (n > 0)
			bytes = view_after(bytes, (size_t)n);
		assert_int_equal(0, loop_turn(loop, false));
	}
}

static void wait_for_end(void)
{
	while (answered_count == 0)
		assert_int_equal(0, loop_turn(loop, true));
}

static void an_answer_comes_in_pieces(void **state)
{
	(void)state;
	hear();
	tell(view_part(buffer_view(&told), 0, 5));
	assert_int_equal(0, answered_count);
	tell(view_after(buffer_view(&told), 5));
	wait_for_end();
	assert_int_equal(0, question.error);
	assert_true(view_equals(buffer_view(&told), question.answer));
	/* What follows is nobody's business any more. */
	tell(view_of("more"));
	close(peer);
	peer = -1;
	assert_int_equal(0, loop_turn(loop, false));
}

static void an_end_in_the_middle_is_none(void **state)
{
	(void)state;
	hear();
	tell(view_part(buffer_view(&told), 0, 1000));
	close(peer);
	peer = -1;
	wait_for_end();
	assert_int_equal(-EPIPE, question.error);
}

static void who_does_not_listen_is_gone(void **state)
{
	(void)state;
	close(peer);
	peer = -1;
	wait_for_end();
	assert_true(question.error == -EPIPE || question.error == -ECONNRESET);
}

static void something_else_is_no_answer(void **state)
{
	const struct invoke_header wrong = { .version = INVOKE_VERSION + 1, .bytes = 4 };

	(void)state;
	tell(view_from(&wrong, sizeof wrong));
	wait_for_end();
	assert_int_equal(-EPROTO, question.error);
}

static void more_than_an_answer_is_none(void **state)
{
	(void)state;
	buffer_append(&told, view_of("x"));
	tell(buffer_view(&told));
	wait_for_end();
	assert_int_equal(-EPROTO, question.error);
}

static void time_is_up_once(void **state)
{
	int pair[2];

	(void)state;
	question_close(&question);
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	close(peer);
	peer = pair[0];
	question_ask(&question, loop, pair[1], buffer_view(&asked), 1, on_answered);
	wait_for_end();
	assert_int_equal(-ETIMEDOUT, question.error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_answer_comes_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(an_end_in_the_middle_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(who_does_not_listen_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(something_else_is_no_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(more_than_an_answer_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(time_is_up_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
