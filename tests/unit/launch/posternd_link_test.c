/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The link against a posternd that lives in this test: a thread for the greeting, the test itself for the rest. */
#include "tests/unit/support.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "appliance/base/assert.h"
#include "appliance/base/log.h"
#include "appliance/launch/posternd_link.h"

static char folder[] = "/tmp/postern-link-XXXXXX";
static char path[64];
static int listener = -1, peer = -1;

struct seen {
	struct posternd_link link;
	unsigned back_count, drain_count;
};

static void start_listening(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(address.sun_path, path);
	unlink(path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(0, bind(listener, (struct sockaddr *)&address, sizeof address));
	assert_int_equal(0, listen(listener, 1));
}

static void stop_listening(void)
{
	close(peer);
	close(listener);
	peer = listener = -1;
}

struct hello {
	struct verb_header header;
	struct verb_hello body;
};

/* Take a HELLO, check it, answer it. */
static void greet(unsigned resuming)
{
	struct {
		struct verb_header header;
		struct verb_welcome body;
	} answer = { .header = { .version = VERBS_VERSION, .verb = VERB_HELLO, .is_reply = 1 },
		.body = { .worker_count = 3, .counters_slot_bytes = VERB_COUNTERS_SLOT_BYTES } };
	struct hello hello;

	assert_int_equal(sizeof hello, recv(peer, &hello, sizeof hello, 0));
	assert_int_equal(VERB_HELLO, hello.header.verb);
	assert_int_equal(resuming, hello.body.resuming);
	answer.header.sequence = hello.header.sequence;
	assert_int_equal(sizeof answer, send(peer, &answer, sizeof answer, 0));
}

static void push_drain(void)
{
	const struct {
		struct verb_header header;
		struct verb_drain body;
	} drain = { .header = { .version = VERBS_VERSION, .verb = VERB_DRAIN }, .body = { .limit_ms = 7 } };

	assert_int_equal(sizeof drain, send(peer, &drain, sizeof drain, 0));
}

static void *first_greeting(void *argument)
{
	(void)argument;
	peer = accept(listener, NULL, NULL);
	greet(0);
	push_drain();
	return NULL;
}

static void message(struct posternd_link *link, struct verb_message *pushed)
{
	struct seen *seen = CONTAINER_OF(link, struct seen, link);

	seen->drain_count += pushed->header.verb == VERB_DRAIN && pushed->body.drain.limit_ms == 7;
}

static void back(struct posternd_link *link)
{
	CONTAINER_OF(link, struct seen, link)->back_count++;
}

static const struct posternd_link_handlers handlers = { .message = message, .back = back };

static void it_greets_loses_and_finds_posternd_again(void **state)
{
	const struct verb_empty nothing = { 0 };
	struct loop *loop = loop_new();
	struct verb_message *welcome;
	struct seen seen = { .back_count = 0 };
	struct pollfd incoming;
	pthread_t thread;

	(void)state;
	start_listening();
	assert_int_equal(0, pthread_create(&thread, NULL, first_greeting, NULL));
	assert_int_equal(0, posternd_link_open(&seen.link, loop, path, &handlers, &welcome));
	assert_int_equal(3, welcome->body.welcome.worker_count);
	pthread_join(thread, NULL);
	while (seen.drain_count < 1)
		assert_int_equal(0, loop_turn(loop, true));
	assert_true(posternd_link_send(&seen.link, VERB_READY, &nothing, NULL, 0));

	stop_listening();
	while (posternd_link_send(&seen.link, VERB_READY, &nothing, NULL, 0))
		assert_int_equal(0, loop_turn(loop, true));
	start_listening();
	incoming = (struct pollfd){ .fd = listener, .events = POLLIN };
	while (poll(&incoming, 1, 0) == 0)
		assert_int_equal(0, loop_turn(loop, true));
	peer = accept(listener, NULL, NULL);
	assert_int_equal(0, seen.back_count);
	greet(1);
	while (seen.back_count < 1)
		assert_int_equal(0, loop_turn(loop, true));
	push_drain();
	while (seen.drain_count < 2)
		assert_int_equal(0, loop_turn(loop, true));
	posternd_link_close(&seen.link);
	loop_free(loop);
	stop_listening();
}

static int start(void **state)
{
	(void)state;
	log_start("test", LOG_LEVEL_ERROR, LOG_FORM_JSON);
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/socket", folder);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_greets_loses_and_finds_posternd_again),
	};

	return cmocka_run_group_tests(tests, start, end);
}
