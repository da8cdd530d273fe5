/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/outbound/destination.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define V4_MAPPED                                                                                                      \
	{                                                                                                              \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff                                                               \
	}

/* What no back end has, in the common 128-bit form. Order plays no part: any hit refuses. */
static const struct destination_prefix refused_by_default[] = {
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0 }, 96 + 8 },         /* 0.0.0.0/8 */
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127 }, 96 + 8 },       /* 127.0.0.0/8 */
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 169, 254 }, 96 + 16 }, /* 169.254.0.0/16 */
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 224 }, 96 + 4 },       /* 224.0.0.0/4 */
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 240 }, 96 + 4 },       /* 240.0.0.0/4, broadcast included */
	{ { 0 }, 128 },                                                      /* :: */
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 128 },         /* ::1 */
	{ { 0xfe, 0x80 }, 10 },                                              /* fe80::/10 */
	{ { 0xff }, 8 },                                                     /* ff00::/8 */
	{ { 0xfd, 0x00, 0x0e, 0xc2 }, 32 },                                  /* fd00:ec2::/32 */
};

static bool is_inside(const struct destination_prefix *prefix, const uint8_t address[16])
{
	size_t whole = prefix->bits / 8u;
	unsigned int rest = prefix->bits % 8u;

	if (memcmp(prefix->address, address, whole) != 0)
		return false;
	return rest == 0 || ((prefix->address[whole] ^ address[whole]) >> (8u - rest)) == 0;
}

static bool any_inside(const struct destination_prefix *prefixes, size_t count, const uint8_t address[16])
{
	for (size_t i = 0; i < count; i++)
		if (is_inside(&prefixes[i], address))
			return true;
	return false;
}

/* An address out of the ranges that only carry an IPv4 address becomes ::ffff:a.b.c.d. */
static void unwrap_ipv4(uint8_t address[16])
{
	static const uint8_t mapped[12] = V4_MAPPED;
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	static const uint8_t compatible[12] = { 0 };
	uint8_t ipv4[4];

	if (address[0] == 0x20 && address[1] == 0x02)
		memcpy(ipv4, address + 2, 4); /* 6to4: 2002:a.b.c.d::/48 */
	else if (memcmp(address, nat64, 12) == 0)
		memcpy(ipv4, address + 12, 4);
	else if (memcmp(address, compatible, 12) == 0 && (address[12] | address[13]) != 0)
		memcpy(ipv4, address + 12, 4); /* not :: and ::1, which stay themselves */
	else
		return;
	memcpy(address, mapped, 12);
	memcpy(address + 12, ipv4, 4);
}

int destination_parse_prefix(struct destination_prefix *ret, const char *text)
{
	static const uint8_t mapped[12] = V4_MAPPED;
	struct destination_prefix prefix = { .bits = 128 };
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchrnul(text, '/');
	size_t address_bytes = (size_t)(slash - text);
	unsigned int most = 128, offset = 0;

	if (address_bytes >= sizeof address)
		return -EINVAL;
	memcpy(address, text, address_bytes);
	address[address_bytes] = '\0';
	if (inet_pton(AF_INET, address, prefix.address + 12) == 1) {
		memcpy(prefix.address, mapped, 12);
		most = 32;
		offset = 96;
	} else if (inet_pton(AF_INET6, address, prefix.address) != 1) {
		return -EINVAL;
	}
	if (*slash != '\0') {
		char *end;
		unsigned long bits = strtoul(slash + 1, &end, 10);

		if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || bits > most)
			return -EINVAL;
		prefix.bits = (uint8_t)(bits + offset);
	}
	for (unsigned int bit = prefix.bits; bit < 128; bit++)
		if (prefix.address[bit / 8] & (0x80u >> (bit % 8)))
			return -EINVAL;
	*ret = prefix;
	return 0;
}

int destination_allow(struct destination_rules *rules, const char *text)
{
	if (rules->allowed_count == DESTINATION_PREFIXES_MAX)
		return -ENOSPC;
	int r = destination_parse_prefix(&rules->allowed[rules->allowed_count], text);

	if (r == 0)
		rules->allowed_count++;
	return r;
}

int destination_refuse_management(struct destination_rules *rules, const char *text, uint16_t port)
{
	struct destination_prefix prefix;
	int r = destination_parse_prefix(&prefix, text);

	if (r < 0)
		return r;
	if (prefix.bits != 128)
		return -EINVAL;
	if (rules->management_count == DESTINATION_PREFIXES_MAX)
		return -ENOSPC;
	rules->management_ports[rules->management_count] = port;
	rules->management[rules->management_count++] = prefix;
	return 0;
}

/* Is management at this address, at this port or at any (0)? */
static bool is_management(const struct destination_rules *rules, const uint8_t address[16], uint16_t port)
{
	for (size_t i = 0; i < rules->management_count; i++)
		if (is_inside(&rules->management[i], address) && (port == 0 || rules->management_ports[i] == port))
			return true;
	return false;
}

/* The address in the common 128-bit form, and its port; false for a family that is neither. */
static bool read_address(const struct sockaddr *address, uint8_t bytes[16], uint16_t *ret_port)
{
	static const uint8_t mapped[12] = V4_MAPPED;

	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof in);
		memcpy(bytes, mapped, 12);
		memcpy(bytes + 12, &in.sin_addr, 4);
		*ret_port = ntohs(in.sin_port);
		return true;
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof in6);
		memcpy(bytes, &in6.sin6_addr, 16);
		unwrap_ipv4(bytes);
		*ret_port = ntohs(in6.sin6_port);
		return true;
	}
	return false;
}

bool destination_is_own_host(const struct sockaddr *address)
{
	static const struct destination_prefix own[] = {
		{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0 }, 96 + 8 },
		{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127 }, 96 + 8 },
		{ { 0 }, 128 },
		{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 128 },
	};
	uint8_t bytes[16];
	uint16_t port;

	return read_address(address, bytes, &port) && any_inside(own, sizeof own / sizeof *own, bytes);
}

bool destination_is_allowed(const struct destination_rules *rules, const struct sockaddr *address)
{
	uint8_t bytes[16];
	uint16_t port;

	if (!read_address(address, bytes, &port))
		return false;
	if (any_inside(rules->allowed, rules->allowed_count, bytes))
		return !is_management(rules, bytes, port);
	return !is_management(rules, bytes, 0) &&
	       !any_inside(refused_by_default, sizeof refused_by_default / sizeof *refused_by_default, bytes);
}
