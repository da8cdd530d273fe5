/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lambda_answer: what a function returned, read as an answer: of AWS_PROXY the whole response or, when it is streamed, the
 * metadata in front of its body; of AWS the text that selects the integration response.
 *
 * A proxy's answer is an object of `statusCode`, `headers`, `multiValueHeaders`, `body`, `isBase64Encoded` and nothing else, each of
 * which may be missing or null. A status may be text; values of fields may be text, numbers or booleans. Whatever else it is, it
 * is malformed, and the client gets 502. Of metadata `cookies` stand in the place of the body.
 *
 * Fields: those of multiValueHeaders come first, those of headers behind them; one name in two spellings has the first one.
 * Connection, Content-Length, Date and Server are renamed, Transfer-Encoding is dropped, Content-Type is application/json if there
 * is none.
 *
 * Threads: pure functions on an arena. Not here: status and fields of the call itself (pipeline/integrate_lambda.c).
 * Source: spec/rest-dataplane.md 8.4, 9.1, 10.4, 12; Developer Guide, "Set up a Lambda proxy integration with payload response
 * streaming".
 */
#ifndef POSTERN_INTEGRATE_LAMBDA_ANSWER_H
#define POSTERN_INTEGRATE_LAMBDA_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"
#include "appliance/http/exchange.h"

/* The longest payload that a function returns: 6 MiB, and what Lambda adds to it (spec/lambda.md 4.2). */
#define LAMBDA_ANSWER_MAX_BYTES 6291556

/* Most fields of an answer; HTTP servers and proxies take about 100. More count as malformed. */
#define LAMBDA_ANSWER_FIELDS_MAX_COUNT 256

struct lambda_answer {
	int status;                /* 200–599 */
	struct http_field *fields; /* in the arena, with room for `extra_count` more */
	size_t field_count;
	struct view body; /* as text; empty if there is none */
	bool is_base64;   /* isBase64Encoded */
};

/*
 * Read a proxy's answer. Views live as long as the arena and `json`. Returns 0, -EBADMSG if it is malformed, -ENOMEM.
 */
int lambda_answer_parse(struct arena *arena, struct view json, size_t extra_count, struct lambda_answer *ret)
	__attribute__((warn_unused_result));

/* The same of the metadata of a streamed answer. */
int lambda_answer_parse_metadata(struct arena *arena, struct view json, size_t extra_count, struct lambda_answer *ret)
	__attribute__((warn_unused_result));

/*
 * The body as the client gets it: decoded if it is base64 and `accepts_binary` (the first media type of Accept is one of the API's
 * binary ones), else the text. Returns 0, -EBADMSG if it can't be decoded, -ENOMEM.
 */
int lambda_answer_body(struct arena *arena, const struct lambda_answer *answer, bool accepts_binary, struct view *ret)
	__attribute__((warn_unused_result));

/*
 * The `errorMessage` of a function's result: what the patterns of integration responses of type AWS are matched with. Empty
 * if the result is no object, or has none that is text.
 */
struct view lambda_answer_error_message(struct arena *arena, struct view json);

#endif
