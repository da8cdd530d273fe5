/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * access_format: a stage's access log format, cut once at its `$context.…` variables and then written for each request.
 *
 * A variable is `$context.` followed by the longest run of letters, digits, '_' and '.' (dots at its end are text), or the same
 * in braces, `${context.…}`. A value that is unset, and a variable that is not known, prints as "-". Values are not escaped: a
 * format that builds JSON around them has AWS's own weakness. The end of line is Postern's, a newline in the format is dropped.
 *
 * Life cycle: access_format_new() … access_format_free(). Threads: immutable once made.
 * Source: spec/throttling-caching-logging.md C1–C3.
 */
#ifndef POSTERN_OBSERVE_ACCESS_FORMAT_H
#define POSTERN_OBSERVE_ACCESS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/buffer.h"
#include "appliance/base/view.h"

/* What is known of a request when it is over. Views must live for the call; empty is unset, as are negative numbers. */
struct access_record {
	struct view account_id, api_id, stage, deployment_id, resource_id, resource_path;
	struct view request_id, extended_request_id, trace_id;
	struct view http_method, path, protocol, domain_name, base_path;
	struct view source_ip, user_agent, vpc_id, vpce_id;
	struct view principal_id, caller_account_id, access_key, api_key_id, caller, user, user_arn;
	struct view error_message, error_type, validation_error, integration_error;
	struct view tls_version, tls_cipher;
	struct view is_canary;           /* "true" or "false"; empty: the stage has no canary */
	struct view endpoint_request_id; /* what the back end calls the request */
	struct view denied_by;           /* whose policy said no: "endpoint", "domain", "resource" */
	struct view denied_sid;          /* Sid of the statement that did */
	struct view reason;              /* for the operator, never for the client: why it was refused */
	int64_t denied_statement;        /* its index from 0; negative: silence did. Meaningful with denied_by only */
	int64_t status;
	int64_t integration_status; /* of the service that was called: Lambda's, whatever the function says */
	int64_t back_end_status;    /* of who answers behind it: of a proxied function its own statusCode */
	int64_t request_time_ms;    /* wall clock */
	int64_t response_latency_ms, integration_latency_ms;
	int64_t response_latency_us, integration_latency_us;
	int64_t request_length_bytes, response_length_bytes; /* of bodies */
};

struct access_format;

/* Longest format: AWS states 3 KB for the console's field; ours has room for every variable. */
#define ACCESS_FORMAT_MAX_BYTES 8192

/* Compile a copy of `text`. NULL if it is longer than ACCESS_FORMAT_MAX_BYTES or memory is exhausted. */
struct access_format *access_format_new(struct view text) __attribute__((warn_unused_result));
void access_format_free(struct access_format *format);

/* The text that it was made of. */
struct view access_format_text(const struct access_format *format);

/* Append the line for `record`, with its newline. */
void access_format_write(const struct access_format *format, const struct access_record *record, struct buffer *buffer);

/*
 * Append the value of `$context.<name>` alone, for mappings and gateway responses: false, with nothing appended, if it is
 * unset or unknown.
 */
bool access_format_append_variable(struct view name, const struct access_record *record, struct buffer *buffer);

/* Append Postern's own line for `record`: one JSON object, escaped whatever the values hold, with its newline. */
void access_format_write_json(const struct access_record *record, struct buffer *buffer);

#endif
