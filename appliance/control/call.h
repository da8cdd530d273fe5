/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * call: one management call on the operations thread: request, input, output or failure; and what handlers do with it.
 *
 * A handler is `int op_<symbol>(struct call *)`. It reads call->input, reads and writes records (records.h), and either
 * fills call->output (an empty object to begin with) and returns 0, or returns the result of call_fail(). Any other
 * negative errno is an internal failure: -EBUSY answers 503, the rest 500. A failed call changes nothing: its transaction
 * is rolled back, and what it did outside is undone by the functions it gave to call_on_rollback().
 *
 * A handler whose answer somebody else has (the gateway, that is) does not wait for it: it returns call_wait(), the thread carries
 * out other calls, and when the answer has come (question.h, on the loop) the call goes on, on this thread again, with the
 * function that it gave. Such a handler's operation has no transaction: what it had read may have changed meanwhile.
 *
 * Threads: the operations thread alone.
 */
#ifndef POSTERN_CONTROL_CALL_H
#define POSTERN_CONTROL_CALL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/buffer.h"
#include "appliance/base/json.h"
#include "appliance/base/random.h"
#include "appliance/base/table.h"
#include "appliance/base/view.h"

struct call;
struct control;
struct identity;
struct operation;
struct service;

/* Longest message of a failure: the list of stage patch paths has 1,600 bytes. */
#define CALL_MESSAGE_MAX_BYTES 4096

/* What a handler returns after call_fail(). */
#define CALL_FAILED (-ECANCELED)

/* What call_wait() returns. */
#define CALL_WAITS (-EINPROGRESS)

/* Room for the names and keys that one call makes: far above what ids and ARNs of one call need. */
#define CALL_ARENA_MAX_BYTES ((size_t)64 << 20)

struct call_field {
	struct view name, value;
};

/* The request as received; lives as long as the call. */
struct call_request {
	struct view method;
	struct view target; /* path and query as on the wire */
	struct view path, query;
	const struct call_field *fields;
	size_t field_count;
	struct view body;
	struct view source; /* address of who made it, as text; empty: unknown */
	bool secure;        /* it came by TLS */
	uint64_t received_wall_ms;
};

/* What happens outside of the store once the outcome is known. */
struct call_hook;
typedef void call_hook_fn(struct control *control, const void *argument);

/*
 * Goes on with a call that waited: `answer` if `error` is 0, else there is none: -EPIPE, -ETIMEDOUT, -EPROTO. Returns what a handler
 * returns, but for CALL_WAITS.
 */
typedef int call_resume_fn(struct call *call, int error, struct view answer);

/* Whom a call asks, and what: taken by whoever asks for it. */
struct call_wait {
	int channel_fd; /* -1: none, or it was taken */
	struct buffer question;
	call_resume_fn *resume; /* NULL: it does not wait */
};

struct call {
	struct control *control;
	struct call_request request;
	const struct service *service;
	const struct operation *operation; /* NULL until it is found */
	struct arena arena;
	char request_id[RANDOM_UUID_BYTES];
	const char *principal_arn; /* whose access key was named; NULL until it is known */
	const char *access_key;
	const struct identity *identity; /* the IAM user that calls; NULL: the root user, or Postern itself */
	bool authenticated;              /* the signature is that principal's */

	struct json *input;  /* members named as in the model */
	struct json *output; /* members named as on the wire */

	/* A document instead of `output`, with its type. */
	struct buffer raw;
	const char *raw_content_type;
	const char *detail;   /* which rule was broken where, for a field of the response; NULL: the message says all */
	const char *location; /* value of a Location field of the response, or NULL */
	const char *disposition; /* value of a Content-Disposition field beside `raw`, or NULL */

	int status;             /* of the response; set from the operation's row, or from the failure */
	const char *error_code; /* NULL: success so far */
	char error_message[CALL_MESSAGE_MAX_BYTES];

	uint64_t revision;     /* of the store after the commit; 0 before */
	int store_error;       /* sticky: what the store first said, 0 while all is well */
	bool filters_stale;    /* a record was written that source filters are derived from */
	bool identities_stale; /* the same for what identities are read from */
	struct call_hook *after_commit, *on_rollback;
	struct call_wait wait;

	/* Methods of the APIs that the call has asked about, for its next question (usage_plan_rules.c). */
	struct json *methods;
	struct table methods_by_name;
};

void call_init(struct call *call, struct control *control, const struct call_request *request);
void call_fini(struct call *call);

/* Note a failure (the first one stays) and return CALL_FAILED. `code` is static; its status comes from errors.def. */
int call_fail(struct call *call, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * Ask the gateway `question` (wire/invoke.h) over `channel_fd`, both of which the call owns from now on, and go on with `resume`.
 * Returns CALL_WAITS, which the handler returns.
 */
int call_wait(struct call *call, int channel_fd, struct buffer *question, call_resume_fn *resume);

/* HTTP status of an error code. */
int call_status_of(const char *code);

/* A formatted text that lives as long as the call. Never NULL. */
const char *call_text(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct view call_view(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *call_text_of(struct call *call, struct view text);

/* The value of a field of the request, or the empty view. Names ignore case. */
struct view call_field(const struct call *call, const char *name);

/* Short forms for members of the input: NULL, the empty view or the default if absent. */
const char *call_input(const struct call *call, const char *name);
bool call_input_has(const struct call *call, const char *name);

/* Copy the input's members of these names (NULL ends the list) into `target`; absent ones are left alone. */
void call_take(const struct call *call, struct json *target, ...) __attribute__((sentinel));

/* Answer with a copy of `value` without its member "postern". */
void call_answer(struct call *call, const struct json *value);

/*
 * Do something when the call has succeeded and its transaction is durable (in order), or when it has failed (in reverse
 * order). `argument` is copied (`argument_bytes`; with 0 it may be NULL).
 */
void call_after_commit(struct call *call, call_hook_fn *hook, const void *argument, size_t argument_bytes);
void call_on_rollback(struct call *call, call_hook_fn *hook, const void *argument, size_t argument_bytes);
void call_run_hooks(struct call *call, bool committed);

/* "Now" of the call as JSON: seconds since the epoch with milliseconds, as the plain REST-JSON and JSON 1.1 dialects have it. */
struct json *call_now_seconds(const struct call *call);

/* The same as ISO 8601 text with milliseconds. */
struct json *call_now_iso(const struct call *call);

#endif
