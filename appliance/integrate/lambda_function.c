/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/lambda_function.h"

#include <errno.h>

#include "appliance/base/buffer.h"

/* Of arn:partition:lambda:region:account:function: before the name. */
#define ARN_FIELDS_BEFORE_NAME 6

static const struct view buffered = VIEW_INIT("/invocations");
static const struct view streamed = VIEW_INIT("/response-streaming-invocations");
static const struct view functions = VIEW_INIT("/functions/");

/* What stands behind `count` colons; `at` NULL if there are fewer. */
static struct view behind_colons(struct view text, size_t count)
{
	struct view left;

	while (count-- > 0) {
		if (!view_cut(text, ':', &left, &text))
			return (struct view){ 0 };
	}
	return text;
}

/* "name", "name:qualifier", "account:function:name…", "arn:…:function:name…". */
static int split_reference(struct lambda_function *ret)
{
	struct view rest = ret->reference, second;

	if (view_starts_with(rest, view_of("arn:"))) {
		rest = behind_colons(rest, ARN_FIELDS_BEFORE_NAME);
	} else {
		second = behind_colons(rest, 1);
		if (view_starts_with(second, view_of("function:")))
			rest = behind_colons(second, 1);
		else if (view_starts_with(rest, view_of("function:")))
			rest = second;
	}
	if (!view_cut(rest, ':', &ret->name, &ret->qualifier))
		ret->qualifier = view_of("");
	return ret->name.count == 0 || view_find_byte(ret->qualifier, ':') != VIEW_NOWHERE ? -EINVAL : 0;
}

int lambda_function_parse(struct lambda_function *ret, struct view path)
{
	size_t at = view_find(path, functions);
	struct view end;

	*ret = (struct lambda_function){ 0 };
	if (path.count == 0 || path.at[0] != '/' || at == VIEW_NOWHERE)
		return -EINVAL;
	ret->streams = view_ends_with(path, streamed);
	end = ret->streams ? streamed : buffered;
	ret->api_version = view_part(path, 1, at == 0 ? 0 : at - 1);
	at += functions.count;
	if (!view_ends_with(path, end) || path.count < at + end.count)
		return -EINVAL;
	ret->reference = view_part(path, at, path.count - end.count - at);
	if (ret->reference.count == 0 || ret->api_version.count == 0 ||
		view_find_byte(ret->api_version, '/') != VIEW_NOWHERE ||
		view_find_byte(ret->reference, '/') != VIEW_NOWHERE)
		return -EINVAL;
	return split_reference(ret);
}

struct view lambda_function_path(struct arena *arena, const struct lambda_function *function, bool by_name)
{
	struct view reference = by_name ? function->name : function->reference;
	struct view end = function->streams ? streamed : buffered;
	struct buffer path;

	buffer_init_arena(
		&path, arena, 1 + function->api_version.count + functions.count + reference.count + end.count);
	buffer_append_byte(&path, '/');
	buffer_append(&path, function->api_version);
	buffer_append(&path, functions);
	buffer_append(&path, reference);
	buffer_append(&path, end);
	return buffer_error(&path) ? (struct view){ 0 } : buffer_view(&path);
}
