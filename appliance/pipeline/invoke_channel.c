/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/invoke_channel.h"

#include <errno.h>

#include "appliance/base/assert.h"
#include "appliance/wire/invoke.h"

/* Take what came; -EPROTO for more than one message. Returns 1 when it is whole. */
static int take(struct invoke_channel *channel, struct view bytes)
{
	long whole_bytes;

	if (channel->is_whole)
		return -EPROTO;
	buffer_append(&channel->input, bytes);
	if (buffer_error(&channel->input))
		return buffer_error(&channel->input);
	whole_bytes = invoke_message_bytes(buffer_view(&channel->input));
	if (whole_bytes < 0)
		return (int)whole_bytes;
	if (whole_bytes == 0 || channel->input.count < (size_t)whole_bytes)
		return 0;
	return channel->input.count == (size_t)whole_bytes ? 1 : -EPROTO;
}

static void readable(struct stream *stream)
{
	struct invoke_channel *channel = CONTAINER_OF(stream, struct invoke_channel, stream);
	char *buffer = loop_receive_buffer(stream->loop);
	ssize_t count = stream_read(stream, buffer, LOOP_RECEIVE_BUFFER_BYTES);
	int taken;

	if (count == -EAGAIN)
		return;
	taken = count > 0 ? take(channel, view_from(buffer, (size_t)count)) : -EPIPE;
	if (taken < 0) {
		channel->owner->ended(channel, taken);
	} else if (taken > 0) {
		channel->is_whole = true;
		channel->owner->message(channel, buffer_view(&channel->input));
	}
}

static void drained(struct stream *stream)
{
	struct invoke_channel *channel = CONTAINER_OF(stream, struct invoke_channel, stream);

	if (channel->owner->sent)
		channel->owner->sent(channel);
}

static void failed(struct stream *stream, int error)
{
	struct invoke_channel *channel = CONTAINER_OF(stream, struct invoke_channel, stream);

	channel->owner->ended(channel, error);
}

static const struct stream_owner stream_owner = { .readable = readable, .drained = drained, .failed = failed };

int invoke_channel_open(
	struct invoke_channel *channel, struct loop *loop, int fd, const struct invoke_channel_owner *owner)
{
	*channel = (struct invoke_channel){ .owner = owner };
	buffer_init(&channel->input, INVOKE_MESSAGE_MAX_BYTES);
	return stream_open_plain(&channel->stream, loop, fd, &stream_owner);
}

int invoke_channel_send(struct invoke_channel *channel, struct view message)
{
	const struct iovec part = { .iov_base = (void *)(uintptr_t)message.at, .iov_len = message.count };
	ssize_t waiting = stream_write(&channel->stream, &part, 1);

	return waiting < 0 ? (int)waiting : waiting > 0;
}

void invoke_channel_close(struct invoke_channel *channel)
{
	stream_close(&channel->stream, false);
	buffer_fini(&channel->input);
}
