/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON 1.1 of the services that call every bad input an InvalidParameterException: CloudWatch Logs, tagging. */
#include <string.h>

#include "appliance/control/dialect.h"

static int decode(struct call *call)
{
	return dialect_json11.decode(call);
}

static int check(struct call *call)
{
	int error = dialect_json11.check(call);

	if (error < 0 && call->error_code && strcmp(call->error_code, "ValidationException") == 0)
		call->error_code = "InvalidParameterException";
	return error;
}

static void encode(struct call *call, struct buffer *body)
{
	dialect_json11.encode(call, body);
}

static void encode_failure(struct call *call, struct buffer *body)
{
	dialect_json11.encode_failure(call, body);
}

const struct dialect dialect_json11_parameter = {
	.name = "json11_parameter",
	.content_type = "application/x-amz-json-1.1",
	.decode = decode,
	.check = check,
	.encode = encode,
	.encode_failure = encode_failure,
	.error_field = NULL,
	.bad_input_code = "InvalidParameterException",
};
