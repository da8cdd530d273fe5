/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/wire/http1.h"

#include "appliance/wire/http1_bytes.h"

/* What the next byte is part of. Every state names what it waits for. */
enum {
	CHUNK_SIZE,          /* hex digits */
	CHUNK_SIZE_BLANK,    /* blanks between size and ';' or CR ("bad whitespace" of RFC 9112 7.1.1) */
	CHUNK_EXTENSION,     /* behind ';' up to CR */
	CHUNK_SIZE_LF,       /* LF of the size line */
	CHUNK_DATA,          /* left_bytes of data */
	CHUNK_DATA_CR,       /* CR behind data */
	CHUNK_DATA_LF,       /* LF behind data */
	CHUNK_TRAILER_START, /* first byte of a trailer line, or CR of the final empty line */
	CHUNK_TRAILER_NAME,  /* token up to ':' */
	CHUNK_TRAILER_VALUE, /* up to CR */
	CHUNK_TRAILER_LF,    /* LF of a trailer line */
	CHUNK_LAST_LF,       /* LF of the final empty line */
	CHUNK_DONE,
};

/* Sizes up to 2^60 - 1: no sum of ours overflows, no real body is refused. */
#define CHUNK_SIZE_DIGITS_MAX 15

void http1_chunked_init(struct http1_chunked *chunked)
{
	*chunked = (struct http1_chunked){ .state = CHUNK_SIZE };
}

static int hex_value(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
		return (byte | 0x20) - 'a' + 10;
	return -1;
}

static bool size_byte(struct http1_chunked *chunked, char byte)
{
	int digit = hex_value(byte);

	if (digit >= 0) {
		chunked->left_bytes = chunked->left_bytes << 4 | (uint64_t)digit;
		return ++chunked->size_digits <= CHUNK_SIZE_DIGITS_MAX;
	}
	if (chunked->size_digits == 0)
		return false;
	if (byte == '\r')
		chunked->state = CHUNK_SIZE_LF;
	else if (byte == ';')
		chunked->state = CHUNK_EXTENSION;
	else if (byte == ' ' || byte == '\t')
		chunked->state = CHUNK_SIZE_BLANK;
	else
		return false;
	return true;
}

/* Blanks and extensions: counted together over the whole body. */
static bool extension_byte(struct http1_chunked *chunked, char byte)
{
	if (++chunked->extension_bytes > HTTP1_CHUNK_EXTENSIONS_MAX_BYTES)
		return false;
	if (chunked->state == CHUNK_SIZE_BLANK) {
		if (byte == ';')
			chunked->state = CHUNK_EXTENSION;
		return byte == ';' || byte == ' ' || byte == '\t';
	}
	if (byte == '\r') {
		chunked->state = CHUNK_SIZE_LF;
		return true;
	}
	return byte == '\t' || ((unsigned char)byte >= 0x20 && byte != 0x7f);
}

static bool trailer_byte(struct http1_chunked *chunked, char byte)
{
	if (++chunked->trailer_bytes > HTTP1_TRAILERS_MAX_BYTES)
		return false;
	switch (chunked->state) {
	case CHUNK_TRAILER_START:
		if (byte == '\r') {
			chunked->state = CHUNK_LAST_LF;
			return true;
		}
		chunked->state = CHUNK_TRAILER_NAME;
		return http1_byte_classes[(unsigned char)byte] & HTTP1_BYTE_TOKEN;
	case CHUNK_TRAILER_NAME:
		if (byte == ':')
			chunked->state = CHUNK_TRAILER_VALUE;
		return byte == ':' || (http1_byte_classes[(unsigned char)byte] & HTTP1_BYTE_TOKEN);
	case CHUNK_TRAILER_VALUE:
		if (byte == '\r')
			chunked->state = CHUNK_TRAILER_LF;
		return byte == '\r' || byte == '\t' || ((unsigned char)byte >= 0x20 && byte != 0x7f);
	default: /* CHUNK_TRAILER_LF */
		chunked->state = CHUNK_TRAILER_START;
		return byte == '\n';
	}
}

/* One byte that is no data. HTTP1_RULE_NONE if it is fine. */
static enum http1_rule framing_byte(struct http1_chunked *chunked, char byte)
{
	switch (chunked->state) {
	case CHUNK_SIZE:
		return size_byte(chunked, byte) ? HTTP1_RULE_NONE : HTTP1_RULE_CHUNK_SIZE;
	case CHUNK_SIZE_BLANK:
	case CHUNK_EXTENSION:
		return extension_byte(chunked, byte) ? HTTP1_RULE_NONE : HTTP1_RULE_CHUNK_EXTENSION;
	case CHUNK_SIZE_LF:
		chunked->state = chunked->left_bytes ? CHUNK_DATA : CHUNK_TRAILER_START;
		return byte == '\n' ? HTTP1_RULE_NONE : HTTP1_RULE_CHUNK_SIZE;
	case CHUNK_DATA_CR:
		chunked->state = CHUNK_DATA_LF;
		return byte == '\r' ? HTTP1_RULE_NONE : HTTP1_RULE_CHUNK_END;
	case CHUNK_DATA_LF:
		chunked->state = CHUNK_SIZE;
		chunked->size_digits = 0;
		return byte == '\n' ? HTTP1_RULE_NONE : HTTP1_RULE_CHUNK_END;
	case CHUNK_LAST_LF:
		chunked->state = CHUNK_DONE;
		return byte == '\n' ? HTTP1_RULE_NONE : HTTP1_RULE_TRAILER;
	default:
		return trailer_byte(chunked, byte) ? HTTP1_RULE_NONE : HTTP1_RULE_TRAILER;
	}
}

enum http1_result http1_chunked_next(
	struct http1_chunked *chunked, const char *bytes, size_t count, size_t *ret_consumed, struct view *ret_data)
{
	size_t i = 0;

	*ret_data = view_from(NULL, 0);
	*ret_consumed = 0;
	if (chunked->rule != HTTP1_RULE_NONE)
		return HTTP1_REFUSED;
	while (chunked->state != CHUNK_DONE && i < count) {
		if (chunked->state == CHUNK_DATA) {
			size_t piece = count - i < chunked->left_bytes ? count - i : (size_t)chunked->left_bytes;

			*ret_data = view_from(bytes + i, piece);
			*ret_consumed = i + piece;
			chunked->left_bytes -= piece;
			if (chunked->left_bytes == 0)
				chunked->state = CHUNK_DATA_CR;
			return HTTP1_OK;
		}
		chunked->rule = framing_byte(chunked, bytes[i++]);
		if (chunked->rule != HTTP1_RULE_NONE)
			return HTTP1_REFUSED;
	}
	*ret_consumed = i;
	return chunked->state == CHUNK_DONE ? HTTP1_END : HTTP1_NEED_MORE;
}

size_t http1_chunk_start(char ret[HTTP1_CHUNK_START_MAX_BYTES], uint64_t data_bytes)
{
	size_t digits = data_bytes ? (size_t)(67 - __builtin_clzll(data_bytes)) / 4 : 1;

	for (size_t i = 0; i < digits; i++)
		ret[i] = "0123456789abcdef"[data_bytes >> 4 * (digits - 1 - i) & 15];
	ret[digits] = '\r';
	ret[digits + 1] = '\n';
	return digits + 2;
}
