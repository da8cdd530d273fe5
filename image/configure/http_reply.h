/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http_reply: one answer of an HTTP/1.1 server, read from the bytes that have come so far: for the metadata service alone, whose answers are short.
 *
 * Nothing is kept between calls: the caller collects bytes and asks again when there are more, so that an answer may come in any pieces.
 * Strict where servers have no reason to differ: a status line, fields with names of letters, digits and `-`, no line folding, one length at most.
 * Threads: pure functions.
 * Source: RFC 9112, sections 4, 5, 6 and 7.1.
 */
#ifndef POSTERN_CONFIGURE_HTTP_REPLY_H
#define POSTERN_CONFIGURE_HTTP_REPLY_H

#include <stdbool.h>

#include "appliance/base/buffer.h"
#include "appliance/base/view.h"

/* Servers of metadata send some hundred bytes of head. */
#define HTTP_REPLY_HEAD_MAX_BYTES 8192u

struct http_reply {
	unsigned status; /* 100–599 */
};

/*
 * Is `bytes` a whole answer? `at_end`: no more will come. Returns 0 with the body appended to `body` (whose limit is the body's);
 * -EAGAIN if more is needed; -EBADMSG if it is no answer or ends too early; -EMSGSIZE if head or body are too large. After an error, `body` may hold
 * a part. Interim answers (1xx) are skipped.
 */
int http_reply_read(struct view bytes, bool at_end, struct http_reply *ret, struct buffer *body)
	__attribute__((warn_unused_result));

#endif
