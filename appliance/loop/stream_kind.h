/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_kind: what the kinds of stream (plain here, TLS in appliance/tls) share: the descriptor's side of a stream. For kinds
 * only; owners use stream.h.
 *
 * Threads: as loop.h.
 */
#ifndef POSTERN_LOOP_STREAM_KIND_H
#define POSTERN_LOOP_STREAM_KIND_H

#include "appliance/loop/stream.h"

/* Fill `stream` and arm reading. Returns 0 or a negative errno; the descriptor is then still the caller's. */
int stream_open_kind(struct stream *stream, const struct stream_kind *kind, struct loop *loop, int fd,
	const struct stream_owner *owner, void *engine) __attribute__((warn_unused_result));

/* Read from the descriptor: > 0, 0 at the end of input (noted in `input_ended`), or a negative errno. */
ssize_t stream_receive(struct stream *stream, void *buffer, size_t room_bytes);

/*
 * Give the parts to the kernel, behind what waits already; what it does not take is copied to `waiting`. Returns 0 or a
 * negative errno (never -EAGAIN).
 */
int stream_transmit(struct stream *stream, const struct iovec *parts, int part_count);

/* Call the owner's `readable`, and again in the next turn if input is left inside then. */
void stream_offer_input(struct stream *stream);

#endif
