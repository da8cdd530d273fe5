/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/wire/tls_hello.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/view.h"
#include "appliance/wire/dns.h"

enum {
	RECORD_HEAD_BYTES = 5,
	RECORD_MAX_BYTES = 16384, /* RFC 8446 5.1 */
	HANDSHAKE = 22,
	CLIENT_HELLO = 1,
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_ALPN = 16,
	EXTENSION_SUPPORTED_VERSIONS = 43,
};

/* A cursor with a sticky error: reading past the end gives 0 and empty views from then on. */
struct cursor {
	const uint8_t *at;
	size_t count;
	bool bad;
};

static struct cursor take(struct cursor *from, size_t count)
{
	struct cursor part = { .at = from->at, .count = count };

	if (from->bad || from->count < count) {
		from->bad = true;
		return (struct cursor){ .bad = true };
	}
	from->at += count;
	from->count -= count;
	return part;
}

/* A number of `digits` bytes, most significant first. */
static unsigned take_number(struct cursor *from, size_t digits)
{
	struct cursor part = take(from, digits);
	unsigned number = 0;

	for (size_t i = 0; i < part.count; i++)
		number = number << 8 | part.at[i];
	return number;
}

/* A vector: its length in `digits` bytes, then as many bytes. */
static struct cursor take_vector(struct cursor *from, size_t digits)
{
	unsigned count = take_number(from, digits);

	return take(from, count);
}

/*
 * Put the fragments of the handshake records at `bytes` together until the hello is whole. Returns its body's size (behind
 * type and length), -EAGAIN, -EPROTO or -EMSGSIZE.
 */
static long gather(uint8_t *ret, const uint8_t *bytes, size_t count)
{
	size_t gathered = 0, wanted = 4;

	while (gathered < wanted) {
		size_t fragment, piece;

		/* Judge as much of the record's head as is there, so that garbage is refused at its first byte. */
		if ((count > 0 && bytes[0] != HANDSHAKE) || (count > 1 && bytes[1] != 3))
			return -EPROTO;
		if (count < RECORD_HEAD_BYTES)
			return -EAGAIN;
		fragment = (size_t)bytes[3] << 8 | bytes[4];
		if (fragment == 0 || fragment > RECORD_MAX_BYTES)
			return -EPROTO;
		piece = count - RECORD_HEAD_BYTES < fragment ? count - RECORD_HEAD_BYTES : fragment;
		if (piece > TLS_HELLO_MAX_BYTES - gathered)
			return -EMSGSIZE;
		memcpy(ret + gathered, bytes + RECORD_HEAD_BYTES, piece);
		gathered += piece;
		if (gathered && ret[0] != CLIENT_HELLO)
			return -EPROTO;
		if (gathered >= 4) {
			wanted = 4 + ((size_t)ret[1] << 16 | (size_t)ret[2] << 8 | ret[3]);
			if (wanted > TLS_HELLO_MAX_BYTES)
				return -EMSGSIZE;
		}
		if (gathered < wanted && piece < fragment)
			return -EAGAIN;
		bytes += RECORD_HEAD_BYTES + piece;
		count -= RECORD_HEAD_BYTES + piece;
	}
	return (long)wanted;
}

/* RFC 6066 3: at most one name of each type; ours is host_name (0). What is no DNS name counts as none. */
static bool read_server_name(struct tls_hello *ret, struct cursor extension)
{
	struct cursor list = take_vector(&extension, 2);
	bool found = false;

	while (list.count) {
		unsigned type = take_number(&list, 1);
		struct cursor name = take_vector(&list, 2);
		struct view text = view_from(name.at, name.count);

		if (list.bad || (type == 0 && found))
			return false;
		if (type != 0)
			continue;
		found = true;
		if (name.count <= TLS_HELLO_NAME_MAX_CHARS && dns_name_is_valid(text) &&
			view_find_byte(text, '*') == VIEW_NOWHERE)
			ret->server_name_chars = dns_name_normalise(ret->server_name, text);
	}
	return !extension.bad && extension.count == 0;
}

static bool read_protocols(struct tls_hello *ret, struct cursor extension)
{
	struct cursor list = take_vector(&extension, 2);

	ret->has_alpn = true;
	while (list.count) {
		struct cursor protocol = take_vector(&list, 1);
		struct view text = view_from(protocol.at, protocol.count);

		if (list.bad || protocol.count == 0)
			return false;
		ret->offers_http1 = ret->offers_http1 || view_equals(text, view_of("http/1.1"));
		ret->offers_http2 = ret->offers_http2 || view_equals(text, view_of("h2"));
	}
	return !extension.bad && extension.count == 0;
}

static bool read_versions(struct tls_hello *ret, struct cursor extension)
{
	struct cursor list = take_vector(&extension, 1);

	ret->offers_tls12 = false;
	while (list.count) {
		unsigned version = take_number(&list, 2);

		if (list.bad)
			return false;
		ret->offers_tls13 = ret->offers_tls13 || version == 0x0304;
		ret->offers_tls12 = ret->offers_tls12 || version == 0x0303;
	}
	return !extension.bad && extension.count == 0;
}

static bool read_extensions(struct tls_hello *ret, struct cursor list)
{
	bool seen[3] = { false };

	while (list.count) {
		unsigned type = take_number(&list, 2);
		struct cursor extension = take_vector(&list, 2);
		int index = type == EXTENSION_SERVER_NAME          ? 0
			    : type == EXTENSION_ALPN               ? 1
			    : type == EXTENSION_SUPPORTED_VERSIONS ? 2
								   : -1;
		bool fine = true;

		if (list.bad)
			return false;
		if (index < 0)
			continue;
		if (seen[index]) /* RFC 8446 4.2: no extension twice */
			return false;
		seen[index] = true;
		if (index == 0)
			fine = read_server_name(ret, extension);
		else if (index == 1)
			fine = read_protocols(ret, extension);
		else
			fine = read_versions(ret, extension);
		if (!fine)
			return false;
	}
	return !list.bad;
}

int tls_hello_parse(struct tls_hello *ret, const void *bytes, size_t count)
{
	uint8_t hello[TLS_HELLO_MAX_BYTES];
	long hello_bytes = gather(hello, bytes, count);
	struct cursor body, extensions;

	memset(ret, 0, sizeof *ret);
	if (hello_bytes < 0)
		return (int)hello_bytes;
	body = (struct cursor){ .at = hello + 4, .count = (size_t)hello_bytes - 4 };
	ret->legacy_version = (uint16_t)take_number(&body, 2);
	ret->offers_tls12 = ret->legacy_version >= 0x0303;
	take(&body, 32);       /* random */
	take_vector(&body, 1); /* session id */
	take_vector(&body, 2); /* cipher suites */
	take_vector(&body, 1); /* compression methods */
	if (body.bad || ret->legacy_version >> 8 != 3)
		return -EPROTO;
	if (body.count == 0)
		return 0;
	extensions = take_vector(&body, 2);
	if (body.bad || body.count || !read_extensions(ret, extensions))
		return -EPROTO;
	return 0;
}
