/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/loop/stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/loop/stream_kind.h"

/* Parts of one send from the queue: 128 KB, about what a socket takes at once. */
#define SEND_PARTS_MAX_COUNT 16

/* --- the descriptor's side ------------------------------------------------------------------------------------------- */

ssize_t stream_receive(struct stream *stream, void *buffer, size_t room_bytes)
{
	ssize_t count;

	if (stream->input_ended)
		return 0;
	do
		count = recv(stream->watch.fd, buffer, room_bytes, 0);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	if (count == 0) {
		stream->input_ended = true;
		/* A descriptor at its end is readable for ever. */
		(void)loop_watch_read(&stream->watch, false);
	}
	return count;
}

/* One send; returns what the kernel took, 0 if it takes nothing now, or a negative errno. */
static ssize_t send_parts(struct stream *stream, const struct iovec *parts, int part_count)
{
	ssize_t sent;

	do {
		if (part_count == 1) {
			sent = send(stream->watch.fd, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL);
		} else {
			/* sendmsg() does not write through msg_iov; its type just can't say so. */
			struct iovec *unconst = (struct iovec *)(uintptr_t)parts;
			struct msghdr message = { .msg_iov = unconst, .msg_iovlen = (size_t)part_count };

			sent = sendmsg(stream->watch.fd, &message, MSG_NOSIGNAL);
		}
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
	stream->sent_bytes += (uint64_t)sent;
	return sent;
}

int stream_transmit(struct stream *stream, const struct iovec *parts, int part_count)
{
	ssize_t sent = 0;
	size_t skip;

	ASSERT(!stream->end_wanted);
	if (stream->waiting.bytes == 0) {
		sent = send_parts(stream, parts, part_count);
		if (sent < 0)
			return (int)sent;
	}
	skip = (size_t)sent;
	for (int i = 0; i < part_count; i++) {
		const char *bytes = parts[i].iov_base;

		if (skip >= parts[i].iov_len) {
			skip -= parts[i].iov_len;
			continue;
		}
		chunk_list_append(stream->loop, &stream->waiting, bytes + skip, parts[i].iov_len - skip);
		skip = 0;
	}
	return stream->waiting.bytes ? loop_watch_write(&stream->watch, true) : 0;
}

static void shut_output(struct stream *stream)
{
	if (stream->output_ended)
		return;
	stream->output_ended = true;
	/* The peer may have gone already; that shows at the next read. */
	(void)shutdown(stream->watch.fd, SHUT_WR);
}

static void send_waiting(struct stream *stream)
{
	struct iovec parts[SEND_PARTS_MAX_COUNT];
	ssize_t sent;

	if (stream->waiting.bytes == 0)
		return;
	sent = send_parts(stream, parts, chunk_list_parts(&stream->waiting, parts, SEND_PARTS_MAX_COUNT));
	if (sent < 0) {
		stream->owner->failed(stream, (int)sent);
		return;
	}
	chunk_list_drop(stream->loop, &stream->waiting, (size_t)sent);
	if (stream->waiting.bytes > 0) {
		(void)loop_watch_write(&stream->watch, true);
		return;
	}
	if (stream->end_wanted)
		shut_output(stream);
	stream->owner->drained(stream);
}

static void recall_is_due(struct loop_task *task)
{
	struct stream *stream = CONTAINER_OF(task, struct stream, recall);

	if (!stream->paused && stream->kind->has_input(stream))
		stream_offer_input(stream);
}

void stream_offer_input(struct stream *stream)
{
	stream->owner->readable(stream);
	if (stream->kind && !stream->paused && stream->kind->has_input(stream))
		loop_defer(stream->loop, &stream->recall, recall_is_due);
}

static void descriptor_is_ready(struct loop_watch *watch, unsigned events)
{
	struct stream *stream = CONTAINER_OF(watch, struct stream, watch);

	if (events & LOOP_WRITABLE)
		send_waiting(stream);
	if (!(events & LOOP_READABLE) || !stream->kind)
		return;
	if (stream->paused)
		(void)loop_watch_read(watch, false);
	else
		stream->kind->input(stream);
}

int stream_open_kind(struct stream *stream, const struct stream_kind *kind, struct loop *loop, int fd,
	const struct stream_owner *owner, void *engine)
{
	int error;

	*stream = (struct stream){ .kind = kind, .owner = owner, .loop = loop, .engine = engine };
	loop_watch_init(&stream->watch, loop, fd, descriptor_is_ready);
	error = loop_watch_read(&stream->watch, true);
	if (error) {
		loop_watch_fini(&stream->watch);
		stream->kind = NULL;
	}
	return error;
}

/* --- plain streams --------------------------------------------------------------------------------------------------- */

static bool plain_has_input(const struct stream *stream)
{
	(void)stream;
	return false;
}

static void plain_end(struct stream *stream)
{
	(void)stream;
}

static void plain_close(struct stream *stream, bool reset)
{
	(void)stream;
	(void)reset;
}

static ssize_t plain_read(struct stream *stream, char *buffer, size_t room_bytes)
{
	return stream_receive(stream, buffer, room_bytes);
}

static const struct stream_kind plain_kind = {
	.read = plain_read,
	.write = stream_transmit,
	.has_input = plain_has_input,
	.input = stream_offer_input,
	.end = plain_end,
	.close = plain_close,
};

int stream_open_plain(struct stream *stream, struct loop *loop, int fd, const struct stream_owner *owner)
{
	int error = stream_open_kind(stream, &plain_kind, loop, fd, owner, NULL);

	if (error)
		close(fd);
	return error;
}

/* --- the owner's side ------------------------------------------------------------------------------------------------ */

ssize_t stream_read(struct stream *stream, char *buffer, size_t room_bytes)
{
	return stream->kind->read(stream, buffer, room_bytes);
}

ssize_t stream_write(struct stream *stream, const struct iovec *parts, int part_count)
{
	int error = stream->kind->write(stream, parts, part_count);

	return error ? error : (ssize_t)stream->waiting.bytes;
}

void stream_pause(struct stream *stream)
{
	stream->paused = true;
}

void stream_resume(struct stream *stream)
{
	if (!stream->paused)
		return;
	stream->paused = false;
	if (!stream->input_ended)
		(void)loop_watch_read(&stream->watch, true);
	if (stream->kind->has_input(stream))
		loop_defer(stream->loop, &stream->recall, recall_is_due);
}

void stream_end(struct stream *stream)
{
	if (stream->end_wanted)
		return;
	stream->kind->end(stream);
	stream->end_wanted = true;
	if (stream->waiting.bytes == 0)
		shut_output(stream);
}

void stream_close(struct stream *stream, bool reset)
{
	const struct stream_kind *kind = stream->kind;
	int fd = stream->watch.fd;

	if (!kind)
		return;
	kind->close(stream, reset);
	stream->kind = NULL;
	loop_task_cancel(stream->loop, &stream->recall);
	chunk_list_clear(stream->loop, &stream->waiting);
	loop_watch_fini(&stream->watch);
	if (reset) {
		struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	}
	close(fd);
}
