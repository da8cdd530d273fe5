/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/references.h"

#include <ctype.h>
#include <stdarg.h>

#include "appliance/base/assert.h"

bool references_possible(const struct references *references, const struct store_record *record)
{
	return view_find(view_from(record->body, record->body_bytes), references->id) != VIEW_NOWHERE;
}

void references_add(struct references *references, const char *format, ...)
{
	struct view entry;
	va_list arguments;

	if (references->count++ >= REFERENCES_TOLD_MAX)
		return;
	va_start(arguments, format);
	entry = arena_vprintf(&references->call->arena, format, arguments);
	va_end(arguments);
	ASSERT(entry.at);
	references->list = call_text(references->call, "%s%s%s", references->list ? references->list : "",
		references->list ? ", " : "", entry.at);
}

int references_refuse(const struct references *references, const char *what, const char *format)
{
	return call_fail(references->call, "BadRequestException",
		"Cannot delete %s. %c%s '" VIEW_FMT "', is referenced in [%s] in format of [%s].", what,
		toupper((unsigned char)what[0]), what + 1, VIEW_ARG(references->id), references->list, format);
}
