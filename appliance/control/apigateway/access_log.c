/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/access_log.h"

#include <string.h>

#include "appliance/control/apigateway/rest_api_limits.h"

/* What follows the account in arn:aws:{service}:{region}:{account}:{rest}. */
static bool take_rest(struct view arn, const char *service, struct view *ret)
{
	struct view rest = arn, part;

	for (unsigned i = 0; i < 5; i++) {
		if (!view_split(&rest, ':', &part) || (i == 0 && !view_equals_text(part, "arn")) ||
			(i == 2 && !view_equals_text(part, service)) || (i > 2 && part.count == 0))
			return false;
	}
	*ret = rest;
	return rest.count > 0;
}

static bool is_group_byte(char byte)
{
	return byte && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/.", byte);
}

static int check_destination(struct call *call, struct view arn)
{
	static const struct view group = VIEW_INIT("log-group:"),
				 stream = VIEW_INIT("deliverystream/amazon-apigateway-");
	struct view rest, name;

	if (take_rest(arn, "firehose", &rest) && view_starts_with(rest, stream))
		return 0;
	if (!take_rest(arn, "logs", &rest) || !view_starts_with(rest, group) || rest.count == group.count)
		return call_fail(call, "BadRequestException", "Invalid ARN specified in the request");
	name = view_after(rest, group.count);
	for (size_t i = 0; i < name.count; i++)
		if (!is_group_byte(name.at[i]))
			return call_fail(call, "BadRequestException",
				"Access log destination must only contain characters a-z, A-Z, 0-9, '_', '-', '/', "
				"'.': '" VIEW_FMT "'",
				VIEW_ARG(rest));
	return 0;
}

static bool has(struct view format, const char *variable)
{
	return memmem(format.at, format.count, variable, strlen(variable)) != NULL;
}

static int check_format(struct call *call, struct view format)
{
	struct view line = format;

	while (line.count && strchr("\r\n", line.at[line.count - 1]))
		line.count--;
	if (format.count > REST_API_LOG_FORMAT_MAX_BYTES)
		return call_fail(call, "BadRequestException", "The access log format is longer than %d bytes",
			REST_API_LOG_FORMAT_MAX_BYTES);
	if (view_find_byte(line, '\n') != VIEW_NOWHERE || view_find_byte(line, '\r') != VIEW_NOWHERE)
		return call_fail(call, "BadRequestException",
			"Access Log format must be single line, new line character is allowed only at end of the "
			"format");
	if (!has(line, "$context.requestId") && !has(line, "$context.extendedRequestId") &&
		!has(line, "${context.requestId}") && !has(line, "${context.extendedRequestId}"))
		return call_fail(call, "BadRequestException",
			"Access Log format must include either $context.requestId or $context.extendedRequestId : "
			"'" VIEW_FMT "'",
			VIEW_ARG(format));
	return 0;
}

int access_log_check(struct call *call, const struct json *settings)
{
	struct view destination = json_find_text(settings, "destinationArn"),
		    format = json_find_text(settings, "format");
	int error = destination.at ? check_destination(call, destination) : 0;

	return error == 0 && format.at ? check_format(call, format) : error;
}
