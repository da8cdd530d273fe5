/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/validate/schema_format.h"

#include <arpa/inet.h>
#include <string.h>

#include "appliance/validate/ecma_pattern.h"

struct schema_format {
	struct view name;
	bool (*check)(struct view text);
	const char *before, *behind; /* the text, in quotes, stands between */
	size_t digit_count;          /* formats of hexadecimal digits */
};

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_hex(char byte)
{
	return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

/* --- date-time ---------------------------------------------------------------------------------------------------------------- */

static bool take_number(struct view *text, size_t digits, unsigned least, unsigned most, unsigned *ret)
{
	unsigned number = 0;

	if (text->count < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (!is_digit(text->at[i]))
			return false;
		number = number * 10 + (unsigned)(text->at[i] - '0');
	}
	*text = view_after(*text, digits);
	*ret = number;
	return number >= least && number <= most;
}

static bool take_byte(struct view *text, char byte)
{
	if (text->count == 0 || view_lower_byte(text->at[0]) != view_lower_byte(byte))
		return false;
	*text = view_after(*text, 1);
	return true;
}

static bool take_date(struct view *text)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned year, month, day, leap;

	if (!take_number(text, 4, 0, 9999, &year) || !take_byte(text, '-') || !take_number(text, 2, 1, 12, &month) ||
		!take_byte(text, '-') || !take_number(text, 2, 1, 31, &day))
		return false;
	leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return day <= days[month - 1] + leap;
}

static bool take_fraction(struct view *text)
{
	size_t count = 0;

	while (count < text->count && is_digit(text->at[count]))
		count++;
	*text = view_after(*text, count);
	return count >= 1 && count <= 12;
}

/* Source: RFC 3339, 5.6, whatever the case of its letters; the colon of an offset may be missing. */
static bool check_date_time(struct view text)
{
	unsigned unused;

	if (!take_date(&text) || !take_byte(&text, 'T') || !take_number(&text, 2, 0, 23, &unused) ||
		!take_byte(&text, ':') || !take_number(&text, 2, 0, 59, &unused) || !take_byte(&text, ':') ||
		!take_number(&text, 2, 0, 59, &unused))
		return false;
	if (take_byte(&text, '.') && !take_fraction(&text))
		return false;
	if (take_byte(&text, 'Z'))
		return text.count == 0;
	if (!take_byte(&text, '+') && !take_byte(&text, '-'))
		return false;
	if (!take_number(&text, 2, 0, 23, &unused))
		return false;
	take_byte(&text, ':');
	return take_number(&text, 2, 0, 59, &unused) && text.count == 0;
}

/* --- names and addresses ---------------------------------------------------------------------------------------------------------- */

/* Labels of letters, digits, '-' and '_', the latter two only inside; what is no ASCII is not looked at. */
static bool check_hostname(struct view text)
{
	struct view rest, label = { 0 };
	size_t count = 0;

	if (view_ends_with(text, view_of(".")))
		text.count--;
	if (text.count == 0 || text.count > 253)
		return false;
	rest = text;
	while (view_split(&rest, '.', &label)) {
		if (label.count == 0 || label.count > 63 || ++count > 127)
			return false;
		for (size_t i = 0; i < label.count; i++) {
			char byte = label.at[i];
			bool inside = i > 0 && i < label.count - 1;

			if (!is_letter(byte) && !is_digit(byte) && !(byte & 0x80) &&
				!((byte == '-' || byte == '_') && inside))
				return false;
		}
	}
	return !is_digit(label.at[0]);
}

static bool is_address(int family, struct view text)
{
	char name[INET6_ADDRSTRLEN + 1];
	unsigned char address[16];

	if (text.count >= sizeof name || view_find_byte(text, '\0') != VIEW_NOWHERE)
		return false;
	memcpy(name, text.count ? text.at : "", text.count);
	name[text.count] = '\0';
	return inet_pton(family, name, address) == 1;
}

static bool check_ipv4(struct view text)
{
	return is_address(AF_INET, text);
}

static bool check_ipv6(struct view text)
{
	return is_address(AF_INET6, text);
}

/* Words between dots, or one in quotes. */
static bool is_local_part(struct view text)
{
	if (text.count >= 2 && text.at[0] == '"' && text.at[text.count - 1] == '"') {
		for (size_t i = 1; i < text.count - 1; i++) {
			if (text.at[i] == '\\' && i + 1 < text.count - 1)
				i++;
			else if (text.at[i] == '"' || text.at[i] == '\\' || text.at[i] == '\r' || text.at[i] == '\n')
				return false;
		}
		return true;
	}
	for (size_t i = 0; i < text.count; i++) {
		char byte = text.at[i];

		if (byte <= ' ' || byte == 0x7f || strchr("()<>,;:\\\"[]@", byte))
			return false;
		if (byte == '.' && (i == 0 || i == text.count - 1 || text.at[i - 1] == '.'))
			return false;
	}
	return text.count > 0;
}

static bool check_email(struct view text)
{
	size_t at = view_find_last_byte(text, '@');
	struct view domain, rest, label;

	if (at == VIEW_NOWHERE || !is_local_part(view_part(text, 0, at)))
		return false;
	domain = view_after(text, at + 1);
	if (domain.count > 2 && domain.at[0] == '[' && domain.at[domain.count - 1] == ']')
		return view_find_byte(domain, ' ') == VIEW_NOWHERE;
	rest = domain;
	if (domain.count == 0)
		return false;
	while (view_split(&rest, '.', &label)) {
		if (label.count == 0)
			return false;
		for (size_t i = 0; i < label.count; i++) {
			if (!is_letter(label.at[i]) && !is_digit(label.at[i]) && label.at[i] != '-')
				return false;
		}
	}
	return true;
}

/* --- uri -------------------------------------------------------------------------------------------------------------------------- */

/* A scheme, if a colon stands before every slash, question mark and hash; behind it there must be something. */
static bool is_scheme_good(struct view text)
{
	size_t colon = 0;

	while (colon < text.count && !strchr(":/?#", text.at[colon]))
		colon++;
	if (colon == text.count || text.at[colon] != ':')
		return true;
	if (colon == 0 || !is_letter(text.at[0]) || colon + 1 == text.count || text.at[colon + 1] == '#')
		return false;
	for (size_t i = 0; i < colon; i++) {
		if (!is_letter(text.at[i]) && !is_digit(text.at[i]) && !strchr("+-.", text.at[i]))
			return false;
	}
	return true;
}

/* Source: java.net.URI: RFC 2396 with brackets of RFC 2732, and characters beyond ASCII; it need not be absolute. */
static bool check_uri(struct view text)
{
	bool in_fragment = false;

	if (view_find_byte(text, '\0') != VIEW_NOWHERE || !is_scheme_good(text))
		return false;
	for (size_t i = 0; i < text.count; i++) {
		char byte = text.at[i];

		if (byte == '%') {
			if (text.count - i < 3 || !is_hex(text.at[i + 1]) || !is_hex(text.at[i + 2]))
				return false;
		} else if (byte == '#') {
			if (in_fragment)
				return false;
			in_fragment = true;
		} else if (!(byte & 0x80) && (byte <= ' ' || byte == 0x7f || strchr("\"<>\\^`{|}", byte))) {
			return false;
		}
	}
	return true;
}

/* --- the rest --------------------------------------------------------------------------------------------------------------------- */

static bool check_regex(struct view text)
{
	return ecma_pattern_translate(text, NULL) == 0;
}

/* Five hexadecimal numbers, whatever their length. Source: java.util.UUID.fromString(). */
static bool check_uuid(struct view text)
{
	struct view rest = text, part;
	size_t count = 0;

	if (text.count == 0 || text.count > 36)
		return false;
	while (view_split(&rest, '-', &part)) {
		count++;
		for (size_t i = 0; i < part.count; i++) {
			if (!is_hex(part.at[i]))
				return false;
		}
		if (part.count == 0)
			return false;
	}
	return count == 5;
}

static bool is_base64_byte(char byte)
{
	return is_letter(byte) || is_digit(byte) || byte == '+' || byte == '/';
}

static bool check_base64(struct view text)
{
	if (text.count % 4 != 0)
		return false;
	for (size_t i = 0; i < 2 && view_ends_with(text, view_of("=")); i++)
		text.count--;
	for (size_t i = 0; i < text.count; i++) {
		if (!is_base64_byte(text.at[i]))
			return false;
	}
	return true;
}

static bool check_json_pointer(struct view text)
{
	if (text.count > 0 && text.at[0] != '/')
		return false;
	for (size_t i = 0; i < text.count; i++) {
		if (text.at[i] == '~' && (i + 1 == text.count || (text.at[i + 1] != '0' && text.at[i + 1] != '1')))
			return false;
	}
	return true;
}

static bool check_mac(struct view text)
{
	for (size_t i = 0; i < text.count; i++) {
		if (i % 3 == 2 ? text.at[i] != ':' : !is_letter(text.at[i]) && !is_digit(text.at[i]))
			return false;
	}
	return text.count == 17;
}

static bool are_hex(struct view text)
{
	for (size_t i = 0; i < text.count; i++) {
		if (!is_hex(text.at[i]))
			return false;
	}
	return true;
}

#define DATE_TIME_BEHIND                                                                                               \
	" is invalid against requested date format(s) [yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,12}Z]"

static const struct schema_format formats[] = {
	{ VIEW_INIT("date-time"), check_date_time, "string ", DATE_TIME_BEHIND, 0 },
	{ VIEW_INIT("email"), check_email, "string ", " is not a valid email address", 0 },
	{ VIEW_INIT("hostname"), check_hostname, "string ", " is not a valid hostname", 0 },
	{ VIEW_INIT("ipv4"), check_ipv4, "string ", " is not a valid IPv4 address", 0 },
	{ VIEW_INIT("ipv6"), check_ipv6, "string ", " is not a valid IPv6 address", 0 },
	{ VIEW_INIT("uri"), check_uri, "string ", " is not a valid URI", 0 },
	{ VIEW_INIT("regex"), check_regex, "string ", " is not a valid ECMA 262 regular expression", 0 },
	{ VIEW_INIT("uuid"), check_uuid, "input string ", " is not a valid UUID", 0 },
	{ VIEW_INIT("json-pointer"), check_json_pointer, "input string ", " is not a valid JSON Pointer", 0 },
	{ VIEW_INIT("mac"), check_mac, "input string ", " is not a valid MAC address", 0 },
	{ VIEW_INIT("base64"), check_base64, NULL, NULL, 0 },
	{ VIEW_INIT("md5"), are_hex, NULL, NULL, 32 },
	{ VIEW_INIT("sha1"), are_hex, NULL, NULL, 40 },
	{ VIEW_INIT("sha256"), are_hex, NULL, NULL, 64 },
	{ VIEW_INIT("sha512"), are_hex, NULL, NULL, 128 },
};

const struct schema_format *schema_format_find(struct view name)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		if (view_equals(formats[i].name, name))
			return &formats[i];
	}
	return NULL;
}

bool schema_format_check(const struct schema_format *format, struct view text)
{
	return (format->digit_count == 0 || text.count == format->digit_count) && format->check(text);
}

void schema_format_explain(const struct schema_format *format, struct view text, struct buffer *ret)
{
	size_t length = view_character_count(text);

	if (format->before) {
		buffer_append_text(ret, format->before);
		buffer_append_byte(ret, '"');
		buffer_append(ret, text);
		buffer_append_byte(ret, '"');
		buffer_append_text(ret, format->behind);
	} else if (format->digit_count && length != format->digit_count) {
		buffer_printf(ret, "input string has bad length (%zu, expected %zu)", length, format->digit_count);
	} else if (format->digit_count) {
		buffer_append_text(ret, "input string has illegal characters");
	} else if (length % 4 != 0) {
		buffer_printf(ret, "input has illegal length (must be a multiple of 4, found %zu)", length);
	} else {
		buffer_append_text(ret, "input is not a valid Base64 string: illegal characters");
	}
}
