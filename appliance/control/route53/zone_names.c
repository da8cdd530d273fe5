/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/route53/zone_names.h"

#include <ctype.h>
#include <string.h>

#include "appliance/base/assert.h"

enum { LABEL_MAX_BYTES = 63, NAME_MAX_BYTES = 255 };

static bool is_octal(char byte)
{
	return byte >= '0' && byte <= '7';
}

/* The byte at `*at`, which may be written as \ooo; `*at` moves behind it. */
static unsigned take_byte(const char **at)
{
	const char *text = *at;

	if (text[0] == '\\' && is_octal(text[1]) && is_octal(text[2]) && is_octal(text[3])) {
		*at += 4;
		return (unsigned)(((text[1] - '0') & 3) << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
	}
	(*at)++;
	return (unsigned char)text[0];
}

const char *zone_name_normalise(struct call *call, const char *text)
{
	size_t length = strlen(text), label = 0, total = 1;
	char *name;
	char *end;

	if (length == 0 || length > 4 * NAME_MAX_BYTES)
		return NULL;
	name = arena_alloc(&call->arena, 4 * length + 2);
	ASSERT(name);
	end = name;
	while (*text) {
		bool is_dot = *text == '.';
		unsigned byte = take_byte(&text);

		if (is_dot) {
			if (label == 0 || label > LABEL_MAX_BYTES)
				return NULL;
			label = 0;
			total++;
			*end++ = '.';
			continue;
		}
		label++;
		total++;
		if (byte < 0x80 && (isalnum((int)byte) || byte == '-' || byte == '_')) {
			*end++ = view_lower_byte((char)byte);
			continue;
		}
		*end++ = '\\';
		*end++ = (char)('0' + (byte >> 6));
		*end++ = (char)('0' + ((byte >> 3) & 7));
		*end++ = (char)('0' + (byte & 7));
	}
	if (label > LABEL_MAX_BYTES || total > NAME_MAX_BYTES)
		return NULL;
	if (label)
		*end++ = '.';
	*end = '\0';
	return name;
}

bool zone_name_lies_in(const char *name, const char *zone)
{
	size_t name_length = strlen(name), zone_length = strlen(zone);

	if (name_length < zone_length || strcmp(name + name_length - zone_length, zone) != 0)
		return false;
	return name_length == zone_length || name[name_length - zone_length - 1] == '.';
}
