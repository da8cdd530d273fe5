/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * content_handling: what becomes of a body between client and back end: text, bytes, base64. Two tables, one for each direction.
 *
 * Pure functions on an arena. Proxies convert nothing. Source: spec/rest-dataplane.md 8.2, 8.3.
 */
#ifndef POSTERN_PIPELINE_CONTENT_HANDLING_H
#define POSTERN_PIPELINE_CONTENT_HANDLING_H

#include <stdbool.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"
#include "appliance/model/integration.h"

enum content_conversion {
	CONTENT_AS_IS,
	CONTENT_TO_TEXT,  /* UTF-8; each ill-formed piece becomes U+FFFD */
	CONTENT_TO_BYTES, /* base64 decoded */
	CONTENT_TO_BASE64,
};

/* Of a request; `is_binary`: its media type is one of the API's binary ones. */
enum content_conversion content_handling_request(bool is_binary, enum integration_content_handling handling);

/* Of an answer: is the back end's media type a binary one, is the one that the client asks for? */
enum content_conversion content_handling_response(
	bool type_is_binary, bool accept_is_binary, enum integration_content_handling handling);

/* Convert. 0 and `*ret`, which may be `body`; -EINVAL if it is not base64; -ENOMEM. */
int content_handling_convert(struct arena *arena, enum content_conversion conversion, struct view body,
	struct view *ret) __attribute__((warn_unused_result));

#endif
