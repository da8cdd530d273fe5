/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/system/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What the sender can't change any more, so that what was checked is what is used. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define BACKLOG 8

int server_open(struct server *server, struct daemon *daemon, const char *path, uid_t user)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	*server = (struct server){ .daemon = daemon, .listener = -1, .user = user, .waiting = -1 };
	for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++)
		server->connections[i] = -1;
	if (strlen(path) >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	(void)unlink(path);
	/* Nobody's until it is the user's: between the two there is nothing to connect to. */
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || chmod(path, 0600) < 0 ||
		lchown(path, user, (gid_t)-1) < 0 || listen(fd, BACKLOG) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	server->listener = fd;
	return 0;
}

size_t server_events(const struct server *server, struct pollfd events[SERVER_EVENTS_MAX])
{
	events[0] = (struct pollfd){ .fd = server->listener, .events = POLLIN };
	for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++)
		events[1 + i] = (struct pollfd){ .fd = server->connections[i], .events = POLLIN };
	return SERVER_EVENTS_MAX;
}

static void close_connection(struct server *server, size_t i)
{
	if (server->waiting == server->connections[i])
		server->waiting = -1;
	close(server->connections[i]);
	server->connections[i] = -1;
}

static void accept_all(struct server *server)
{
	struct ucred peer;
	socklen_t bytes = sizeof peer;
	int fd;

	while ((fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		size_t i = 0;

		while (i < SERVER_CONNECTIONS_MAX && server->connections[i] >= 0)
			i++;
		if (i == SERVER_CONNECTIONS_MAX || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) < 0 ||
			peer.uid != server->user)
			close(fd);
		else
			server->connections[i] = fd;
	}
}

/* ---- status ---- */

static uint32_t rest_s(uint64_t deadline_ms, uint64_t now_ms)
{
	return deadline_ms > now_ms ? (uint32_t)((deadline_ms - now_ms + 999) / 1000) : 0;
}

static void fill_update(const struct update *update, struct system_status *ret)
{
	ret->update_state = update->state;
	memcpy(ret->update_failure, update->failure, sizeof ret->update_failure);
	if (update->state == SYSTEM_UPDATE_NONE)
		return;
	memcpy(ret->update_version, update->head.version, sizeof ret->update_version);
	ret->update_chunks = update_head_chunks(&update->head);
	ret->update_done = update_is_busy(update) ? update->next : ret->update_chunks - update->missing_count;
	memcpy(ret->update_missing, update->missing, sizeof ret->update_missing);
}

static void fill_settings(const struct daemon *daemon, uint64_t now_ms, struct system_status *ret)
{
	struct stored_state state;

	stored_read(daemon->folder, &state);
	snprintf(ret->boot, sizeof ret->boot, "%s", state.boot);
	ret->settings_are_stored = state.current || state.trial;
	ret->settings_are_on_trial = state.trial != 0;
	ret->settings_confirm_s = state.trial ? state.confirm_s : 0;
	if (daemon->trial.restart_by_ms)
		ret->settings_rest_s = rest_s(daemon->trial.restart_by_ms, now_ms);
	if (state.dropped)
		snprintf(ret->last_settings, sizeof ret->last_settings,
			"those given last were taken back: they were not confirmed");
}

void server_fill_status(struct daemon *daemon, struct system_status *ret)
{
	const struct health *health = &daemon->health;
	uint64_t now_ms = daemon_now_ms();

	memset(ret, 0, sizeof *ret);
	ret->slot[0] = daemon->slots.running;
	memcpy(ret->version, daemon->version, sizeof ret->version);
	ret->is_good = health->is_good;
	ret->tries = daemon->slots.tries;
	ret->good_after_ms = (uint32_t)health->good_at_ms;
	ret->update_is_on_trial = daemon->slots.on_trial;
	snprintf(ret->failing, sizeof ret->failing, "%s", health->failing);
	snprintf(ret->started_because, sizeof ret->started_because, "%s", daemon->slots.because);
	if (!health->is_good && daemon->slots.on_trial)
		ret->trial_rest_s = rest_s(daemon->give_up_ms, now_ms);
	ret->other_slot = daemon->slots.other_is_unusable ? SYSTEM_OTHER_UNUSABLE : SYSTEM_OTHER_USABLE;
	snprintf(ret->last_update, sizeof ret->last_update, "%s", daemon->last_update);
	fill_update(&daemon->update, ret);
	fill_settings(daemon, now_ms, ret);
}

/* ---- verbs ---- */

/* `size` bytes of data that can't change any more; the descriptor is `fd`. 0 or a negative errno. */
static int check_data(int fd, const struct system_verb_row *row, size_t *ret_size)
{
	struct stat facts;
	int seals;

	*ret_size = 0;
	if (!row->data_max_bytes)
		return fd < 0 ? 0 : -EPROTO;
	if (fd < 0 || fstat(fd, &facts) < 0 || !S_ISREG(facts.st_mode))
		return -EPROTO;
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS) != SEALS)
		return -EPROTO;
	if (facts.st_size <= 0 || (uint64_t)facts.st_size > row->data_max_bytes)
		return -EMSGSIZE;
	*ret_size = (size_t)facts.st_size;
	return 0;
}

__attribute__((format(printf, 3, 4))) static int refuse(struct system_reply *reply, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(reply->reason, sizeof reply->reason, format, arguments);
	va_end(arguments);
	return error;
}

/* An update would write over what this start falls back to, and a restart ends what is on trial. */
static int check_calm(struct daemon *daemon, struct system_reply *reply)
{
	struct stored_state state;

	stored_read(daemon->folder, &state);
	if (daemon->restarting)
		return refuse(reply, -EBUSY, "the machine is about to restart");
	if (daemon->slots_error)
		return refuse(reply, -ENODEV, "this machine was not started from a slot of the image: %s",
			strerror(-daemon->slots_error));
	if (daemon->slots.on_trial)
		return refuse(reply, -EBUSY, "version %s is on trial: it has to become good first", daemon->version);
	if (state.trial)
		return refuse(reply, -EBUSY, "settings are on trial: confirm them first (`postern system confirm`)");
	return 0;
}

static int do_update_begin(
	struct daemon *daemon, const struct system_request *request, int fd, size_t size, struct system_reply *reply)
{
	static uint8_t head[UPDATE_HEAD_MAX_BYTES];
	char reason[UPDATE_REASON_BYTES] = "";
	const struct update_order order = { .head = head,
		.head_count = size,
		.key = daemon->has_key ? daemon->key : NULL,
		.version = daemon->version,
		.allows_older = request->body.update_begin.allows_older == 1 };
	int error = check_calm(daemon, reply);

	if (error)
		return error;
	if (pread(fd, head, size, 0) != (ssize_t)size)
		return refuse(reply, -EIO, "the head can't be read");
	error = update_begin(&daemon->update, &daemon->slots, &order, reason);
	if (error)
		return refuse(reply, error, "%s", reason);
	daemon_say("an update to %s was begun", daemon->update.head.version);
	return 0;
}

static int do_update_chunk(
	struct daemon *daemon, const struct system_request *request, int fd, size_t size, struct system_reply *reply)
{
	char reason[UPDATE_REASON_BYTES] = "";
	int error;

	if (update_is_busy(&daemon->update))
		return refuse(reply, -EBUSY, "the slot is being read");
	if (pread(fd, update_room(&daemon->update), size, 0) != (ssize_t)size)
		return refuse(reply, -EIO, "the chunk can't be read");
	error = update_chunk(&daemon->update, &daemon->slots, request->body.update_chunk.index, size, reason);
	return error ? refuse(reply, error, "%s", reason) : 0;
}

static int do_update_finish(struct daemon *daemon, struct system_reply *reply)
{
	char reason[UPDATE_REASON_BYTES] = "";
	int error = check_calm(daemon, reply);

	if (error)
		return error;
	error = update_finish(&daemon->update, reason);
	return error ? refuse(reply, error, "%s", reason) : 0;
}

/* `*ret_waits`: the answer comes when they have been judged. */
static int do_settings(struct daemon *daemon, const struct system_request *request, int fd, size_t size,
	struct system_reply *reply, bool *ret_waits)
{
	const struct system_settings *order = &request->body.settings;
	int error, own;

	if (daemon->restarting || daemon->trial.waiting)
		return refuse(reply, -EBUSY, "other settings are being judged, or the machine is about to restart");
	if (daemon->slots.on_trial)
		return refuse(reply, -EBUSY, "version %s is on trial: it has to become good first", daemon->version);
	if (size != (size_t)order->settings_bytes + order->network_bytes)
		return refuse(reply, -EPROTO, "the settings are not of the size that was said");
	own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	error = own < 0 ? -errno : trial_begin(daemon, order, own);
	if (error && own >= 0)
		close(own);
	*ret_waits = !error;
	return error ? refuse(reply, error, "the settings can't be judged: %s", strerror(-error)) : 0;
}

static int act(struct daemon *daemon, const struct system_request *request, int fd, size_t size,
	struct system_reply *reply, bool *ret_waits)
{
	switch (request->verb) {
	case SYSTEM_FACTS:
		health_tell(daemon, &request->body.facts);
		return 0;
	case SYSTEM_UPDATE_BEGIN:
		return do_update_begin(daemon, request, fd, size, reply);
	case SYSTEM_UPDATE_CHUNK:
		return do_update_chunk(daemon, request, fd, size, reply);
	case SYSTEM_UPDATE_FINISH:
		return do_update_finish(daemon, reply);
	case SYSTEM_UPDATE_CANCEL:
		if (daemon->update.state == SYSTEM_UPDATE_RESTARTING)
			return refuse(reply, -EBUSY, "the machine is about to restart");
		update_cancel(&daemon->update);
		return 0;
	case SYSTEM_SETTINGS:
		return do_settings(daemon, request, fd, size, reply, ret_waits);
	case SYSTEM_CONFIRM:
		return trial_confirm(daemon);
	case SYSTEM_RESTART:
		daemon_restart(daemon, "an operator asked for it");
		return 0;
	default:
		return 0; /* STATUS: each reply has it */
	}
}

static void answer(struct server *server, size_t i, struct system_reply *reply)
{
	server_fill_status(server->daemon, &reply->now);
	/* It fits into an empty socket; who does not read its answers gets none. */
	if (send(server->connections[i], reply, sizeof *reply, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof *reply)
		close_connection(server, i);
}

void server_answer_settings(struct server *server, int status)
{
	static struct system_reply reply;

	for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++)
		if (server->waiting >= 0 && server->connections[i] == server->waiting) {
			memset(&reply, 0, sizeof reply);
			reply.version = SYSTEM_PROTOCOL_VERSION;
			reply.verb = SYSTEM_SETTINGS;
			reply.status = status;
			memcpy(reply.reason, server->daemon->trial.failure, sizeof reply.reason);
			answer(server, i, &reply);
		}
	server->waiting = -1;
}

/* ---- messages ---- */

/* The first descriptor of a message; there must be one at most. -1: none; -2: more. */
static int take_fd(struct msghdr *message)
{
	int found = -1;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fds[4];

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds, CMSG_DATA(header), (count < 4 ? count : 4) * sizeof(int));
		for (size_t i = 0; i < count && i < 4; i++) {
			if (found == -1)
				found = fds[i];
			else
				close(fds[i]);
		}
		if (count > 1) {
			close(found);
			found = -2;
		}
	}
	return found;
}

/* One message; false: the connection is to be closed. */
static bool receive(struct server *server, size_t i)
{
	static struct system_request request;
	static struct system_reply reply;
	/* Room for as many descriptors as take_fd() closes: the kernel drops the rest. */
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec part = { .iov_base = &request, .iov_len = sizeof request };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	ssize_t count = recvmsg(server->connections[i], &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	size_t size = 0;
	bool waits = false;
	int fd, error;

	if (count < 0)
		return errno == EAGAIN || errno == EINTR;
	fd = take_fd(&message);
	if (count == 0 || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || fd == -2 ||
		server->connections[i] == server->waiting || system_request_check(&request, (size_t)count) < 0 ||
		check_data(fd, system_verb_find(request.verb), &size) < 0) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	memset(&reply, 0, sizeof reply);
	reply.version = SYSTEM_PROTOCOL_VERSION;
	reply.verb = request.verb;
	error = act(server->daemon, &request, fd, size, &reply, &waits);
	if (fd >= 0)
		close(fd);
	reply.status = error;
	if (waits)
		server->waiting = server->connections[i];
	else
		answer(server, i, &reply);
	return true;
}

void server_turn(struct server *server, const struct pollfd *events, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++)
		if (events[1 + i].revents && server->connections[i] >= 0 && !receive(server, i))
			close_connection(server, i);
	if (events[0].revents)
		accept_all(server);
}
