/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/binary.h"

#include "appliance/base/buffer.h"

/* Three bytes for each ill-formed one, at worst, of a payload of 10 MB. */
#define TEXT_MAX_BYTES ((size_t)3 * 10485760)

static bool entry_matches(struct view entry, struct view media_type)
{
	if (view_equals_text(entry, "*/*"))
		return true;
	if (entry.count == 0 || entry.at[0] == '*')
		return false; /* a wildcard on the left stands for nothing, not even for itself */
	if (view_equals_ignore_case(entry, media_type))
		return true;
	return view_ends_with(entry, view_of("/*")) &&
	       view_starts_with_ignore_case(media_type, view_part(entry, 0, entry.count - 1));
}

bool binary_matches(const struct snapshot_deployment *deployment, struct view media_type)
{
	if (view_find_byte(media_type, '/') == VIEW_NOWHERE)
		return false;
	for (size_t i = 0; i < deployment->binary_media_type_count; i++) {
		if (entry_matches(deployment->binary_media_types[i], media_type))
			return true;
	}
	return false;
}

/* May `next` be the second byte of the character that `first` begins? (RFC 3629, section 4) */
static bool second_fits(unsigned char first, unsigned char next)
{
	switch (first) {
	case 0xe0:
		return next >= 0xa0 && next <= 0xbf;
	case 0xed:
		return next >= 0x80 && next <= 0x9f;
	case 0xf0:
		return next >= 0x90 && next <= 0xbf;
	case 0xf4:
		return next >= 0x80 && next <= 0x8f;
	default:
		return next >= 0x80 && next <= 0xbf;
	}
}

/* How many bytes of ill-formed text at the start count as one: the longest beginning of some character. */
static size_t ill_formed_count(struct view text)
{
	unsigned char first = (unsigned char)text.at[0];
	size_t length = first >= 0xf0 && first <= 0xf4 ? 4 : first >= 0xe0 && first < 0xf0 ? 3 : 1, i;

	if (length == 1 || text.count < 2 || !second_fits(first, (unsigned char)text.at[1]))
		return 1;
	for (i = 2; i < length && i < text.count; i++) {
		if (((unsigned char)text.at[i] & 0xc0) != 0x80)
			break;
	}
	return i;
}

struct view binary_to_text(struct arena *arena, struct view body)
{
	struct buffer text;

	if (view_is_utf8(body))
		return body.at ? body : view_of("");
	buffer_init_arena(&text, arena, TEXT_MAX_BYTES);
	while (body.count > 0) {
		size_t count = view_utf8_character(body, NULL);

		if (count > 0) {
			buffer_append(&text, view_part(body, 0, count));
		} else {
			count = ill_formed_count(body);
			buffer_append(&text, view_of("\xef\xbf\xbd"));
		}
		body = view_after(body, count);
	}
	return buffer_error(&text) ? (struct view){ 0 } : buffer_view(&text);
}
