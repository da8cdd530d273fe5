/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/aws_uri.h"

#include <errno.h>

#include "appliance/base/buffer.h"
#include "appliance/wire/uri.h"

int aws_uri_parse(struct aws_uri *ret, struct view text)
{
	static const struct view path = VIEW_INIT("path/"), action = VIEW_INIT("action/");
	struct view rest = text, arn = { 0 }, kind = { 0 };

	if (!view_split(&rest, ':', &arn) || !view_equals(arn, view_of("arn")) ||
		!view_split(&rest, ':', &ret->partition) || !view_split(&rest, ':', &kind) ||
		!view_equals(kind, view_of("apigateway")) || !view_split(&rest, ':', &ret->region) ||
		!view_split(&rest, ':', &ret->name) || !rest.at)
		return -EINVAL;
	if (ret->partition.count == 0 || ret->region.count == 0 || ret->name.count == 0)
		return -EINVAL;
	ret->is_action = view_starts_with(rest, action);
	if (ret->is_action) {
		ret->rest = view_after(rest, action.count);
		return ret->rest.count ? 0 : -EINVAL;
	}
	if (!view_starts_with(rest, path))
		return -EINVAL;
	rest = view_after(rest, path.count - 1);
	/* The guide writes "path//" in an example, and means one. */
	while (rest.count > 1 && rest.at[1] == '/')
		rest = view_after(rest, 1);
	ret->rest = rest;
	return 0;
}

/* --- placeholders ----------------------------------------------------------------------------------------------------- */

static const struct integrate_parameter *find_parameter(const struct aws_uri_values *values, struct view name)
{
	for (size_t i = 0; i < values->parameter_count; i++)
		if (values->parameters[i].kind == MAPPING_TO_REQUEST_PATH &&
			view_equals(values->parameters[i].name, name))
			return &values->parameters[i];
	return NULL;
}

/* Is a client's value behind `before`, the start of a URI, in its query: of a path behind '?', of an action behind '&'? */
static bool is_in_query(struct view before)
{
	size_t action = view_find(before, view_of(":action/"));

	return view_find_byte(before, '?') != VIEW_NOWHERE ||
	       (action != VIEW_NOWHERE && view_find_byte(view_after(before, action), '&') != VIEW_NOWHERE);
}

/* What would end a value's place, and what no URI holds, goes encoded; all else as it came, percent-encoded or not. */
static void append_value(struct buffer *ret, struct view value)
{
	bool in_query = is_in_query(buffer_view(ret));

	for (size_t i = 0; i < value.count; i++) {
		char byte = value.at[i], encoded[3];

		if (byte == '#' || byte == '&' || (!in_query && byte == '?'))
			buffer_append_bytes(ret, encoded, uri_encode(encoded, view_part(value, i, 1), false));
		else
			buffer_append_bytes(ret, encoded, uri_encode_unsafe(encoded, view_part(value, i, 1)));
	}
}

/* Is `segment` "." or "..", whichever way it is written? */
static bool is_dots(struct view segment)
{
	size_t count = 0;

	while (segment.count) {
		if (segment.at[0] == '.')
			segment = view_after(segment, 1);
		else if (view_starts_with_ignore_case(segment, view_of("%2e")))
			segment = view_after(segment, 3);
		else
			return false;
		count++;
	}
	return count == 1 || count == 2;
}

/* Segments of dots would lead a request out of the path that the integration names, wherever they came from. */
static bool has_dots(struct view text)
{
	struct view path, query, segment;

	view_cut(text, '?', &path, &query);
	while (view_split(&path, '/', &segment))
		if (is_dots(segment))
			return true;
	return false;
}

int aws_uri_render(
	struct arena *arena, const struct integration_uri *uri, const struct aws_uri_values *values, struct view *ret)
{
	struct buffer rendered;

	if (uri->is_fixed) {
		*ret = uri->text;
		return 0;
	}
	buffer_init_arena(&rendered, arena, URI_MAX_BYTES);
	for (size_t i = 0; i < uri->part_count; i++) {
		const struct integration_uri_part *part = &uri->parts[i];
		const struct integrate_parameter *parameter;

		switch (part->kind) {
		case INTEGRATION_URI_TEXT:
			buffer_append(&rendered, part->text);
			break;
		case INTEGRATION_URI_PATH_PARAMETER:
			parameter = find_parameter(values, part->text);
			if (!parameter)
				return -EINVAL;
			append_value(&rendered, parameter->value);
			break;
		case INTEGRATION_URI_STAGE_VARIABLE:
			/* One that is not set is the empty text. */
			buffer_append(&rendered, values->variable(values->context, part->text));
			break;
		}
	}
	if (buffer_error(&rendered))
		return buffer_error(&rendered) == -EMSGSIZE ? -EINVAL : buffer_error(&rendered);
	*ret = buffer_view(&rendered);
	return has_dots(*ret) ? -EINVAL : 0;
}
