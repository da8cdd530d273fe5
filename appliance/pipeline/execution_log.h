/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * execution_log: what the phases did with a request, line by line, in AWS's words, for whoever wants to see it. A pipeline has
 * none in the steady state: each place that could say something looks at one pointer, `p->log`, and goes on.
 *
 * Who wants one attaches a struct execution_log before the first phase that shall be heard, and reads its lines once the exchange is
 * done, for as long as its arena lives. TestInvokeMethod attaches one to each test (test_invoke.h). A line is a time and a text
 * of at most EXECUTION_LOG_TEXT_MAX_BYTES, which is what one event of a log stream holds; longer ones are cut and say so.
 * What lets a caller in (Authorization, API keys, session tokens) is masked but for its last six characters.
 *
 * Threads: the worker's. Not here: what becomes of the lines.
 * Source: spec/control-plane.md 8.5; spec/throttling-caching-logging.md D2. That all lines are cut at 1,024 bytes is derived:
 * recorded maps of fields end after 998 characters behind the 26 of "Endpoint request headers: ".
 */
#ifndef POSTERN_PIPELINE_EXECUTION_LOG_H
#define POSTERN_PIPELINE_EXECUTION_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/buffer.h"
#include "appliance/base/view.h"

struct http1_head;
struct http_request;
struct pipeline;

/* Longest text, and what follows one that was cut (spec/throttling-caching-logging.md D1). */
#define EXECUTION_LOG_TEXT_MAX_BYTES 1024
#define EXECUTION_LOG_CUT " [TRUNCATED]"

struct execution_log_line {
	struct execution_log_line *next;
	uint64_t time_ms; /* wall clock */
	struct view text; /* UTF-8 */
};

struct execution_log {
	struct arena *arena; /* of the exchange; a line that it has no room for is missing */
	struct execution_log_line *first, *last;
};

void execution_log_init(struct execution_log *log, struct arena *arena);

/* Add a line. */
void execution_log_printf(struct execution_log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Append all lines as TestInvokeMethod gives them: "Execution log for request {id}", then "{time} : {text}" each, every line with
 * its end.
 */
void execution_log_write(const struct execution_log *log, struct view request_id, struct buffer *ret);

/* --- for the phases; only with p->log ------------------------------------------------------------------------------------ */

/* The request, as execution begins: "Starting execution for request: ..." to the body, which must have been collected. */
void execution_log_request(struct pipeline *p);

/* What is sent to the back end. The body is p->call.whole. */
void execution_log_call(struct pipeline *p, const struct http_request *request);

/* The head of its answer. */
void execution_log_answer(struct pipeline *p, const struct http1_head *head);

/* The answer's body as the back end sent it: p->call.body. */
void execution_log_answer_body(struct pipeline *p);

/* What the client is to get, and that all went well. */
void execution_log_response(struct pipeline *p);

/* Why it did not, if it did not; and the status. */
void execution_log_end(struct pipeline *p);

#endif
