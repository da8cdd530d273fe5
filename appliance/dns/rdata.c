/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/dns/rdata.h"

#include <errno.h>

#include "appliance/base/assert.h"
#include "appliance/wire/dns.h"

#define TYPE_SPF 99
#define TYPE_CAA 257

#define STRING_MAX_BYTES 255 /* one character-string of TXT */

static const struct {
	struct view name;
	uint16_t type;
} types[] = {
	{ VIEW_INIT("A"), DNS_TYPE_A },
	{ VIEW_INIT("AAAA"), DNS_TYPE_AAAA },
	{ VIEW_INIT("CAA"), TYPE_CAA },
	{ VIEW_INIT("CNAME"), DNS_TYPE_CNAME },
	{ VIEW_INIT("MX"), DNS_TYPE_MX },
	{ VIEW_INIT("NS"), DNS_TYPE_NS },
	{ VIEW_INIT("PTR"), DNS_TYPE_PTR },
	{ VIEW_INIT("SOA"), DNS_TYPE_SOA },
	{ VIEW_INIT("SPF"), TYPE_SPF },
	{ VIEW_INIT("SRV"), DNS_TYPE_SRV },
	{ VIEW_INIT("TXT"), DNS_TYPE_TXT },
};

uint16_t rdata_type(struct view name)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++)
		if (view_equals(types[i].name, name))
			return types[i].type;
	return 0;
}

/* --- words and strings -------------------------------------------------------------------------------------------------- */

/* The next word of `rest`, between blanks. False if there is none. */
static bool next_word(struct view *rest, struct view *ret)
{
	size_t end = 0;

	*rest = view_trim(*rest);
	if (rest->count == 0)
		return false;
	while (end < rest->count && rest->at[end] != ' ' && rest->at[end] != '\t')
		end++;
	*ret = view_part(*rest, 0, end);
	*rest = view_after(*rest, end);
	return true;
}

static bool next_number(struct view *rest, uint64_t max, uint64_t *ret)
{
	struct view word;

	return next_word(rest, &word) && view_parse_u64(word, max, ret) == 0;
}

static bool is_octal(char byte)
{
	return byte >= '0' && byte <= '7';
}

/* One byte of a quoted or bare string, escapes undone: \" \\ and Route 53's octal \ooo. Returns the bytes it took, 0 at an error. */
static size_t string_byte(struct view text, uint8_t *ret)
{
	if (text.at[0] != '\\') {
		*ret = (uint8_t)text.at[0];
		return 1;
	}
	if (text.count >= 4 && is_octal(text.at[1]) && is_octal(text.at[2]) && is_octal(text.at[3])) {
		unsigned int value =
			(unsigned int)((text.at[1] - '0') << 6 | (text.at[2] - '0') << 3 | (text.at[3] - '0'));

		*ret = (uint8_t)value;
		return value <= 0xff ? 4 : 0;
	}
	if (text.count < 2)
		return 0;
	*ret = (uint8_t)text.at[1];
	return 2;
}

/* The next string of `rest`, quoted or a bare word, as a length byte and its bytes. Negative errno, or the bytes written. */
static long write_string(struct view *rest, uint8_t *ret, size_t room)
{
	bool quoted = rest->at[0] == '"';
	size_t count = 0, at = quoted;

	for (;;) {
		uint8_t byte;
		size_t taken;

		if (at == rest->count) {
			if (quoted)
				return -EINVAL;
			break;
		}
		if (quoted ? rest->at[at] == '"' : rest->at[at] == ' ' || rest->at[at] == '\t')
			break;
		taken = string_byte(view_after(*rest, at), &byte);
		if (taken == 0 || count == STRING_MAX_BYTES)
			return -EINVAL;
		if (count + 1 >= room)
			return -ENOBUFS;
		ret[1 + count++] = byte;
		at += taken;
	}
	if (room == 0)
		return -ENOBUFS;
	ret[0] = (uint8_t)count;
	*rest = view_after(*rest, at + quoted);
	return (long)count + 1;
}

static long write_strings(struct view text, uint8_t *ret, size_t room)
{
	size_t count = 0;

	for (text = view_trim(text); text.count; text = view_trim(text)) {
		long written = write_string(&text, ret + count, room - count);

		if (written < 0)
			return written;
		count += (size_t)written;
	}
	return count ? (long)count : -EINVAL;
}

/* --- types with several parts --------------------------------------------------------------------------------------------- */

static void put_u16(uint8_t *at, uint64_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* `number_count` numbers of 16 bits and a name: MX has one, SRV three. */
static long write_numbers_and_name(struct view text, size_t number_count, uint8_t *ret, size_t room)
{
	struct view name;
	uint64_t number;
	long written;

	if (room < 2 * number_count)
		return -ENOBUFS;
	for (size_t i = 0; i < number_count; i++) {
		if (!next_number(&text, 0xffff, &number))
			return -EINVAL;
		put_u16(ret + 2 * i, number);
	}
	if (!next_word(&text, &name) || view_trim(text).count)
		return -EINVAL;
	written = dns_data_name(ret + 2 * number_count, room - 2 * number_count, name);
	return written < 0 ? written : written + 2 * (long)number_count;
}

static bool parse_soa(struct view text, struct dns_soa *ret)
{
	uint64_t numbers[5];

	if (!next_word(&text, &ret->primary) || !next_word(&text, &ret->mailbox))
		return false;
	for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
		if (!next_number(&text, UINT32_MAX, &numbers[i]))
			return false;
	ret->serial = (uint32_t)numbers[0];
	ret->refresh_s = (uint32_t)numbers[1];
	ret->retry_s = (uint32_t)numbers[2];
	ret->expire_s = (uint32_t)numbers[3];
	ret->minimum_s = (uint32_t)numbers[4];
	return view_trim(text).count == 0;
}

/* Flags, tag, value: `0 issue "ca.example"`. */
static long write_caa(struct view text, uint8_t *ret, size_t room)
{
	uint8_t value[STRING_MAX_BYTES + 1];
	uint64_t flags;
	struct view tag;
	long value_bytes;

	if (!next_number(&text, 0xff, &flags) || !next_word(&text, &tag) || tag.count > STRING_MAX_BYTES)
		return -EINVAL;
	text = view_trim(text);
	value_bytes = text.count ? write_string(&text, value, sizeof value) : -EINVAL;
	if (value_bytes < 0 || view_trim(text).count)
		return -EINVAL;
	value_bytes--; /* the value's length is the rest of the record, not a byte of its own */
	if (room < 2 + tag.count + (size_t)value_bytes)
		return -ENOBUFS;
	ret[0] = (uint8_t)flags;
	ret[1] = (uint8_t)tag.count;
	memcpy(ret + 2, tag.at, tag.count);
	memcpy(ret + 2 + tag.count, value + 1, (size_t)value_bytes);
	return 2 + (long)tag.count + value_bytes;
}

long rdata_from_text(uint16_t type, struct view text, uint8_t *ret, size_t room)
{
	struct dns_soa soa;
	long written;

	switch (type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
		written = dns_data_address(ret, room, view_trim(text));
		return written < 0 || written == (type == DNS_TYPE_A ? 4 : 16) ? written : -EINVAL;
	case DNS_TYPE_CNAME:
	case DNS_TYPE_NS:
	case DNS_TYPE_PTR:
		return dns_data_name(ret, room, view_trim(text));
	case DNS_TYPE_TXT:
	case TYPE_SPF:
		return write_strings(text, ret, room);
	case DNS_TYPE_MX:
		return write_numbers_and_name(text, 1, ret, room);
	case DNS_TYPE_SRV:
		return write_numbers_and_name(text, 3, ret, room);
	case DNS_TYPE_SOA:
		return parse_soa(text, &soa) ? dns_data_soa(ret, room, &soa) : -EINVAL;
	case TYPE_CAA:
		return write_caa(text, ret, room);
	}
	return -ENOTSUP;
}

uint32_t rdata_soa_minimum_s(struct view text)
{
	struct dns_soa soa;

	return parse_soa(text, &soa) ? soa.minimum_s : 0;
}
