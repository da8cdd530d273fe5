/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/launch/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static size_t family_bytes(uint16_t family)
{
	return family == AF_INET ? 4 : 16;
}

int address_parse(struct netns_address *ret, struct view text)
{
	struct netns_address address = { .family = AF_INET };
	char copy[INET6_ADDRSTRLEN];

	if (text.count == 0 || text.count >= sizeof copy || view_find_byte(text, '\0') != VIEW_NOWHERE)
		return -EINVAL;
	memcpy(copy, text.at, text.count);
	copy[text.count] = '\0';
	if (inet_pton(AF_INET, copy, address.bytes) != 1) {
		memset(address.bytes, 0, sizeof address.bytes);
		address.family = AF_INET6;
		if (inet_pton(AF_INET6, copy, address.bytes) != 1)
			return -EINVAL;
	}
	*ret = address;
	return 0;
}

int address_parse_port(struct netns_address *ret, struct view text)
{
	size_t colon = view_find_last_byte(text, ':');
	struct netns_address address;
	bool in_brackets;
	struct view host;
	uint64_t port;

	if (colon == VIEW_NOWHERE || view_parse_u64(view_after(text, colon + 1), 65535, &port) < 0 || port == 0)
		return -EINVAL;
	host = view_part(text, 0, colon);
	in_brackets = host.count >= 2 && host.at[0] == '[' && host.at[host.count - 1] == ']';
	if (in_brackets)
		host = view_part(host, 1, host.count - 2);
	if (address_parse(&address, host) < 0 || in_brackets != (address.family == AF_INET6))
		return -EINVAL;
	address.port = (uint16_t)port;
	*ret = address;
	return 0;
}

int address_parse_prefix(struct netns_prefix *ret, struct view text)
{
	struct netns_address address;
	struct view host, length;
	uint64_t bits;

	if (!view_cut(text, '/', &host, &length) || address_parse(&address, host) < 0 ||
		view_parse_u64(length, 8 * family_bytes(address.family), &bits) < 0)
		return -EINVAL;
	for (size_t i = (size_t)bits; i < 8 * family_bytes(address.family); i++) {
		if (address.bytes[i / 8] & 0x80 >> i % 8)
			return -EDOM;
	}
	*ret = (struct netns_prefix){ .family = address.family, .prefix_bits = (uint8_t)bits };
	memcpy(ret->bytes, address.bytes, sizeof ret->bytes);
	return 0;
}

int address_parse_range(struct netns_address *ret_first, struct netns_address *ret_last, struct view text)
{
	struct netns_address first, last;
	struct view left, right;

	if (!view_cut(text, '-', &left, &right) || address_parse(&first, view_trim(left)) < 0 ||
		address_parse(&last, view_trim(right)) < 0 || first.family != last.family ||
		address_compare(&first, &last) > 0)
		return -EINVAL;
	*ret_first = first;
	*ret_last = last;
	return 0;
}

bool address_is_in(const struct netns_address *address, const struct netns_prefix *prefix)
{
	if (address->family != prefix->family)
		return false;
	for (size_t i = 0; i < prefix->prefix_bits; i++) {
		if ((address->bytes[i / 8] ^ prefix->bytes[i / 8]) & 0x80 >> i % 8)
			return false;
	}
	return true;
}

bool address_is_loopback(const struct netns_address *address)
{
	static const uint8_t loopback_6[16] = { [15] = 1 };

	return address->family == AF_INET ? address->bytes[0] == 127 : memcmp(address->bytes, loopback_6, 16) == 0;
}

int address_compare(const struct netns_address *a, const struct netns_address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

size_t address_write(char *ret, const struct netns_address *address)
{
	if (!inet_ntop(address->family, address->bytes, ret, ADDRESS_TEXT_BYTES))
		ret[0] = '\0';
	return strlen(ret);
}

size_t address_write_port(char *ret, const struct netns_address *address)
{
	char host[ADDRESS_TEXT_BYTES];
	int count;

	address_write(host, address);
	count = snprintf(
		ret, ADDRESS_TEXT_BYTES, address->family == AF_INET6 ? "[%.45s]:%u" : "%.45s:%u", host, address->port);
	return count < 0 ? 0 : (size_t)count;
}

socklen_t address_to_socket(struct sockaddr_storage *ret, const struct netns_address *address)
{
	memset(ret, 0, sizeof *ret);
	if (address->family == AF_INET) {
		struct sockaddr_in *to = (struct sockaddr_in *)ret;

		to->sin_family = AF_INET;
		to->sin_port = htons(address->port);
		memcpy(&to->sin_addr, address->bytes, 4);
		return sizeof *to;
	} else {
		struct sockaddr_in6 *to = (struct sockaddr_in6 *)ret;

		to->sin6_family = AF_INET6;
		to->sin6_port = htons(address->port);
		memcpy(&to->sin6_addr, address->bytes, 16);
		return sizeof *to;
	}
}
