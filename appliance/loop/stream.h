/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream: one connected byte stream, plain (here) or TLS (appliance/tls), under one interface, for the HTTP server and for
 * upstream connections alike.
 *
 * Reading: the owner is called (`readable`) when the descriptor has input, and then calls stream_read() — normally once,
 * with the thread's receive buffer, since one read per event is cheapest. Input may be left inside a TLS stream (a record
 * that was received but not asked for yet); the stream then calls `readable` again by itself in the next turn, so the owner
 * need not loop.
 * Writing: stream_write() takes everything at once: what the kernel does not accept now is copied into chunks of the
 * thread's pool and sent when the descriptor is writable. The answer is the number of bytes that wait; a producer stops
 * at a water mark and goes on when it is called `drained` (all that waited was sent). So memory per stream is bounded by
 * what its producer adds after it was told, one receive buffer at most.
 *
 * Life cycle: embedded in its owner's memory; an opener (stream_open_plain(), tls_server_open(), tls_client_open())
 * fills it, stream_close() ends it: descriptor closed, nothing is called any more. close() and errors may happen inside a
 * callback. The owner frees its own memory in a deferred task (loop.h).
 * Threads: as loop.h.
 * Not here: time-outs (the owner's), connecting (appliance/outbound).
 */
#ifndef POSTERN_LOOP_STREAM_H
#define POSTERN_LOOP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "appliance/loop/chunk.h"
#include "appliance/loop/loop.h"

struct stream;

/* What the owner is told. All run on the loop's thread, never inside a call the owner makes on the stream. */
struct stream_owner {
	/* There is input, the end of input, or an error to be had from stream_read(). */
	void (*readable)(struct stream *stream);
	/* All that waited to be sent was given to the kernel. Called only after stream_write() had left something waiting. */
	void (*drained)(struct stream *stream);
	/*
	 * The stream broke: reset, TLS alert or fault, write error; `error` is a negative errno. At most once; the owner
	 * closes the stream. Errors met inside stream_read() and stream_write() are returned there and not reported here.
	 */
	void (*failed)(struct stream *stream, int error);
	/* TLS only, may be NULL: the handshake has succeeded and the TLS facts can be asked (appliance/tls/facts.h). */
	void (*secured)(struct stream *stream);
};

/* What a kind of stream does. Private to the kinds. */
struct stream_kind {
	ssize_t (*read)(struct stream *stream, char *buffer, size_t room_bytes);
	int (*write)(struct stream *stream, const struct iovec *parts, int part_count);
	bool (*has_input)(const struct stream *stream); /* received but not yet read by the owner */
	void (*input)(struct stream *stream);           /* the descriptor is readable (or a recall is due) */
	void (*end)(struct stream *stream);             /* queue the end of output (close_notify) */
	void (*close)(struct stream *stream, bool reset);
};

struct stream {
	const struct stream_kind *kind;
	const struct stream_owner *owner;
	struct loop *loop;
	void *engine;              /* the kind's own state: NULL for plain */
	struct chunk_list waiting; /* output that the kernel has not taken yet */
	uint64_t sent_bytes;       /* what the kernel has taken so far: progress of a slow peer */
	struct loop_watch watch;
	struct loop_task recall; /* calls `readable` again when input is left inside */
	bool paused;             /* the owner wants no input now */
	bool input_ended;        /* end of input was met */
	bool end_wanted;         /* shut the sending side down when `waiting` is empty */
	bool output_ended;       /* done so */
};

/*
 * Fill `stream` over the connected, non-blocking descriptor `fd`, which it owns from now on, with reading armed. Returns 0,
 * or a negative errno, and then the descriptor is closed.
 */
int stream_open_plain(struct stream *stream, struct loop *loop, int fd, const struct stream_owner *owner)
	__attribute__((warn_unused_result));

/* True from a successful open until stream_close(). */
static inline bool stream_is_open(const struct stream *stream)
{
	return stream->kind != NULL;
}

static inline bool stream_is_plain(const struct stream *stream)
{
	return stream->engine == NULL;
}

/* Are there bytes that were received and not read yet? Of what still waits in the kernel nothing is known. */
static inline bool stream_has_input(const struct stream *stream)
{
	return stream->kind->has_input(stream);
}

/*
 * Read up to `room_bytes`. Returns the number of bytes (> 0), 0 at the end of input (the peer shut down its side; ours still
 * works), -EAGAIN when there is nothing now, or another negative errno when the stream broke (close it then).
 */
ssize_t stream_read(struct stream *stream, char *buffer, size_t room_bytes);

/*
 * Send the parts, in order, now or later; nothing of them is needed after the call. Gathers them into one send.
 * Returns the number of bytes that wait for the peer to take them (0: all given to the kernel), or a negative errno when the
 * stream broke; the owner then closes it.
 */
ssize_t stream_write(struct stream *stream, const struct iovec *parts, int part_count);

/* Bytes waiting to be sent. */
static inline size_t stream_waiting_bytes(const struct stream *stream)
{
	return stream->waiting.bytes;
}

/*
 * Stop or go on being called `readable`. Pausing costs a system call only if input comes meanwhile. A paused stream notices
 * that its peer has gone only when it writes.
 */
void stream_pause(struct stream *stream);
void stream_resume(struct stream *stream);

/* End our side after what waits: FIN, and a close_notify before it on TLS. Input may go on. */
void stream_end(struct stream *stream);

/*
 * Close at once. What waits is dropped. With `reset` the peer gets an RST rather than a FIN (a response cut short must
 * not look whole). Harmless on a stream that is not open.
 */
void stream_close(struct stream *stream, bool reset);

#endif
