/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of loop/stream (plain) and loop/chunk: nothing is lost, doubled or reordered, whatever the peer takes. */
#include "tests/unit/support.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "appliance/base/assert.h"
#include "appliance/loop/stream.h"

struct side {
	struct stream stream;
	size_t readable_count, drained_count;
	int error;
	char input[65536];
	size_t input_count;
	bool ended;
};

static struct loop *loop;
static struct side side;
static int peer;

static void side_is_readable(struct stream *stream)
{
	struct side *mine = CONTAINER_OF(stream, struct side, stream);
	ssize_t count = stream_read(stream, mine->input + mine->input_count, sizeof mine->input - mine->input_count);

	mine->readable_count++;
	if (count > 0)
		mine->input_count += (size_t)count;
	else if (count == 0)
		mine->ended = true;
	else if (count != -EAGAIN)
		mine->error = (int)count;
}

static void side_is_drained(struct stream *stream)
{
	CONTAINER_OF(stream, struct side, stream)->drained_count++;
}

static void side_failed(struct stream *stream, int error)
{
	CONTAINER_OF(stream, struct side, stream)->error = error;
	stream_close(stream, false);
}

static const struct stream_owner owner = {
	.readable = side_is_readable,
	.drained = side_is_drained,
	.failed = side_failed,
};

static int set_up(void **state)
{
	int pair[2], room = 4096;

	(void)state;
	loop = loop_new();
	assert_non_null(loop);
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair));
	assert_int_equal(0, setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room));
	memset(&side, 0, sizeof side);
	assert_int_equal(0, stream_open_plain(&side.stream, loop, pair[0], &owner));
	peer = pair[1];
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stream_close(&side.stream, false);
	close(peer);
	loop_free(loop);
	return 0;
}

static void turn(void)
{
	assert_int_equal(0, loop_turn(loop, false));
}

static void what_the_peer_does_not_take_waits_and_drains_in_order(void **state)
{
	static char sent[300000], got[sizeof sent + 1];
	size_t got_count = 0, part = 1;
	ssize_t waiting = 0;

	(void)state;
	for (size_t i = 0; i < sizeof sent; i++)
		sent[i] = (char)(i * 7 + i / 251);
	for (size_t at = 0; at < sizeof sent; at += part, part = part * 2 % 30011 + 1) {
		struct iovec parts[3];
		size_t left = sizeof sent - at;

		if (part > left)
			part = left;
		parts[0] = (struct iovec){ .iov_base = sent + at, .iov_len = part / 3 };
		parts[1] = (struct iovec){ .iov_base = sent + at + part / 3, .iov_len = 0 };
		parts[2] = (struct iovec){ .iov_base = sent + at + part / 3, .iov_len = part - part / 3 };
		waiting = stream_write(&side.stream, parts, 3);
		assert_true(waiting >= 0);
	}
	assert_true(waiting > 0);
	assert_int_equal(waiting, stream_waiting_bytes(&side.stream));
	while (got_count < sizeof sent) {
		ssize_t count = read(peer, got + got_count, 5000);

		if (count > 0)
			got_count += (size_t)count;
		turn();
	}
	turn();
	assert_memory_equal(sent, got, sizeof sent);
	assert_int_equal(1, side.drained_count);
	assert_int_equal(sizeof sent, side.stream.sent_bytes);
}

static void a_paused_stream_is_not_called_and_goes_on_after_resume(void **state)
{
	(void)state;
	stream_pause(&side.stream);
	assert_int_equal(3, write(peer, "abc", 3));
	turn();
	turn();
	assert_int_equal(0, side.readable_count);
	assert_false(side.stream.watch.reading); /* and the loop does not spin on it */
	stream_resume(&side.stream);
	turn();
	assert_int_equal(3, side.input_count);
}

static void the_peers_end_is_told_once_and_output_goes_on(void **state)
{
	struct iovec part = { .iov_base = "still here", .iov_len = 10 };
	char got[16];

	(void)state;
	assert_int_equal(0, shutdown(peer, SHUT_WR));
	turn();
	turn();
	assert_true(side.ended);
	assert_int_equal(1, side.readable_count);
	assert_int_equal(0, stream_write(&side.stream, &part, 1));
	assert_int_equal(10, read(peer, got, sizeof got));
}

static void our_end_follows_what_waits(void **state)
{
	static char much[100000];
	struct iovec part = { .iov_base = much, .iov_len = sizeof much };
	size_t got_count = 0;
	ssize_t count = -1;

	(void)state;
	assert_true(stream_write(&side.stream, &part, 1) > 0);
	stream_end(&side.stream);
	stream_end(&side.stream);
	for (int i = 0; i < 10000 && count != 0; i++) {
		count = read(peer, much, sizeof much);
		if (count > 0)
			got_count += (size_t)count;
		turn();
	}
	assert_int_equal(0, count);
	assert_int_equal(sizeof much, got_count);
}

static void a_peer_that_vanishes_while_output_waits_is_a_failure(void **state)
{
	static char much[100000];
	struct iovec part = { .iov_base = much, .iov_len = sizeof much };

	(void)state;
	assert_true(stream_write(&side.stream, &part, 1) > 0);
	close(peer);
	for (int i = 0; i < 100 && !side.error; i++)
		turn();
	assert_true(side.error == -EPIPE || side.error == -ECONNRESET);
	peer = -1;
}

static void a_write_to_a_vanished_peer_is_an_error_not_a_signal(void **state)
{
	struct iovec part = { .iov_base = "x", .iov_len = 1 };

	(void)state;
	close(peer);
	peer = -1;
	assert_int_equal(-EPIPE, stream_write(&side.stream, &part, 1));
}

static void a_queue_of_chunks_behaves_like_one_of_bytes(void **state)
{
	static char model[200000], bytes[20000], got[20000];
	struct chunk_list list = { 0 };
	size_t model_count = 0;

	(void)state;
	srand(2);
	for (size_t step = 0; step < 3000; step++) {
		size_t count = (size_t)rand() % sizeof bytes;

		if (rand() % 2 && model_count + count <= sizeof model) {
			for (size_t i = 0; i < count; i++)
				bytes[i] = (char)rand();
			if (rand() % 4) {
				memcpy(model + model_count, bytes, count);
				chunk_list_append(loop, &list, bytes, count);
			} else {
				memmove(model + count, model, model_count);
				memcpy(model, bytes, count);
				chunk_list_prepend(loop, &list, bytes, count);
			}
			model_count += count;
		} else {
			size_t taken = chunk_list_take(loop, &list, got, count);

			assert_int_equal(count < model_count ? count : model_count, taken);
			assert_memory_equal(model, got, taken);
			memmove(model, model + taken, model_count - taken);
			model_count -= taken;
		}
		assert_int_equal(model_count, list.bytes);
	}
	chunk_list_clear(loop, &list);
	assert_null(list.first);
	assert_null(list.last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_the_peer_does_not_take_waits_and_drains_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_paused_stream_is_not_called_and_goes_on_after_resume, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_peers_end_is_told_once_and_output_goes_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(our_end_follows_what_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_peer_that_vanishes_while_output_waits_is_a_failure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_write_to_a_vanished_peer_is_an_error_not_a_signal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_queue_of_chunks_behaves_like_one_of_bytes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
