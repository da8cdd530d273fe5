/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/http_response.h"

#include <errno.h>

#include "appliance/integrate/header_rules.h"

/* "x-amzn-Remapped-" + name; a view without bytes if the arena is exhausted. */
static struct view remap(struct arena *arena, struct view name)
{
	char *text = arena_alloc(arena, header_rule_remapped_prefix.count + name.count);

	if (!text)
		return (struct view){ 0 };
	memcpy(text, header_rule_remapped_prefix.at, header_rule_remapped_prefix.count);
	memcpy(text + header_rule_remapped_prefix.count, name.at, name.count);
	return view_from(text, header_rule_remapped_prefix.count + name.count);
}

int http_response_fields(struct arena *arena, const struct http1_head *head, size_t extra_count,
	struct http_field **ret_fields, size_t *ret_count)
{
	struct http_field *fields = arena_alloc(arena, (head->header_count + 1u + extra_count) * sizeof *fields);
	size_t count = 0;

	if (!fields)
		return -ENOMEM;
	for (size_t i = 0; i < head->header_count; i++) {
		const struct http1_header *header = &head->headers[i];
		struct view name = header->name;

		switch (header_rule_response(header)) {
		case HEADER_RULE_DROP:
			continue;
		case HEADER_RULE_REMAP:
			name = remap(arena, name);
			if (!name.at)
				return -ENOMEM;
			break;
		case HEADER_RULE_PASS:
			break;
		}
		fields[count++] = (struct http_field){ .name = name, .value = header->value };
	}
	if (!http1_find(head, HTTP1_HEADER_CONTENT_TYPE))
		fields[count++] =
			(struct http_field){ .name = view_of("Content-Type"), .value = view_of("application/json") };
	*ret_fields = fields;
	*ret_count = count;
	return 0;
}

int64_t http_response_length(const struct http1_head *head, bool is_head)
{
	const struct http1_header *length = http1_find(head, HTTP1_HEADER_CONTENT_LENGTH);
	uint64_t bytes;

	switch (head->framing) {
	case HTTP1_FRAMING_LENGTH:
		return head->content_length_bytes <= INT64_MAX ? (int64_t)head->content_length_bytes
							       : HTTP_LENGTH_UNKNOWN;
	case HTTP1_FRAMING_NONE:
		/* The answer to HEAD, and a 304, say how long a body would be, if they say it, and so does ours. */
		if (!is_head && head->status != 304)
			return 0;
		if (length && view_parse_u64(length->value, INT64_MAX, &bytes) == 0)
			return (int64_t)bytes;
		return HTTP_LENGTH_UNKNOWN;
	case HTTP1_FRAMING_CHUNKED:
	case HTTP1_FRAMING_UNTIL_CLOSE:
		break;
	}
	return HTTP_LENGTH_UNKNOWN;
}
