/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/mapping/utility.h"

#include <errno.h>

#include "appliance/base/json_value.h"
#include "appliance/mapping/method_parts.h"

/* Texts in the way of $util's functions: from `text` to `out`. */
typedef int transform(struct template_run *run, struct view text, struct buffer *out);

static const char hex_digits[] = "0123456789ABCDEF";

static int hex_value(char byte)
{
	byte = view_lower_byte(byte);
	return byte >= '0' && byte <= '9' ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* --- escapeJavaScript ----------------------------------------------------------------------------------------------- */

static void append_unit(struct buffer *out, uint32_t unit)
{
	buffer_append_text(out, "\\u");
	for (int shift = 12; shift >= 0; shift -= 4)
		buffer_append_byte(out, hex_digits[unit >> shift & 15]);
}

/* As commons-lang 2.6: also the slash and the single quote. */
static int escape_java_script(struct template_run *run, struct view text, struct buffer *out)
{
	static const char escapes[32] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't' };

	(void)run;
	while (text.count) {
		unsigned char byte = (unsigned char)text.at[0];
		uint32_t point = 0xfffd;
		size_t count = 1;

		if (byte < 0x20 && escapes[byte]) {
			buffer_append_byte(out, '\\');
			buffer_append_byte(out, escapes[byte]);
		} else if (byte < 0x20 || byte >= 0x80) {
			count = byte < 0x20 ? 1 : view_utf8_character(text, &point);
			if (byte < 0x20)
				point = byte;
			if (point >= 0x10000)
				append_unit(out, 0xd800 + ((point - 0x10000) >> 10));
			append_unit(out, point >= 0x10000 ? 0xdc00 + (point & 0x3ff) : point);
		} else {
			if (byte == '"' || byte == '\'' || byte == '\\' || byte == '/')
				buffer_append_byte(out, '\\');
			buffer_append_byte(out, (char)byte);
		}
		text = view_after(text, count ? count : 1);
	}
	return 0;
}

/* --- urlEncode, urlDecode ------------------------------------------------------------------------------------------- */

static bool is_kept(char byte)
{
	char lower = view_lower_byte(byte);

	return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' ||
	       byte == '*' || byte == '_';
}

static int url_encode(struct template_run *run, struct view text, struct buffer *out)
{
	(void)run;
	for (size_t i = 0; i < text.count; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		if (is_kept((char)byte)) {
			buffer_append_byte(out, (char)byte);
		} else if (byte == ' ') {
			buffer_append_byte(out, '+');
		} else {
			buffer_append_byte(out, '%');
			buffer_append_byte(out, hex_digits[byte >> 4]);
			buffer_append_byte(out, hex_digits[byte & 15]);
		}
	}
	return 0;
}

/* Append bytes that may not be UTF-8: what is not becomes U+FFFD, as in Java's decoders. */
static void append_decoded(struct buffer *out, struct view bytes)
{
	while (bytes.count) {
		size_t count = view_utf8_character(bytes, NULL);

		if (count)
			buffer_append(out, view_part(bytes, 0, count));
		else
			buffer_append_utf8(out, 0xfffd);
		bytes = view_after(bytes, count ? count : 1);
	}
}

static int url_decode(struct template_run *run, struct view text, struct buffer *out)
{
	struct buffer bytes;

	method_text_start(run, &bytes);
	for (size_t i = 0; i < text.count; i++) {
		if (text.at[i] == '+') {
			buffer_append_byte(&bytes, ' ');
		} else if (text.at[i] != '%') {
			buffer_append_byte(&bytes, text.at[i]);
		} else {
			int high = i + 2 < text.count ? hex_value(text.at[i + 1]) : -1;
			int low = high >= 0 ? hex_value(text.at[i + 2]) : -1;

			if (low < 0)
				return template_fail(run, "urlDecode: a '%%' without two digits");
			buffer_append_byte(&bytes, (char)(high << 4 | low));
			i += 2;
		}
	}
	append_decoded(out, buffer_view(&bytes));
	return buffer_error(&bytes) == -ENOMEM ? template_no_memory(run) : 0;
}

/* --- base64Encode, base64Decode ------------------------------------------------------------------------------------- */

static const char base64_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int base64_encode(struct template_run *run, struct view text, struct buffer *out)
{
	(void)run;
	for (size_t i = 0; i < text.count; i += 3) {
		uint32_t group = 0;
		size_t count = text.count - i < 3 ? text.count - i : 3;

		for (size_t byte = 0; byte < 3; byte++)
			group = group << 8 | (byte < count ? (unsigned char)text.at[i + byte] : 0);
		for (size_t letter = 0; letter < 4; letter++)
			buffer_append_byte(
				out, letter <= count ? base64_letters[group >> (18 - 6 * letter) & 63] : '=');
	}
	return 0;
}

static int base64_value(char byte)
{
	if (byte == '-')
		return 62;
	if (byte == '_')
		return 63;
	for (int i = 0; i < 64; i++) {
		if (base64_letters[i] == byte)
			return i;
	}
	return -1;
}

/* As commons-codec: what is no letter is passed over, both alphabets are read, '=' ends it. */
static int base64_decode(struct template_run *run, struct view text, struct buffer *out)
{
	struct buffer bytes;
	uint32_t group = 0;
	size_t letters = 0;

	method_text_start(run, &bytes);
	for (size_t i = 0; i < text.count && text.at[i] != '='; i++) {
		int value = base64_value(text.at[i]);

		if (value < 0)
			continue;
		group = group << 6 | (uint32_t)value;
		if (++letters % 4 == 0) {
			buffer_append_byte(&bytes, (char)(group >> 16 & 255));
			buffer_append_byte(&bytes, (char)(group >> 8 & 255));
			buffer_append_byte(&bytes, (char)(group & 255));
		}
	}
	if (letters % 4 == 2) {
		buffer_append_byte(&bytes, (char)(group >> 4 & 255));
	} else if (letters % 4 == 3) {
		buffer_append_byte(&bytes, (char)(group >> 10 & 255));
		buffer_append_byte(&bytes, (char)(group >> 2 & 255));
	}
	append_decoded(out, buffer_view(&bytes));
	return buffer_error(&bytes) == -ENOMEM ? template_no_memory(run) : 0;
}

/* --- parseJson ------------------------------------------------------------------------------------------------------ */

/* A text that is no JSON object, list or text stays a text, as a body does. */
static int parse_json(struct template_run *run, struct view text, struct value *ret)
{
	struct view start = view_trim_set(text, " \t\r\n");
	struct json_value *document = ARENA_NEW(run->arena, struct json_value);
	int result = method_work(run, text.count);

	if (result)
		return result;
	if (!document)
		return template_no_memory(run);
	if (start.count == 0)
		return 0;
	result = json_value_parse(run->arena, text, NULL, document, NULL);
	if (result == -ENOMEM)
		return template_no_memory(run);
	if (result && start.at[0] != '{' && start.at[0] != '[' && start.at[0] != '"')
		*ret = value_text(text);
	else if (result)
		return template_fail(run, "parseJson: the text is not JSON");
	else
		*ret = value_of_json(document);
	return 0;
}

/* --- The object ----------------------------------------------------------------------------------------------------- */

static int call_method(
	struct template_run *run, struct value_object *self, const struct value_call *call, struct value *ret)
{
	transform *function = NULL;
	struct buffer out;
	struct view text;
	int result;

	(void)self;
	if (call->count != 1)
		return 0;
	switch (call->method) {
	case METHOD_ESCAPE_JAVA_SCRIPT:
		function = escape_java_script;
		break;
	case METHOD_URL_ENCODE:
		function = url_encode;
		break;
	case METHOD_URL_DECODE:
		function = url_decode;
		break;
	case METHOD_BASE64_ENCODE:
		function = base64_encode;
		break;
	case METHOD_BASE64_DECODE:
		function = base64_decode;
		break;
	case METHOD_PARSE_JSON:
		break;
	default:
		return 0;
	}
	result = value_to_text(run, call->arguments[0], false, &text);
	if (result)
		return result;
	if (!function)
		return parse_json(run, text, ret);
	result = method_work(run, 4 * text.count);
	if (result)
		return result;
	method_text_start(run, &out);
	result = function(run, text, &out);
	return result ? result : method_text_finish(run, &out, ret);
}

static const struct value_class utility_class = { .name = "util", .call = call_method };

struct value utility_value(void)
{
	static struct value_object object = { .class = &utility_class };

	return value_object(&object);
}
