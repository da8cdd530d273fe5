/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/wire/uri.h"

#include <errno.h>

#include <arpa/inet.h>

static const bool unreserved[256] = {
	['-' ... '.'] = true,
	['0' ... '9'] = true,
	['A' ... 'Z'] = true,
	['_'] = true,
	['a' ... 'z'] = true,
	['~'] = true,
};

bool uri_is_unreserved(unsigned char byte)
{
	return unreserved[byte];
}

static int hex_value(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
		return (byte | 0x20) - 'a' + 10;
	return -1;
}

long uri_decode(char *ret, struct view text, bool plus_is_blank, bool lenient)
{
	size_t count = 0;

	for (size_t i = 0; i < text.count; i++) {
		char byte = text.at[i];

		if (byte == '+' && plus_is_blank) {
			byte = ' ';
		} else if (byte == '%') {
			int high = i + 1 < text.count ? hex_value(text.at[i + 1]) : -1;
			int low = i + 2 < text.count ? hex_value(text.at[i + 2]) : -1;

			if (high >= 0 && low >= 0) {
				byte = (char)(high << 4 | low);
				i += 2;
			} else if (!lenient) {
				return -EINVAL;
			}
		}
		ret[count++] = byte;
	}
	return (long)count;
}

static const char digits[] = "0123456789ABCDEF";

size_t uri_encode(char *ret, struct view text, bool keep_slash)
{
	size_t count = 0;

	for (size_t i = 0; i < text.count; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		if (unreserved[byte] || (byte == '/' && keep_slash)) {
			ret[count++] = (char)byte;
		} else {
			ret[count++] = '%';
			ret[count++] = digits[byte >> 4];
			ret[count++] = digits[byte & 15];
		}
	}
	return count;
}

size_t uri_encode_unsafe(char *ret, struct view text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.count; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		if (byte > ' ' && byte < 0x7f && byte != '#') {
			ret[count++] = (char)byte;
		} else {
			ret[count++] = '%';
			ret[count++] = digits[byte >> 4];
			ret[count++] = digits[byte & 15];
		}
	}
	return count;
}

/* Take the part up to the next separator, which is taken too. */
static struct view take_part(struct uri_query *query)
{
	struct view part, rest = query->rest;
	size_t count = 0;

	if (!query->semicolons) {
		view_cut(rest, '&', &part, &query->rest);
		return part;
	}
	while (count < rest.count && rest.at[count] != '&' && rest.at[count] != ';')
		count++;
	query->rest = view_after(rest, count < rest.count ? count + 1 : count);
	return view_part(rest, 0, count);
}

bool uri_query_next(struct uri_query *query, struct view *ret_name, struct view *ret_value, bool *ret_has_value)
{
	while (query->rest.count) {
		struct view part = take_part(query);
		bool has_value;

		if (part.count == 0)
			continue;
		has_value = view_cut(part, '=', ret_name, ret_value);
		if (ret_has_value)
			*ret_has_value = has_value;
		return true;
	}
	return false;
}

/* Up to five digits, not 0; nothing means no port. */
static int parse_port(struct view text, uint16_t *ret)
{
	unsigned port = 0;

	if (text.count > 5)
		return -EINVAL;
	for (size_t i = 0; i < text.count; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return -EINVAL;
		port = port * 10 + (unsigned)(text.at[i] - '0');
	}
	if (port > 65535 || (text.count && port == 0))
		return -EINVAL;
	*ret = (uint16_t)port;
	return 0;
}

int uri_parse_host(struct view text, struct view *ret_host, uint16_t *ret_port)
{
	struct view host, port = { 0 };

	if (text.count && text.at[0] == '[') {
		char literal[INET6_ADDRSTRLEN];
		struct in6_addr address;
		size_t closing = view_find_byte(text, ']');

		if (closing == VIEW_NOWHERE || closing - 1 >= sizeof literal)
			return -EINVAL;
		host = view_part(text, 1, closing - 1);
		if (host.count)
			memcpy(literal, host.at, host.count);
		literal[host.count] = '\0';
		if (strlen(literal) != host.count || inet_pton(AF_INET6, literal, &address) != 1)
			return -EINVAL;
		port = view_after(text, closing + 1);
		if (port.count && port.at[0] != ':')
			return -EINVAL;
		port = view_after(port, 1);
	} else {
		view_cut(text, ':', &host, &port);
		if (host.count == 0 || host.count > 255)
			return -EINVAL;
		for (size_t i = 0; i < host.count; i++) {
			if (!unreserved[(unsigned char)host.at[i]])
				return -EINVAL;
		}
	}
	*ret_host = host;
	return parse_port(port, ret_port);
}

/* Visible ASCII without '#': what may follow the authority. */
static bool is_tail(struct view text)
{
	for (size_t i = 0; i < text.count; i++) {
		if ((unsigned char)text.at[i] <= 0x20 || (unsigned char)text.at[i] >= 0x7f || text.at[i] == '#')
			return false;
	}
	return true;
}

int uri_parse(struct uri *ret, struct view text)
{
	struct uri uri = { 0 };
	size_t colon = view_find(text, view_of("://"));
	struct view rest;
	size_t authority_bytes = 0;

	if (text.count > URI_MAX_BYTES)
		return -EMSGSIZE;
	if (colon == VIEW_NOWHERE || colon == 0)
		return -EINVAL;
	uri.scheme = view_part(text, 0, colon);
	uri.is_https = view_equals_ignore_case(uri.scheme, view_of("https"));
	if (!uri.is_https && !view_equals_ignore_case(uri.scheme, view_of("http")))
		return -EPROTONOSUPPORT;
	rest = view_after(text, colon + 3);
	while (authority_bytes < rest.count && rest.at[authority_bytes] != '/' && rest.at[authority_bytes] != '?')
		authority_bytes++;
	uri.authority = view_part(rest, 0, authority_bytes);
	if (uri_parse_host(uri.authority, &uri.host, &uri.port) < 0)
		return -EINVAL;
	uri.host_is_ipv6 = uri.authority.at[0] == '[';
	uri.has_port = uri.port != 0;
	if (!uri.has_port)
		uri.port = uri.is_https ? 443 : 80;
	rest = view_after(rest, authority_bytes);
	if (!is_tail(rest))
		return -EINVAL;
	uri.has_query = view_cut(rest, '?', &uri.path, &uri.query);
	if (uri.path.count == 0)
		uri.path = view_of("/");
	*ret = uri;
	return 0;
}
