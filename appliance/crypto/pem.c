/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/crypto/pem.h"

#include <errno.h>
#include <stdio.h>

#include "appliance/crypto/base64.h"

static const struct view begin = VIEW_INIT("-----BEGIN ");
static const struct view dashes = VIEW_INIT("-----");

int pem_next(struct pem_block *ret, struct view *rest, struct arena *arena)
{
	struct view end, body;
	char end_text[96];
	size_t start = view_find(*rest, begin), label_bytes, body_bytes, head_bytes;
	uint8_t *der;
	long der_bytes;

	if (start == VIEW_NOWHERE)
		return 0;
	*rest = view_after(*rest, start);
	label_bytes = view_find(view_after(*rest, begin.count), dashes);
	if (label_bytes == VIEW_NOWHERE || label_bytes == 0 || label_bytes > 64)
		return -EBADMSG;
	ret->label = view_part(*rest, begin.count, label_bytes);
	end.count = (size_t)snprintf(end_text, sizeof end_text, "-----END " VIEW_FMT "-----", VIEW_ARG(ret->label));
	end.at = end_text;
	head_bytes = begin.count + label_bytes + dashes.count;
	body_bytes = view_find(view_after(*rest, head_bytes), end);
	if (body_bytes == VIEW_NOWHERE)
		return -EBADMSG;
	body = view_part(*rest, head_bytes, body_bytes);
	ret->text = view_part(*rest, 0, head_bytes + body_bytes + end.count);
	*rest = view_after(*rest, ret->text.count);

	der = arena_alloc(arena, body.count * 3 / 4 + 3);
	if (!der)
		return -ENOMEM;
	der_bytes = base64_decode_lines(der, body); /* block headers hold ':' and fail here */
	if (der_bytes <= 0)
		return -EBADMSG;
	ret->der = view_from(der, (size_t)der_bytes);
	return 1;
}

struct view pem_write(struct arena *arena, const char *label, struct view der)
{
	size_t characters = BASE64_CHARS(der.count), lines = (characters + 63) / 64;
	char *encoded = arena_alloc(arena, characters + 1);
	struct view head = arena_printf(arena, "-----BEGIN %s-----\n", label);
	struct view tail = arena_printf(arena, "-----END %s-----\n", label);
	size_t room = head.count + characters + lines + tail.count;
	char *text = arena_alloc(arena, room + 1), *at = text;

	if (!encoded || !head.at || !tail.at || !text)
		return view_from(NULL, 0);
	base64_encode(encoded, der.at, der.count);
	memcpy(at, head.at, head.count);
	at += head.count;
	for (size_t i = 0; i < characters; i += 64) {
		size_t line = characters - i < 64 ? characters - i : 64;

		memcpy(at, encoded + i, line);
		at += line;
		*at++ = '\n';
	}
	memcpy(at, tail.at, tail.count + 1);
	return view_from(text, room);
}
