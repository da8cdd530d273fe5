/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/page.h"

#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/crypto/base64.h"

/* Positions are base64 of "id=S" and the id of the last item shown, as AWS's are. */
static const char *position_of(struct call *call, struct view id)
{
	struct view plain = arena_printf(&call->arena, "id=S" VIEW_FMT, VIEW_ARG(id));
	char *text = arena_alloc_zero(&call->arena, BASE64_CHARS(plain.count) + 1);

	ASSERT(text && plain.at);
	base64_encode(text, plain.at, plain.count);
	return text;
}

/* Index behind the item that a position names, or -1. */
static long index_behind(struct call *call, const struct json *items, const char *id_member, const char *position)
{
	for (size_t i = 0; i < json_count(items); i++)
		if (strcmp(position_of(call, json_find_text(json_at(items, i), id_member)), position) == 0)
			return (long)i + 1;
	return -1;
}

int page_list(struct call *call, struct json *items, const char *id_member)
{
	const char *position = call_input(call, "position");
	int64_t limit = json_find_integer(call->input, "limit", PAGE_DEFAULT_COUNT);
	struct json *list = json_ensure_array(call->output, "item");
	long start = position ? index_behind(call, items, id_member, position) : 0;

	if (start < 0) {
		json_free(items);
		return call_fail(call, "BadRequestException", "Invalid position parameter");
	}
	if (limit < 1 || limit > PAGE_MAX_COUNT)
		limit = limit < 1 ? PAGE_DEFAULT_COUNT : PAGE_MAX_COUNT;
	if ((size_t)start + (size_t)limit < json_count(items))
		json_set_c_string(call->output, "position",
			position_of(
				call, json_find_text(json_at(items, (size_t)start + (size_t)limit - 1), id_member)));
	for (int64_t i = 0; i < limit && (size_t)start < json_count(items); i++)
		json_append(list, json_take_at(items, (size_t)start));
	json_free(items);
	return 0;
}
