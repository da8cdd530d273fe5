/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "netns/fds.h"

/* A message that was pushed while client_ask() waited for its reply. */
struct kept {
	struct kept *next;
	struct verb_message message;
};

struct client {
	int socket;
	uint32_t sequence;
	struct kept *first, **last;
	struct kept *handed_out; /* what client_receive() returned from the list, until the next call */
	struct verb_message message;
};

int client_open(struct client **ret, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct client *client;

	if (strlen(path) >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	client = calloc(1, sizeof *client);
	if (!client)
		return -ENOMEM;
	client->last = &client->first;
	client->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (client->socket < 0 || connect(client->socket, (struct sockaddr *)&address, sizeof address) < 0) {
		int rc = -errno;

		client_close(client);
		return rc;
	}
	*ret = client;
	return 0;
}

int client_fd(const struct client *client)
{
	return client->socket;
}

int64_t client_post(struct client *client, enum verb verb, const void *body, const int *fds, size_t fd_count)
{
	const struct verb_rule *rule = verb_rule_find(verb);
	struct verb_message message = { .header = { .version = VERBS_VERSION, .verb = (uint16_t)verb } };
	int rc;

	if (!rule || rule->sender == VERB_FROM_POSTERND)
		return -EINVAL;
	client->sequence = client->sequence == INT32_MAX ? 1 : client->sequence + 1;
	message.header.sequence = client->sequence;
	if (body)
		memcpy(&message.body, body, rule->body_bytes);
	if (verb_check(&message, sizeof message.header + rule->body_bytes, fd_count, rule->sender) < 0)
		return -EINVAL;
	rc = fds_send(client->socket, &message, sizeof message.header + rule->body_bytes, fds, fd_count);
	return rc < 0 ? rc : (int64_t)client->sequence;
}

/* What was handed out before goes now, with the descriptors that nobody took. */
static void forget_message(struct client *client)
{
	fds_close(client->message.fds, client->message.fd_count);
	client->message.fd_count = 0;
	if (client->handed_out) {
		fds_close(client->handed_out->message.fds, client->handed_out->message.fd_count);
		free(client->handed_out);
		client->handed_out = NULL;
	}
}

static bool can_be_asked_again(unsigned int verb)
{
	return verb == VERB_OUTGOING_SOCKETS || verb == VERB_INVOKE_CHANNEL || verb == VERB_INVOKE;
}

static int receive(struct client *client, struct verb_message *message)
{
	size_t count;
	int rc;

	memset(&message->body, 0, sizeof message->body);
	rc = fds_receive(client->socket, message, sizeof message->header + sizeof message->body, &count, message->fds,
		&message->fd_count);
	/* What can be asked for again comes without its descriptors when there is no room for them; nothing else may. */
	if (rc == -EMFILE && count >= sizeof message->header && can_be_asked_again(message->header.verb))
		rc = 0;
	if (rc < 0) {
		message->fd_count = 0;
		return rc == -EMSGSIZE || rc == -EMFILE ? -EPROTO : rc;
	}
	if (verb_check(message, count, message->fd_count, VERB_FROM_POSTERND) < 0) {
		fds_close(message->fds, message->fd_count);
		message->fd_count = 0;
		return -EPROTO;
	}
	message->body_bytes = count - sizeof message->header;
	return 0;
}

int client_receive(struct client *client, struct verb_message **ret)
{
	int rc;

	forget_message(client);
	if (client->first) {
		client->handed_out = client->first;
		client->first = client->first->next;
		if (!client->first)
			client->last = &client->first;
		*ret = &client->handed_out->message;
		return 0;
	}
	rc = receive(client, &client->message);
	if (rc == 0)
		*ret = &client->message;
	return rc;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait until the socket has `events` or `deadline_ms` is over. */
static int wait_for(const struct client *client, short events, int64_t deadline_ms)
{
	struct pollfd wanted = { .fd = client->socket, .events = events };

	for (;;) {
		int64_t left_ms = deadline_ms - now_ms();
		int count = poll(&wanted, 1, left_ms > 0 ? (int)left_ms : 0);

		if (count > 0)
			return 0;
		if (count == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* Keep the message just received for client_receive(). */
static int keep(struct client *client)
{
	struct kept *kept = malloc(sizeof *kept);

	if (!kept)
		return -ENOMEM;
	kept->next = NULL;
	kept->message = client->message;
	client->message.fd_count = 0;
	*client->last = kept;
	client->last = &kept->next;
	return 0;
}

static int wait_for_reply(struct client *client, uint32_t sequence, int64_t deadline_ms, struct verb_message **ret)
{
	for (;;) {
		int rc = receive(client, &client->message);

		if (rc == -EAGAIN)
			rc = wait_for(client, POLLIN, deadline_ms);
		else if (rc == 0 && client->message.header.is_reply && client->message.header.sequence == sequence) {
			*ret = &client->message;
			return client->message.header.status;
		} else if (rc == 0)
			rc = keep(client);
		if (rc < 0)
			return rc;
	}
}

int client_ask(struct client *client, enum verb verb, const void *body, const int *fds, size_t fd_count,
	unsigned int timeout_ms, struct verb_message **ret)
{
	int64_t deadline_ms = now_ms() + timeout_ms;
	struct verb_message *reply = NULL;
	int64_t sequence;
	int rc;

	forget_message(client);
	if (ret)
		*ret = NULL;
	while ((sequence = client_post(client, verb, body, fds, fd_count)) == -EAGAIN) {
		rc = wait_for(client, POLLOUT, deadline_ms);
		if (rc < 0)
			return rc;
	}
	if (sequence < 0)
		return (int)sequence;
	rc = wait_for_reply(client, (uint32_t)sequence, deadline_ms, &reply);
	if (ret)
		*ret = reply;
	return rc;
}

int client_take_fd(struct verb_message *message, size_t index)
{
	int fd;

	if (index >= message->fd_count)
		return -1;
	fd = message->fds[index];
	message->fds[index] = -1;
	return fd;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	forget_message(client);
	while (client->first) {
		struct kept *kept = client->first;

		client->first = kept->next;
		fds_close(kept->message.fds, kept->message.fd_count);
		free(kept);
	}
	if (client->socket >= 0)
		close(client->socket);
	free(client);
}
