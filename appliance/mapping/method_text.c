/* SPDX-License-Identifier: GPL-3.0-or-later */
/* java.lang.String, but for patterns, format and letter case. */
#include "appliance/mapping/method_parts.h"

bool method_text_argument(const struct value_call *call, size_t at, struct view *ret)
{
	const struct value *argument = method_argument(call, at);

	if (!argument || (argument->kind != VALUE_TEXT && argument->kind != VALUE_NULL))
		return false;
	*ret = argument->kind == VALUE_TEXT ? value_view(*argument) : view_of("");
	return true;
}

bool method_int_argument(const struct value_call *call, size_t at, int64_t *ret)
{
	const struct value *argument = method_argument(call, at);

	if (!argument || argument->kind != VALUE_INTEGER)
		return false;
	*ret = argument->integer;
	return true;
}

void method_text_start(struct template_run *run, struct buffer *buffer)
{
	buffer_init_arena(buffer, run->arena, VALUE_TEXT_MAX_BYTES);
}

int method_text_finish(struct template_run *run, struct buffer *buffer, struct value *ret)
{
	if (buffer_error(buffer) == -EMSGSIZE)
		return template_fail(run, "a text is longer than %zu bytes", VALUE_TEXT_MAX_BYTES);
	if (buffer_error(buffer))
		return template_no_memory(run);
	*ret = value_text(buffer->count ? buffer_view(buffer) : view_of(""));
	return method_work(run, buffer->count);
}

static int out_of_range(struct template_run *run, const char *method, int64_t index, size_t count)
{
	return template_fail(run, "%s: index %lld of a text of %zu characters", method, (long long)index, count);
}

/* --- Lengths and parts ---------------------------------------------------------------------------------------------- */

int method_text_length(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)call;
	*ret = value_integer((int64_t)method_unit_count(value_view(self)));
	return method_work(run, self.count);
}

int method_text_is_empty(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	(void)call;
	*ret = value_boolean(self.count == 0);
	return 0;
}

/* Character.isWhitespace() as far as one byte of UTF-8 goes. */
#define WHITE_SPACE " \t\n\v\f\r\x1c\x1d\x1e\x1f"

int method_text_is_blank(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)call;
	*ret = value_boolean(view_trim_set(value_view(self), WHITE_SPACE).count == 0);
	return method_work(run, self.count);
}

int method_text_char_at(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	size_t count = method_unit_count(value_view(self));
	int64_t at;
	int result = method_work(run, self.count);

	if (result)
		return result;
	if (!method_int_argument(call, 0, &at))
		return 0;
	if (at < 0 || (size_t)at >= count)
		return out_of_range(run, "charAt", at, count);
	return method_units(run, value_view(self), (size_t)at, (size_t)at + 1, ret);
}

int method_text_code_point_at(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view text = value_view(self);
	size_t count = method_unit_count(text), offset;
	uint32_t point = 0xfffd;
	bool inside;
	int64_t at;

	if (!method_int_argument(call, 0, &at))
		return 0;
	if (at < 0 || (size_t)at >= count)
		return out_of_range(run, "codePointAt", at, count);
	offset = method_unit_offset(text, (size_t)at, &inside);
	(void)view_utf8_character(view_after(text, offset), &point);
	*ret = value_integer(inside ? 0xdc00 + (point & 0x3ff) : point);
	return method_work(run, text.count);
}

int method_text_substring(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	size_t count = method_unit_count(value_view(self));
	int64_t from, to = (int64_t)count;
	int result = method_work(run, self.count);

	if (result)
		return result;
	if (!method_int_argument(call, 0, &from) || (call->count > 1 && !method_int_argument(call, 1, &to)))
		return 0;
	if (from < 0 || to > (int64_t)count || from > to)
		return out_of_range(run, "substring", from < 0 || from > to ? from : to, count);
	return method_units(run, value_view(self), (size_t)from, (size_t)to, ret);
}

int method_text_trim(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view text = value_view(self);

	(void)call;
	while (text.count && (unsigned char)text.at[0] <= ' ')
		text = view_after(text, 1);
	while (text.count && (unsigned char)text.at[text.count - 1] <= ' ')
		text.count--;
	*ret = value_text(text);
	return method_work(run, self.count);
}

int method_text_strip(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)call;
	*ret = value_text(view_trim_set(value_view(self), WHITE_SPACE));
	return method_work(run, self.count);
}

int method_text_strip_leading(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view text = value_view(self), both = view_trim_set(text, WHITE_SPACE);

	(void)call;
	*ret = value_text(both.count ? view_after(text, (size_t)(both.at - text.at)) : view_of(""));
	return method_work(run, self.count);
}

int method_text_strip_trailing(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view text = value_view(self), both = view_trim_set(text, WHITE_SPACE);

	(void)call;
	*ret = value_text(both.count ? view_part(text, 0, (size_t)(both.at - text.at) + both.count) : view_of(""));
	return method_work(run, self.count);
}

int method_text_to_char_array(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	size_t count = method_unit_count(value_view(self));
	struct value_list *list;
	struct view rest = value_view(self);
	int result = template_work(run, count);

	(void)call;
	if (result == 0)
		result = value_list_new(run, VALUE_LIST_ARRAY, count, &list);
	while (result == 0 && rest.count) {
		size_t bytes = view_utf8_character(rest, NULL);
		struct view unit = bytes == 4 ? view_of("?") : view_part(rest, 0, bytes ? bytes : 1);

		result = value_list_add(run, list, value_text(unit));
		if (result == 0 && bytes == 4)
			result = value_list_add(run, list, value_text(unit));
		rest = view_after(rest, bytes ? bytes : 1);
	}
	if (result == 0)
		*ret = value_list(list);
	return result;
}

/* --- Searching ------------------------------------------------------------------------------------------------------ */

/* What indexOf() looks for: a text, or a character by its number; `room` holds that one. */
static bool needle(const struct value_call *call, struct buffer *room, struct view *ret)
{
	int64_t point;

	if (method_text_argument(call, 0, ret))
		return true;
	if (!method_int_argument(call, 0, &point))
		return false;
	*ret = view_of("\xff"); /* in no text */
	if (point >= 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)) {
		buffer_append_utf8(room, (uint32_t)point);
		*ret = buffer_view(room);
	}
	return true;
}

int method_text_index_of(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view text = value_view(self), part;
	struct buffer room;
	char bytes[8];
	size_t count = method_unit_count(text), offset, found;
	bool inside;
	int64_t from = 0;

	buffer_init_fixed(&room, bytes, sizeof bytes);
	if (!needle(call, &room, &part) || (call->count > 1 && !method_int_argument(call, 1, &from)))
		return 0;
	from = from < 0 ? 0 : from > (int64_t)count ? (int64_t)count : from;
	offset = method_unit_offset(text, (size_t)from, &inside) + (inside ? 4 : 0);
	found = view_find(view_after(text, offset), part);
	*ret = value_integer(found == VIEW_NOWHERE ? -1 : (int64_t)method_unit_at(text, offset + found));
	return method_work(run, text.count);
}

/* Parts longer than this are not compared at every place. */
#define COMPARED_PART_BYTES 64

static char *reversed(struct template_run *run, struct view text)
{
	char *at = arena_alloc(run->arena, text.count);

	for (size_t i = 0; at && i < text.count; i++)
		at[i] = text.at[text.count - 1 - i];
	return at;
}

/* Where the last `part` of `text` begins, or VIEW_NOWHERE. Backwards it is the first, which memmem() finds in linear time. */
static int find_last(struct template_run *run, struct view text, struct view part, size_t *ret)
{
	char *whole, *wanted;

	*ret = VIEW_NOWHERE;
	if (part.count > text.count)
		return 0;
	if (part.count <= COMPARED_PART_BYTES) {
		for (size_t at = text.count - part.count + 1; at-- > 0 && *ret == VIEW_NOWHERE;) {
			if (part.count == 0 || memcmp(text.at + at, part.at, part.count) == 0)
				*ret = at;
		}
		return 0;
	}
	whole = reversed(run, text);
	wanted = whole ? reversed(run, part) : NULL;
	if (!wanted)
		return template_no_memory(run);
	*ret = view_find(view_from(whole, text.count), view_from(wanted, part.count));
	if (*ret != VIEW_NOWHERE)
		*ret = text.count - part.count - *ret;
	return 0;
}

int method_text_last_index_of(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view text = value_view(self), part;
	struct buffer room;
	char bytes[8];
	size_t start, found;
	bool inside;
	int64_t from = INT32_MAX;
	int result = method_work(run, 16 * text.count);

	if (result)
		return result;
	buffer_init_fixed(&room, bytes, sizeof bytes);
	if (!needle(call, &room, &part) || (call->count > 1 && !method_int_argument(call, 1, &from)))
		return 0;
	*ret = value_integer(-1);
	if (from < 0 || part.count > text.count)
		return 0;
	start = method_unit_offset(text, (size_t)from, &inside);
	if (start > text.count - part.count)
		start = text.count - part.count;
	result = find_last(run, view_part(text, 0, start + part.count), part, &found);
	if (result == 0 && found != VIEW_NOWHERE)
		*ret = value_integer((int64_t)method_unit_at(text, found));
	return result;
}

int method_text_contains(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view part;

	if (method_text_argument(call, 0, &part))
		*ret = value_boolean(view_find(value_view(self), part) != VIEW_NOWHERE);
	return method_work(run, self.count);
}

int method_text_starts_with(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view text = value_view(self), part;
	int64_t from = 0;
	bool inside;

	if (!method_text_argument(call, 0, &part) || (call->count > 1 && !method_int_argument(call, 1, &from)))
		return 0;
	*ret = value_boolean(false);
	if (from >= 0 && (from == 0 || (size_t)from <= method_unit_count(text))) {
		text = view_after(text, method_unit_offset(text, (size_t)from, &inside));
		*ret = value_boolean(!inside && view_starts_with(text, part));
	}
	return method_work(run, self.count);
}

int method_text_ends_with(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view part;

	if (method_text_argument(call, 0, &part))
		*ret = value_boolean(view_ends_with(value_view(self), part));
	return method_work(run, self.count);
}

/* Units `from` to `from` + `count`, if they are there. */
static bool region(
	struct template_run *run, struct view text, int64_t from, int64_t count, struct view *ret, int *result)
{
	struct value part;

	if (from < 0 || from > (int64_t)method_unit_count(text) - count)
		return false;
	if (count <= 0) {
		*ret = view_of("");
		return true;
	}
	*result = method_units(run, text, (size_t)from, (size_t)(from + count), &part);
	*ret = *result == 0 ? value_view(part) : view_of("");
	return *result == 0;
}

int method_text_region_matches(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	size_t first = call->count == 5;
	struct view other, left, right;
	int64_t at, other_at, count;
	int result = method_work(run, 4 * (size_t)self.count);
	bool ignore_case = first && call->arguments[0].boolean;

	if ((first && call->arguments[0].kind != VALUE_BOOLEAN) || !method_int_argument(call, first, &at) ||
		!method_text_argument(call, first + 1, &other) || !method_int_argument(call, first + 2, &other_at) ||
		!method_int_argument(call, first + 3, &count))
		return result;
	*ret = value_boolean(false);
	if (result == 0 && region(run, value_view(self), at, count, &left, &result) &&
		region(run, other, other_at, count, &right, &result))
		*ret = value_boolean(ignore_case ? method_equals_ignore_case(left, right) : view_equals(left, right));
	return result;
}

/* --- Comparing ------------------------------------------------------------------------------------------------------ */

int method_text_equals_ignore_case(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view other;

	if (value_is_null(call->arguments[0]))
		*ret = value_boolean(false);
	else if (method_text_argument(call, 0, &other))
		*ret = value_boolean(method_equals_ignore_case(value_view(self), other));
	return method_work(run, 4 * (size_t)self.count);
}

int method_text_compare_to(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view other;

	if (!method_text_argument(call, 0, &other)) /* ClassCastException */
		return template_fail(run, "compareTo of values of different types");
	*ret = value_integer(method_units_compare(value_view(self), other));
	return method_work(run, 4 * (size_t)self.count);
}

int method_text_compare_to_ignore_case(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view other;

	if (method_text_argument(call, 0, &other))
		*ret = value_integer(method_compare_ignore_case(value_view(self), other));
	return method_work(run, 4 * (size_t)self.count);
}

int method_text_hash_code(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)call;
	*ret = value_integer(method_units_hash(value_view(self)));
	return method_work(run, 4 * (size_t)self.count);
}

/* --- Making --------------------------------------------------------------------------------------------------------- */

int method_text_concat(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct buffer out;
	struct view other;

	if (!method_text_argument(call, 0, &other))
		return 0;
	method_text_start(run, &out);
	(void)buffer_reserve(&out, self.count + other.count);
	buffer_append(&out, value_view(self));
	buffer_append(&out, other);
	return method_text_finish(run, &out, ret);
}

int method_text_repeat(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct buffer out;
	int64_t count;
	int result;

	if (!method_int_argument(call, 0, &count))
		return 0;
	if (count < 0)
		return template_fail(run, "repeat: a count below zero");
	if (self.count && (uint64_t)count > VALUE_TEXT_MAX_BYTES / self.count)
		return template_fail(run, "a text is longer than %zu bytes", VALUE_TEXT_MAX_BYTES);
	result = method_work(run, (size_t)count * (self.count ? self.count : 0));
	if (result)
		return result;
	method_text_start(run, &out);
	(void)buffer_reserve(&out, (size_t)count * self.count);
	for (int64_t i = 0; i < count && self.count; i++)
		buffer_append(&out, value_view(self));
	return method_text_finish(run, &out, ret);
}

/* Every place between units holds the empty text, also that between the two of a pair, which then are '?'. */
static void replace_nothing(struct buffer *out, struct view text, struct view by)
{
	buffer_append(out, by);
	while (text.count) {
		size_t count = view_utf8_character(text, NULL);

		if (count == 4) {
			buffer_append_byte(out, '?');
			buffer_append(out, by);
			buffer_append_byte(out, '?');
		} else {
			buffer_append(out, view_part(text, 0, count ? count : 1));
		}
		buffer_append(out, by);
		text = view_after(text, count ? count : 1);
	}
}

int method_text_replace(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view rest = value_view(self), what, by;
	struct buffer out;
	size_t at;

	if (!method_text_argument(call, 0, &what) || !method_text_argument(call, 1, &by))
		return 0;
	at = what.count ? view_find(rest, what) : 0;
	if (at == VIEW_NOWHERE || (what.count == 0 && by.count == 0)) {
		*ret = self;
		return method_work(run, self.count);
	}
	method_text_start(run, &out);
	(void)buffer_reserve(&out, self.count);
	if (what.count == 0) {
		replace_nothing(&out, rest, by);
		return method_text_finish(run, &out, ret);
	}
	while (at != VIEW_NOWHERE && !buffer_error(&out)) {
		buffer_append(&out, view_part(rest, 0, at));
		buffer_append(&out, by);
		rest = view_after(rest, at + what.count);
		at = view_find(rest, what);
	}
	buffer_append(&out, rest);
	return method_text_finish(run, &out, ret);
}

int method_text_value_of(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct view text;
	int result = value_to_text(run, call->arguments[0], false, &text);

	(void)self;
	if (result == 0)
		*ret = value_text(text);
	return result;
}

/* The items of join() must be texts; null is one. */
static int append_text(struct template_run *run, struct value value, struct buffer *out)
{
	if (value.kind != VALUE_TEXT && value.kind != VALUE_NULL)
		return template_fail(run, "join: what is joined must be texts");
	buffer_append(out, value.kind == VALUE_TEXT ? value_view(value) : view_of("null"));
	return template_work(run, 1);
}

/* String.join(separator, list) or (separator, text, text, …). */
int method_text_join(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct value_walk walk = { 0 };
	struct buffer out;
	struct view separator;
	bool of_list = call->count == 2 && method_collection_argument(run, call, 1, &walk);
	size_t count = of_list ? walk.count : (size_t)call->count - 1;
	int result = 0;

	(void)self;
	if (!method_text_argument(call, 0, &separator))
		return 0;
	method_text_start(run, &out);
	for (size_t i = 0; i < count && result == 0; i++) {
		if (i)
			buffer_append(&out, separator);
		result = append_text(run, of_list ? value_walk_at(&walk, i) : call->arguments[i + 1], &out);
	}
	return result ? result : method_text_finish(run, &out, ret);
}

int method_text_format(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct buffer out;
	struct view pattern;
	int result;

	(void)self;
	if (!method_text_argument(call, 0, &pattern))
		return 0;
	method_text_start(run, &out);
	result = method_format(run, pattern, call->arguments + 1, (size_t)call->count - 1, &out);
	return result ? result : method_text_finish(run, &out, ret);
}
