/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dialect: how a service's requests are read and its answers written. Operations never see a dialect: their input is one
 * tree with the model's member names, their output one tree with the wire's names.
 *
 *   rest_json  method + path + JSON body; errors {"message"} with x-amzn-ErrorType        (API Gateway, Postern)
 *   json11     POST / with X-Amz-Target and JSON 1.1; errors {"__type", "message"}        (ACM)
 *   json11_parameter  the same, for services with other words for bad input         (CloudWatch Logs, tagging)
 *   ec2_query  POST / with Action=… in a form; answers in EC2's XML                       (EC2)
 *   aws_query  the same with the XML of the older services                 (IAM, STS, Elastic Load Balancing)
 *   rest_xml   method + path + XML body                                                   (Route 53)
 *
 * Threads: constant tables and pure functions on a call.
 * Source: spec/control-plane.md 1 and 3; spec/endpoints.md 6.1; spec/domains.md 6 and 7.
 */
#ifndef POSTERN_CONTROL_DIALECT_H
#define POSTERN_CONTROL_DIALECT_H

#include "appliance/base/buffer.h"
#include "appliance/base/json.h"
#include "appliance/base/view.h"
#include "appliance/control/call.h"
#include "appliance/control/operations.h"
#include "appliance/control/shape.h"

struct dialect {
	const char *name;
	const char *content_type;
	/* Find the operation and fill call->input, which is then checked against its shape. 0 or CALL_FAILED. */
	int (*decode)(struct call *call);
	/* Judge call->input against the shape. 0 or CALL_FAILED. */
	int (*check)(struct call *call);
	/* Write call->output. */
	void (*encode)(struct call *call, struct buffer *body);
	/* Write the failure; may change call->status and call->error_code to what the dialect has instead. */
	void (*encode_failure)(struct call *call, struct buffer *body);
	/* Field that carries the error code; NULL if there is none. */
	const char *error_field;
	/* Code for an input that is none whatever the operation. */
	const char *bad_input_code;
};

#define SERVICE_DIALECT(symbol) extern const struct dialect dialect_##symbol
SERVICE_DIALECT(rest_json);
SERVICE_DIALECT(json11);
SERVICE_DIALECT(json11_parameter);
SERVICE_DIALECT(ec2_query);
SERVICE_DIALECT(aws_query);
SERVICE_DIALECT(rest_xml);

/* --- shared by the dialects ----------------------------------------------------------------------------------------- */

/* Fill the members of the input that travel in the query. 0 or CALL_FAILED. */
int dialect_read_query(struct call *call);

/* A text as a value of that type: "true" as boolean, "5" as number; a text that does not fit stays a text. */
struct json *dialect_scalar(enum shape_type type, struct view text);

/* The names that the XML services have for what goes wrong before an operation is reached; the status stays. */
void dialect_rename_older(struct call *call);

/*
 * Refuse texts and names that hold a NUL or are not UTF-8, wherever they lie in the input: handlers take texts for C
 * strings, and the store keeps UTF-8. 0 or CALL_FAILED.
 */
int dialect_check_texts(struct call *call);

/* The service that an unsigned or unreadable request seems to mean, for the form of its refusal. */
const struct service *dialect_guess(const struct call_request *request);

#endif
