/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fetch: one HTTP(S) call that blocks until it has ended: for the command line and for what is rare and off every loop.
 * libcurl does the work; the hot path's own pool is outbound.h.
 *
 * Redirects are not followed, proxies of the environment are not used, nothing is retried. TLS is 1.2 or newer, the chain and
 * the name are verified.
 * Threads: any number at the same time. Not for a loop's thread.
 */
#ifndef POSTERN_OUTBOUND_FETCH_H
#define POSTERN_OUTBOUND_FETCH_H

#include <stddef.h>

#include "appliance/base/buffer.h"
#include "appliance/base/view.h"

#define FETCH_HEADERS_MAX_COUNT 32
#define FETCH_MESSAGE_BYTES 256

struct fetch_header {
	struct view name, value;
};

/* A field of the answer whose value is asked for: it is written to `at` as text, cut at `room_bytes`; empty if there is none. */
struct fetch_wanted {
	const char *name;
	char *at;
	size_t room_bytes;
};

struct fetch_request {
	const char *method; /* "GET" */
	const char *url;    /* http or https, percent-encoded */
	const struct fetch_header *headers;
	size_t header_count; /* at most FETCH_HEADERS_MAX_COUNT */
	struct view body;    /* with at NULL: none */
	const char *ca_file; /* PEM; NULL: the system's */
	long connect_timeout_ms, timeout_ms;
	struct buffer *answer; /* takes the body, if not NULL ... */
	int answer_fd;         /* ... else, for a 200 answer, this descriptor does, and other bodies go to `refusal` */
	struct buffer *refusal;
	const struct fetch_wanted *wanted; /* fields of the answer */
	size_t wanted_count;
};

/*
 * Make the call. Returns the status of the answer, or a negative errno with one line in `message`: -ECONNREFUSED,
 * -ETIMEDOUT, -EHOSTUNREACH (name or route), -EKEYREJECTED (its certificate is not of a known authority, or of another name, or has
 * ended), -ENOKEY (ca_file can't be read), -EPROTO (TLS or HTTP), -EMSGSIZE (a buffer's limit), -EIO (writing to
 * answer_fd), -EINVAL (URL), -ENOMEM.
 */
int fetch(const struct fetch_request *request, char message[FETCH_MESSAGE_BYTES]) __attribute__((warn_unused_result));

/*
 * The certificates that the https server at `url` shows, server first, as PEM texts appended to `ret`. Nothing about them is verified,
 * and nothing but the handshake happens: what is done with them is the caller's business. Returns 0, or a negative errno as fetch().
 */
int fetch_chain(const char *url, long timeout_ms, struct buffer *ret, char message[FETCH_MESSAGE_BYTES])
	__attribute__((warn_unused_result));

#endif
