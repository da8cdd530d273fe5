/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fake_posternd: a posternd that makes nothing: it notes what it is ordered and answers as it is told, on a thread of its own.
 *
 * Life cycle: fake_posternd_start(), fake_posternd_stop(). What it noted may be read between two calls: it acts only
 * while a call waits for it.
 */
#ifndef POSTERN_TESTS_UNIT_CONTROL_FAKE_POSTERND_H
#define POSTERN_TESTS_UNIT_CONTROL_FAKE_POSTERND_H

#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "netns/fds.h"
#include "netns/verbs.h"

enum { FAKE_PREFIXES_MAX = 256 };

struct fake_posternd {
	char path[128];
	int listener;
	pthread_t thread;
	bool stopping;
	int refusals[VERB_COUNT]; /* negative errno to answer with */
	unsigned counts[VERB_COUNT];
	struct verb_endpoint_create created; /* the last one */
	char deleted[FILTER_ENDPOINT_ID_BYTES];
	struct verb_filter_load load; /* the last one */
	struct verb_filter_mode mode; /* likewise */
	struct filter_prefix_record prefixes[FAKE_PREFIXES_MAX];
	struct filter_admission_record admissions[FAKE_PREFIXES_MAX];
	struct verb_filter_stats stats; /* what FILTER_STATS answers */
	struct verb_endpoint_list list; /* what ENDPOINT_LIST answers */
	int ends[2];                    /* what INVOKE_CHANNEL answers: the second; the first is the gateway's */
};

static inline void fake_note_load(struct fake_posternd *fake, const struct verb_filter_load *load, int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	size_t bytes = load->prefix_count * sizeof fake->prefixes[0];
	size_t admission_bytes = load->admission_count * sizeof fake->admissions[0];

	assert_int_equal(
		F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW, seals & (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW));
	assert_true(load->prefix_count <= FAKE_PREFIXES_MAX && load->admission_count <= FAKE_PREFIXES_MAX);
	fake->load = *load;
	assert_int_equal(bytes, pread(fd, fake->prefixes, bytes, 0));
	assert_int_equal(admission_bytes, pread(fd, fake->admissions, sizeof fake->admissions, (off_t)bytes));
}

static inline void fake_answer(struct fake_posternd *fake, int connection, const struct verb_header *asked,
	const union verb_body *body, int fd)
{
	struct {
		struct verb_header header;
		union verb_body body;
	} reply = {
		.header = { .version = VERBS_VERSION, .verb = asked->verb, .sequence = asked->sequence, .is_reply = 1 }
	};
	const struct verb_rule *rule = verb_rule_find(asked->verb);
	size_t count = sizeof reply.header + rule->reply_bytes;

	fake->counts[asked->verb]++;
	reply.header.status = fake->refusals[asked->verb];
	switch (asked->verb) {
	case VERB_HELLO:
		reply.body.welcome = (struct verb_welcome){ .worker_count = 1,
			.counters_slot_bytes = VERB_COUNTERS_SLOT_BYTES,
			.management_count = 1,
			.network_count = 2 };
		break;
	case VERB_ENDPOINT_CREATE:
		fake->created = body->endpoint_create;
		break;
	case VERB_ENDPOINT_DELETE:
		memcpy(fake->deleted, body->endpoint_id.id, sizeof fake->deleted);
		break;
	case VERB_ENDPOINT_LIST:
		reply.body.endpoint_list = fake->list;
		break;
	case VERB_FILTER_STATS:
		reply.body.filter_stats = fake->stats;
		break;
	case VERB_FILTER_MODE:
		fake->mode = body->filter_mode;
		break;
	case VERB_FILTER_LOAD:
		fake_note_load(fake, &body->filter_load, fd);
		break;
	default:
		break;
	}
	if (reply.header.status < 0)
		count = sizeof reply.header;
	if (asked->verb == VERB_INVOKE_CHANNEL && reply.header.status == 0) {
		assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fake->ends));
		assert_int_equal(0, fds_send(connection, &reply, count, &fake->ends[1], 1));
		close(fake->ends[1]);
		return;
	}
	assert_int_equal(count, send(connection, &reply, count, MSG_NOSIGNAL));
}

/* One message; false at the end of the connection. */
static inline bool fake_receive(struct fake_posternd *fake, int connection)
{
	static _Alignas(8) char bytes[VERB_MESSAGE_MAX_BYTES];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * 4)];
	struct iovec part = { bytes, sizeof bytes };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
	};
	ssize_t count = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *passed = CMSG_FIRSTHDR(&message);
	int fd = -1;

	if (count <= 0)
		return false;
	if (passed)
		memcpy(&fd, CMSG_DATA(passed), sizeof fd);
	assert_int_equal(0, verb_check(bytes, (size_t)count, fd >= 0 ? 1 : 0, VERB_FROM_CONTROL));
	fake_answer(fake, connection, (const struct verb_header *)(const void *)bytes,
		(const union verb_body *)(const void *)(bytes + sizeof(struct verb_header)), fd);
	if (fd >= 0)
		close(fd);
	return true;
}

static inline void *fake_serve(void *argument)
{
	struct fake_posternd *fake = argument;

	for (;;) {
		int connection = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0)
			return NULL;
		while (fake_receive(fake, connection))
			;
		close(connection);
	}
}

static inline void fake_posternd_start(struct fake_posternd *fake, const char *folder)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	*fake = (struct fake_posternd){ 0 };
	snprintf(fake->path, sizeof fake->path, "%s/posternd.sock", folder);
	strcpy(address.sun_path, fake->path);
	fake->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(fake->listener >= 0);
	assert_int_equal(0, bind(fake->listener, (struct sockaddr *)(void *)&address, sizeof address));
	assert_int_equal(0, listen(fake->listener, 4));
	assert_int_equal(0, pthread_create(&fake->thread, NULL, fake_serve, fake));
}

/* The client must have closed its connection. */
static inline void fake_posternd_stop(struct fake_posternd *fake)
{
	shutdown(fake->listener, SHUT_RDWR);
	assert_int_equal(0, pthread_join(fake->thread, NULL));
	close(fake->listener);
}

#endif
