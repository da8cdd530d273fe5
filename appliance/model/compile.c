/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/compile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "appliance/store/store.h"

int compile_fail(struct compile *compile, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(compile->message, sizeof compile->message, format, arguments);
	va_end(arguments);
	return error;
}

int compile_no_memory(struct compile *compile)
{
	return compile_fail(compile, -ENOMEM, "out of memory");
}

int compile_parse(struct compile *compile, struct view body, struct json **ret)
{
	/* A frozen definition is the one large body; its limit is the store's. */
	static const struct json_limits limits = {
		.max_bytes = STORE_BODY_MAX_BYTES, .max_depth = JSON_MAX_DEPTH, .max_values = 4 * JSON_MAX_VALUES
	};
	struct json_error where;
	int error = json_parse_fixed(body, &limits, ret, &where);

	if (error)
		return compile_fail(compile, error, "line %u, column %u: %s", where.line, where.column, where.rule);
	if (!json_is_object(*ret)) {
		json_free(*ret);
		return compile_fail(compile, -EINVAL, "the record is not an object");
	}
	return 0;
}

struct view compile_lower(struct arena *arena, struct view text)
{
	char *copy = arena_text(arena, text);

	if (!copy)
		return (struct view){ 0 };
	for (size_t i = 0; i < text.count; i++)
		copy[i] = view_lower_byte(copy[i]);
	return view_from(copy, text.count);
}

/* Is there an octal escape \ooo at `at`? Then its byte goes to `*ret`. */
static bool octal_escape(struct view text, size_t at, char *ret)
{
	unsigned value = 0;

	if (text.count - at < 4 || text.at[at] != '\\')
		return false;
	for (size_t i = 1; i < 4; i++) {
		char digit = text.at[at + i];

		if (digit < '0' || digit > '7')
			return false;
		value = value * 8 + (unsigned)(digit - '0');
	}
	*ret = (char)value;
	return value < 256;
}

struct view compile_dns_name(struct arena *arena, struct view text)
{
	char *name = arena_alloc(arena, text.count + 2), byte;
	size_t count = 0;

	if (!name)
		return (struct view){ 0 };
	for (size_t i = 0; i < text.count;) {
		if (octal_escape(text, i, &byte)) {
			i += 4;
		} else {
			byte = text.at[i++];
		}
		name[count++] = view_lower_byte(byte);
	}
	if (count == 0 || name[count - 1] != '.')
		name[count++] = '.';
	name[count] = '\0';
	return view_from(name, count);
}

int compile_policy(struct compile *compile, enum policy_kind kind, struct view owner_arn, const char *what,
	struct view text, struct policy **ret)
{
	const struct policy_options options = {
		.kind = kind,
		.owner_arn = { .bytes = owner_arn.at, .count = owner_arn.count },
		.max_bytes = SIZE_MAX,
		.stored = true,
	};
	struct policy_error where;
	char reason[CHECK_MESSAGE_MAX_BYTES];
	int error;

	*ret = NULL;
	if (text.count == 0)
		return 0;
	error = policy_parse(ret, text.at, text.count, &options, &where);
	if (error == -EINVAL) {
		policy_error_write(&where, reason, sizeof reason);
		return compile_fail(compile, error, "%s: %.400s", what, reason);
	}
	return error ? compile_no_memory(compile) : 0;
}
