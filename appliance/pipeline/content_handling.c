/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/content_handling.h"

#include <errno.h>

#include "appliance/crypto/base64.h"
#include "appliance/pipeline/binary.h"

enum content_conversion content_handling_request(bool is_binary, enum integration_content_handling handling)
{
	static const enum content_conversion table[2][3] = {
		[false] = { [INTEGRATION_CONTENT_UNSET] = CONTENT_TO_TEXT,
			[INTEGRATION_CONVERT_TO_TEXT] = CONTENT_TO_TEXT,
			[INTEGRATION_CONVERT_TO_BINARY] = CONTENT_TO_BYTES },
		[true] = { [INTEGRATION_CONTENT_UNSET] = CONTENT_AS_IS,
			[INTEGRATION_CONVERT_TO_TEXT] = CONTENT_TO_BASE64,
			[INTEGRATION_CONVERT_TO_BINARY] = CONTENT_AS_IS },
	};

	return table[is_binary][handling];
}

enum content_conversion content_handling_response(
	bool type_is_binary, bool accept_is_binary, enum integration_content_handling handling)
{
	/* By the back end's type, the client's wish, contentHandling: unset, to text, to binary. */
	static const enum content_conversion table[2][2][3] = {
		[false][false] = { CONTENT_TO_TEXT, CONTENT_TO_TEXT, CONTENT_TO_BYTES },
		[false][true] = { CONTENT_TO_BYTES, CONTENT_TO_TEXT, CONTENT_TO_BYTES },
		[true][false] = { CONTENT_TO_BASE64, CONTENT_TO_BASE64, CONTENT_AS_IS },
		[true][true] = { CONTENT_AS_IS, CONTENT_TO_BASE64, CONTENT_AS_IS },
	};

	_Static_assert(INTEGRATION_CONTENT_UNSET == 0 && INTEGRATION_CONVERT_TO_TEXT == 1 &&
			       INTEGRATION_CONVERT_TO_BINARY == 2,
		"the order of the columns");
	return table[type_is_binary][accept_is_binary][handling];
}

int content_handling_convert(
	struct arena *arena, enum content_conversion conversion, struct view body, struct view *ret)
{
	char *room;
	long count;

	switch (conversion) {
	case CONTENT_AS_IS:
		*ret = body;
		return 0;
	case CONTENT_TO_TEXT:
		*ret = binary_to_text(arena, body);
		return ret->at ? 0 : -ENOMEM;
	case CONTENT_TO_BYTES:
	case CONTENT_TO_BASE64:
		break;
	}
	room = arena_alloc(arena, BASE64_CHARS(body.count) + 1);
	if (!room)
		return -ENOMEM;
	if (conversion == CONTENT_TO_BASE64) {
		base64_encode(room, body.at, body.count);
		*ret = view_from(room, BASE64_CHARS(body.count));
		return 0;
	}
	count = base64_decode((uint8_t *)room, body);
	if (count < 0)
		return -EINVAL;
	*ret = view_from(room, (size_t)count);
	return 0;
}
