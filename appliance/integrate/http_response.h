/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http_response: the fields of the client's response to an HTTP_PROXY method, made of the back end's by header_rules.def:
 * passed on, renamed to x-amzn-Remapped-<name>, or dropped.
 *
 * Not here: fields that every response gets (x-amzn-RequestId …: pipeline/), Date and framing (http/), responses of type HTTP,
 * whose fields are mapped.
 * Threads: pure functions on an arena.
 * Source: spec/rest-dataplane.md 10.4, 10.6; spec/recorded-errors.md 3.
 */
#ifndef POSTERN_INTEGRATE_HTTP_RESPONSE_H
#define POSTERN_INTEGRATE_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/http/exchange.h"
#include "appliance/wire/http1.h"

/*
 * Make the fields of `head`; the array has room for `extra_count` more behind them, for the caller to fill. Values are views
 * into what `head` points to, names too unless renamed. Content-Type is added (application/json) if it has none.
 * Returns 0, or -ENOMEM if the arena is exhausted.
 */
int http_response_fields(struct arena *arena, const struct http1_head *head, size_t extra_count,
	struct http_field **ret_fields, size_t *ret_count) __attribute__((warn_unused_result));

/* The content_length for http_respond_head(): known, or HTTP_LENGTH_UNKNOWN. `is_head`: the client asked by HEAD. */
int64_t http_response_length(const struct http1_head *head, bool is_head);

#endif
