/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state: what the phases know of one request: `struct pipeline`, in the exchange's arena, and what they may do to it. For
 * the files of this folder.
 *
 * Words: the *failure* is the gateway response that was chosen; the *answer* is what goes to the client; *why* is for the
 * operator's log only.
 */
#ifndef POSTERN_PIPELINE_STATE_H
#define POSTERN_PIPELINE_STATE_H

#include "appliance/base/clock.h"
#include "appliance/integrate/credentials.h"
#include "appliance/integrate/http_call.h"
#include "appliance/integrate/integrate.h"
#include "appliance/loop/timer.h"
#include "appliance/mapping/template.h"
#include "appliance/model/snapshot.h"
#include "appliance/observe/observe.h"
#include "appliance/pipeline/execution_log.h"
#include "appliance/pipeline/pipeline.h"
#include "appliance/pipeline/resolve.h"
#include "policy/combine.h"
#include "policy/policy.h"

#define PIPELINE_MAGIC MAGIC('p', 'i', 'p', 'e')

/* What an integration answered, whole; copies in the exchange's arena. */
struct pipeline_answer {
	int status;            /* 0: there is none */
	struct view candidate; /* what selection patterns are held against; `at` NULL: the status as text */
	size_t field_count;
	const struct http_field *fields;
	struct view body; /* `at` NULL: it streams, or there is no back end */
};

struct lambda_stream;

enum verdict { VERDICT_NEXT, VERDICT_ANSWER, VERDICT_WAIT, VERDICT_FAIL };

struct pipeline {
	uint32_t magic;
	enum phase phase;
	struct exchange *exchange;
	struct pipeline_worker *worker;
	const struct pipeline_listener *listener;
	const struct snapshot *snapshot; /* pinned, but for a test's; NULL if there is none yet */
	struct execution_log *log;       /* NULL: nobody wants to read what is done (execution_log.h) */
	bool running;                    /* the driver is at work further up the stack */
	bool in_request;                 /* the loop has not been returned to since the head came */
	bool gone;                       /* the client is */
	bool *over; /* is made true when this ends, for who is further up the stack; NULL: for nobody */
	bool is_test; /* of TestInvokeMethod: the snapshot is the tester's, and nothing is accounted for (test_invoke.h) */

	/* --- ids */
	char request_id[REQUEST_ID_BYTES];
	char extended_id[REQUEST_ID_EXTENDED_BYTES];
	char trace_id_room[REQUEST_ID_TRACE_MAX_BYTES];
	struct view trace_id; /* made when a back end is called */

	/* --- route */
	struct resolve_result resolved;
	struct view method; /* after X-HTTP-Method-Override */
	enum route_verb verb;
	struct route_match match; /* match.method is NULL until it was found */
	struct view arn;          /* of the method, as policies see it */
	struct policy_request policy_request;
	char time_text[CLOCK_TEXT_MAX_BYTES], epoch_text[24]; /* behind aws:CurrentTime and aws:EpochTime */

	/* --- what the policies said */
	struct combine_decision decision;
	const struct policy *decided_by; /* whose statement it was; NULL if nobody's */
	bool allowed;                    /* all policies did */
	const char *why;                 /* static text, or the snapshot's; NULL if nothing need be said */

	/* --- failure */
	bool failed;
	bool failure_fixed; /* no API's customisation applies, and no type is logged */
	enum gateway_response_type failure_type;
	int failure_status;           /* 0: that of the type */
	struct view failure_message;  /* plain text; `at` NULL: the type's own */
	struct view validation_error; /* $context.error.validationErrorString: what is wrong with the request */
	struct view error_type;       /* x-amzn-ErrorType, if it is not that of the type */
	struct view
		log_detail; /* `why` in AWS's words, for the execution log; `at` NULL: as it is; empty: it was said */

	/* --- integration */
	size_t parameter_count;
	struct integrate_parameter *parameters;
	const struct integration_template *request_template; /* NULL: the body passes through */
	struct view template_body;                           /* what the last template that ran had as $input */
	bool has_overrides;
	struct template_overrides overrides;                    /* of both templates */
	struct value_map *parameter_maps[TEMPLATE_PLACE_COUNT]; /* what templates enumerate; made when one does */
	const struct json_value *request_json, *answer_json;    /* documents that mappings of bodies look into */
	const struct integration_response *integration_response;
	struct http_call call;
	bool call_begun, call_ended;
	bool body_collected;                    /* the request's body is here, in `request_body` */
	bool has_mapped_body;                   /* false: a proxy streams the client's body */
	struct view request_body;               /* collected because something needs the whole of it (request_body.h) */
	struct view mapped_body;                /* what goes to the integration: rendered, converted or as it came */
	const struct http1_head *back_end_head; /* while a call that streams hands it over; NULL otherwise */
	int candidate_status;                   /* what the integration answered, 0 if it did not */
	struct pipeline_answer answer;
	struct credentials_waiter credentials; /* while credentials of AWS are fetched */
	struct view wrapped_action;            /* of AWS, whose answer is to be wrapped (integrate_aws.c) */
	bool calls_function;                   /* of Lambda, whose answers have rules of their own (map_function.h) */
	int function_status;                   /* AWS_PROXY: its statusCode; 0: it gave none that is one */
	struct lambda_stream *stream;          /* of a function's answer that streams (stream_function.c); else NULL */
	struct timer stream_end;               /* its function is done, and the back end has not ended yet */

	/* --- answer */
	int status;
	size_t field_count, field_room; /* set together: state_set_fields() */
	struct http_field *fields;
	struct view body;
	int64_t body_length;         /* of a streamed answer */
	bool streams;                /* the body comes from the call, not from `body` */
	struct compression *encoder; /* of a long `body` that is sent piece by piece (coding.h); else NULL */
	struct loop_task encoder_task;
	bool encoder_waits;   /* until the client has taken more */
	bool too_large;       /* the server's own answer to a body over the limit */
	uint64_t answered_ns; /* when the answer was begun */
};

/* Fields that a phase may add behind those it made room for: request id, extended id, error type, trace id, content coding. */
#define STATE_EXTRA_FIELDS 5

/* --- for phases ------------------------------------------------------------------------------------------------------ */

#define PHASE(name, may_wait, text) enum verdict phase_##name(struct pipeline *p);
#include "appliance/pipeline/phases.def"
#undef PHASE

/* The pipeline of an exchange, with ids and without a snapshot; NULL without memory, and then it is to be ended. */
struct pipeline *state_new(struct exchange *x);

/* Run from p->phase on until a phase waits or all are through; `p` may be gone then. */
void state_run(struct pipeline *p);

/* Choose the gateway response of that type with its own message. */
enum verdict state_fail(struct pipeline *p, enum gateway_response_type type, const char *why);

/* The same with a message: plain text, alive until the answer was written. */
enum verdict state_fail_with(struct pipeline *p, enum gateway_response_type type, struct view message, const char *why);

/* 403 Forbidden, as for what is no API: nothing of it can be customised. */
enum verdict state_forbid(struct pipeline *p, const char *why);

/* The denial that `p->decision`, made by `policy` (NULL: nobody's), calls for. */
enum verdict state_deny(struct pipeline *p, const struct policy *policy);

/* Answer with these bytes and media type, no error type. */
enum verdict state_answer_plain(struct pipeline *p, int status, struct view media_type, struct view body);

/* Go on after a WAIT, from the loop: with the phase that waited (`finished` false) or the one after it. */
void state_resume(struct pipeline *p, bool finished);

/* Go on after a WAIT with a failure that was chosen. */
void state_resume_failed(struct pipeline *p);

/* The answer's fields are `fields`, of which `count` are there, with room for `room`. NULL: there are none. */
void state_set_fields(struct pipeline *p, struct http_field *fields, size_t count, size_t room);

/* Add a field; there must be room. */
void state_add_field(struct pipeline *p, struct view name, struct view value);

/* Write the failure's answer into p->status, fields and body. */
enum verdict state_write_failure(struct pipeline *p);

#endif
