/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * invoke_channel: one end of the channel on which control asks the gateway one question (wire/invoke.h): takes one message, sends
 * one, and notices that the other end is gone. For both ends.
 *
 * Life cycle: embedded; invoke_channel_open() over the descriptor that posternd gave, invoke_channel_close() at the end, also inside
 * of a callback; the owner's memory goes in a later turn. What has been received never takes more than a message may have.
 * Threads: the loop's. Not here: time limits (the owner's).
 */
#ifndef POSTERN_PIPELINE_INVOKE_CHANNEL_H
#define POSTERN_PIPELINE_INVOKE_CHANNEL_H

#include "appliance/base/buffer.h"
#include "appliance/loop/stream.h"

struct invoke_channel;

struct invoke_channel_owner {
	/* A message is whole: header and all. The view lives until the channel is closed. */
	void (*message)(struct invoke_channel *channel, struct view message);
	/* There will be none (more): the other end is gone (-EPIPE), or what it sent is none (-EPROTO). Close it. */
	void (*ended)(struct invoke_channel *channel, int error);
	/* All that was sent is on its way. NULL: nobody waits for that. */
	void (*sent)(struct invoke_channel *channel);
};

struct invoke_channel {
	const struct invoke_channel_owner *owner;
	struct stream stream;
	struct buffer input;
	bool is_whole; /* the message has been handed over */
};

/* `fd` is the channel's from now on, also on failure. Returns 0 or a negative errno. */
int invoke_channel_open(struct invoke_channel *channel, struct loop *loop, int fd,
	const struct invoke_channel_owner *owner) __attribute__((warn_unused_result));

/* Send a whole message, which is not needed after the call. Returns 0, 1 if sent() is going to be called, or a negative errno. */
int invoke_channel_send(struct invoke_channel *channel, struct view message) __attribute__((warn_unused_result));

/* Harmless if it is not open. */
void invoke_channel_close(struct invoke_channel *channel);

#endif
