/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/page.h"

#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/crypto/base64.h"

static int64_t created_ms(const struct json *record)
{
	return json_find_integer(json_find(record, "postern"), "createdMs", 0);
}

static int compare_newest(const struct json *left, const struct json *right)
{
	int64_t a = created_ms(left), b = created_ms(right);

	return a != b ? (a < b) - (a > b) : view_compare(json_find_text(left, "id"), json_find_text(right, "id"));
}

/* Positions are base64 of "id=S" and the id of the last item shown, as AWS's are. */
static const char *position_of(struct call *call, struct view id)
{
	struct view plain = arena_printf(&call->arena, "id=S" VIEW_FMT, VIEW_ARG(id));
	char *text = arena_alloc_zero(&call->arena, BASE64_CHARS(plain.count) + 1);

	ASSERT(text && plain.at);
	base64_encode(text, plain.at, plain.count);
	return text;
}

/* The id that a position names, or NULL. */
static const char *id_of(struct call *call, const char *position)
{
	struct view encoded = view_from_text(position);
	char *text = arena_alloc_zero(&call->arena, encoded.count + 1);

	ASSERT(text);
	if (base64_decode((uint8_t *)text, encoded) < 0 || strncmp(text, "id=S", 4) != 0)
		return NULL;
	return text + 4;
}

/*
 * Index behind the item that a position names, or -1. Items may have gone since the page was shown: a list in order of its
 * ids goes on behind the place where that one was.
 */
static long index_behind(struct call *call, const struct json *items, const char *id_member, const char *position)
{
	const char *id = id_of(call, position);
	long behind = 0;

	if (!id)
		return -1;
	for (size_t i = 0; i < json_count(items); i++) {
		struct view other = json_find_text(json_at(items, i), id_member);

		if (view_equals_text(other, id))
			return (long)i + 1;
		if (i > 0 && view_compare(json_find_text(json_at(items, i - 1), id_member), other) > 0)
			behind = -1;
		if (behind >= 0 && view_compare(other, view_from_text(id)) < 0)
			behind = (long)i + 1;
	}
	return behind;
}

/* The same of a list whose newest item is the first: the position has when the item was made, too. */
static long index_behind_newest(struct call *call, const struct json *items, const char *position)
{
	const char *plain = id_of(call, position);
	struct view created, id;
	int64_t made_ms;
	long behind = 0;

	if (!plain || !view_cut(view_from_text(plain), '.', &created, &id) ||
		view_parse_i64(created, 0, INT64_MAX, &made_ms) < 0)
		return -1;
	for (size_t i = 0; i < json_count(items); i++) {
		const struct json *item = json_at(items, i);

		if (created_ms(item) > made_ms ||
			(created_ms(item) == made_ms && view_compare(json_find_text(item, "id"), id) <= 0))
			behind = (long)i + 1;
	}
	return behind;
}

/* The position behind an item. */
static const char *position_behind(
	struct call *call, const struct json *item, const char *id_member, bool is_newest_first)
{
	struct view id = json_find_text(item, id_member);

	if (is_newest_first)
		id = call_view(call, "%lld." VIEW_FMT, (long long)created_ms(item), VIEW_ARG(id));
	return position_of(call, id);
}

static int show_page(struct call *call, struct json *items, const char *id_member, bool is_newest_first)
{
	const char *position = call_input(call, "position");
	int64_t limit = json_find_integer(call->input, "limit", PAGE_DEFAULT_COUNT);
	struct json *list = json_ensure_array(call->output, "item");
	long start = 0;

	if (position)
		start = is_newest_first ? index_behind_newest(call, items, position)
					: index_behind(call, items, id_member, position);
	if (start < 0) {
		json_free(items);
		return call_fail(call, "BadRequestException", "Invalid position parameter");
	}
	if (limit < 1 || limit > PAGE_MAX_COUNT)
		limit = limit < 1 ? PAGE_DEFAULT_COUNT : PAGE_MAX_COUNT;
	if ((size_t)start + (size_t)limit < json_count(items))
		json_set_c_string(call->output, "position",
			position_behind(
				call, json_at(items, (size_t)start + (size_t)limit - 1), id_member, is_newest_first));
	for (int64_t i = 0; i < limit && (size_t)start < json_count(items); i++)
		json_append(list, json_take_at(items, (size_t)start));
	json_free(items);
	return 0;
}

int page_list(struct call *call, struct json *items, const char *id_member)
{
	return show_page(call, items, id_member, false);
}

/* Put what is shown of each item in its place. */
static void show_items(struct call *call, page_shower *show)
{
	struct json *page = json_find(call->output, "item");

	for (size_t count = json_count(page); count > 0; count--) {
		struct json JSON_CLEANUP *item = json_take_at(page, 0);

		json_append(page, show(call, item));
	}
}

int page_list_shown(struct call *call, struct json *items, const char *id_member, page_shower *show)
{
	int error = page_list(call, items, id_member);

	if (error == 0)
		show_items(call, show);
	return error;
}

int page_list_newest_first(struct call *call, struct json *records, page_shower *show)
{
	int error;

	json_sort(records, compare_newest);
	error = show_page(call, records, "id", true);
	if (error == 0)
		show_items(call, show);
	return error;
}

void page_note_created(struct call *call, struct json *record)
{
	json_set_integer(json_ensure_object(record, "postern"), "createdMs", (int64_t)call->request.received_wall_ms);
}

void page_set_created(struct json *record, const struct json *other)
{
	json_set_integer(json_ensure_object(record, "postern"), "createdMs", created_ms(other));
}

void page_keep_equal(struct json *records, const char *member, const char *text)
{
	for (size_t i = json_count(records); text && i-- > 0;)
		if (!view_equals_text(json_find_text(json_at(records, i), member), text))
			(void)json_remove_at(records, i);
}

void page_keep_prefix(struct json *records, const char *member, const char *prefix)
{
	for (size_t i = json_count(records); prefix && i-- > 0;)
		if (!view_starts_with(json_find_text(json_at(records, i), member), view_from_text(prefix)))
			(void)json_remove_at(records, i);
}
