/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The setting `networks`: rows of the table of subnets, as posternd's fixed records. */
#include <errno.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/launch/address.h"
#include "appliance/launch/settings_reader.h"

static const struct {
	const char *name;
	bool required;
} keys[] = {
#define NETWORK_KEY(name_, required_, text) { .name = #name_, .required = required_ },
#include "appliance/launch/settings_network.def"
#undef NETWORK_KEY
};

/* An AWS id: `prefix` and 8 or 17 lower-case hex digits. */
static bool is_id(struct view text, struct view prefix)
{
	struct view digits = view_after(text, prefix.count);

	if (!view_starts_with(text, prefix) || (digits.count != 8 && digits.count != 17))
		return false;
	for (size_t i = 0; i < digits.count; i++) {
		if (!strchr("0123456789abcdef", digits.at[i]) || !digits.at[i])
			return false;
	}
	return true;
}

static void copy_text(char *ret, size_t room, struct view text)
{
	ASSERT(text.count < room);
	if (text.count)
		memcpy(ret, text.at, text.count);
}

static void read_id(
	struct settings_reader *reader, const struct json *row, const char *name, struct view prefix, char *ret)
{
	const struct json *value = json_find(row, name);

	if (!value)
		return; /* told already: a required key */
	if (is_id(json_text(value), prefix))
		copy_text(ret, NETNS_ID_BYTES, json_text(value));
	else
		settings_refuse(
			reader, value, "must be " VIEW_FMT " and 8 or 17 lower-case hex digits", VIEW_ARG(prefix));
}

/* A short text of letters, digits and a few marks: what a zone or an interface is called. */
static void read_word(struct settings_reader *reader, const struct json *row, const char *name, char *ret, size_t room)
{
	const struct json *value = json_find(row, name);
	struct view text = json_text(value);

	if (!value)
		return;
	for (size_t i = 0; i < text.count; i++) {
		if (text.at[i] <= ' ' || text.at[i] > '~' || text.at[i] == '/' || text.at[i] == '%')
			text.count = 0;
	}
	if (text.count == 0 || text.count >= room || view_equals_text(text, ".") || view_equals_text(text, ".."))
		settings_refuse(
			reader, value, "must be a name of 1 to %zu visible ASCII characters without '/'", room - 1);
	else
		copy_text(ret, room, text);
}

static void read_prefix(
	struct settings_reader *reader, const struct json *row, const char *name, int family, struct netns_prefix *ret)
{
	const struct json *value = json_find(row, name);
	int error;

	if (!value)
		return;
	error = address_parse_prefix(ret, json_text(value));
	if (error == -EDOM)
		settings_refuse(reader, value, "has bits behind its length");
	else if (error || ret->family != family)
		settings_refuse(reader, value, "must be an %s prefix such as %s", family == AF_INET ? "IPv4" : "IPv6",
			family == AF_INET ? "10.20.0.0/24" : "fd20:5071:e2::/64");
	else if (ret->prefix_bits == 0 || ret->prefix_bits > (family == AF_INET ? 30 : 126))
		settings_refuse(reader, value, "leaves no room for a subnet of hosts");
}

static void read_range(struct settings_reader *reader, const struct json *row, const char *name,
	const struct netns_prefix *prefix, struct netns_address *ret_first, struct netns_address *ret_last)
{
	const struct json *value = json_find(row, name);

	if (!value)
		return;
	if (address_parse_range(ret_first, ret_last, json_text(value)) < 0)
		settings_refuse(reader, value, "must be FIRST-LAST, two addresses in order");
	else if (!prefix->family)
		settings_refuse(reader, value, "needs the prefix of its family");
	else if (!address_is_in(ret_first, prefix) || !address_is_in(ret_last, prefix))
		settings_refuse(reader, value, "must lie within the subnet's prefix");
}

static void read_gateway(struct settings_reader *reader, const struct json *row, const char *name,
	const struct netns_prefix *prefix, const struct netns_address *pool_first,
	const struct netns_address *pool_last, struct netns_address *ret)
{
	const struct json *value = json_find(row, name);

	if (!value)
		return;
	if (address_parse(ret, json_text(value)) < 0)
		settings_refuse(reader, value, "must be an address");
	else if (!prefix->family || !address_is_in(ret, prefix))
		settings_refuse(reader, value, "must lie within the subnet's prefix");
	else if (pool_first->family && address_compare(ret, pool_first) >= 0 && address_compare(ret, pool_last) <= 0)
		settings_refuse(reader, value, "lies within the pool, so an endpoint could get it");
}

static void read_attachment(struct settings_reader *reader, const struct json *row, struct netns_network *ret)
{
	static const struct {
		const char *word;
		enum netns_attachment attachment;
	} words[] = { { "bridge", NETNS_ATTACH_BRIDGE }, { "macvlan", NETNS_ATTACH_MACVLAN },
		{ "ipvlan", NETNS_ATTACH_IPVLAN }, { "nic", NETNS_ATTACH_NIC } };
	const struct json *value = json_find(row, "attachment"), *mtu = json_find(row, "mtu_bytes");
	int64_t number = 0;

	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		if (view_equals_text(json_text(value), words[i].word))
			ret->attachment = words[i].attachment;
	}
	if (value && !ret->attachment)
		settings_refuse(reader, value, "must be one of: bridge macvlan ipvlan nic");
	if (mtu && json_integer(mtu, 576, 65535, &number) < 0)
		settings_refuse(reader, mtu, "must be a whole number from 576 to 65535 bytes");
	else
		ret->mtu_bytes = (uint32_t)number;
	if (ret->v6.family && ret->mtu_bytes && ret->mtu_bytes < 1280)
		settings_refuse(reader, mtu, "must be at least 1280 bytes where there is IPv6");
}

static void check_keys(struct settings_reader *reader, const struct json *row)
{
	JSON_EACH(member, row)
	{
		bool known = false;

		for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
			known = known || view_equals_text(json_name(member), keys[i].name);
		if (!known)
			settings_refuse(reader, member, "a network has no such key");
	}
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
		if (keys[i].required && !json_find(row, keys[i].name))
			settings_refuse(reader, row, "%s is missing", keys[i].name);
	}
}

/* Pools and gateways. */
static void read_places(struct settings_reader *reader, const struct json *row, struct netns_network *ret)
{
	read_range(reader, row, "ipv4_pool", &ret->v4, &ret->v4_pool_first, &ret->v4_pool_last);
	read_range(reader, row, "ipv6_pool", &ret->v6, &ret->v6_pool_first, &ret->v6_pool_last);
	read_gateway(reader, row, "ipv4_gateway", &ret->v4, &ret->v4_pool_first, &ret->v4_pool_last, &ret->v4_gateway);
	read_gateway(reader, row, "ipv6_gateway", &ret->v6, &ret->v6_pool_first, &ret->v6_pool_last, &ret->v6_gateway);
}

static void read_network(struct settings_reader *reader, const struct json *row, struct netns_network *ret)
{
	unsigned before;

	memset(ret, 0, sizeof *ret);
	if (!json_is_object(row)) {
		settings_refuse(reader, row, "must be a mapping");
		return;
	}
	check_keys(reader, row);
	read_id(reader, row, "vpc_id", view_of("vpc-"), ret->vpc_id);
	read_id(reader, row, "subnet_id", view_of("subnet-"), ret->subnet_id);
	read_word(reader, row, "availability_zone", ret->zone, sizeof ret->zone);
	read_word(reader, row, "interface", ret->interface, sizeof ret->interface);
	before = reader->error_count;
	read_prefix(reader, row, "ipv4_prefix", AF_INET, &ret->v4);
	read_prefix(reader, row, "ipv6_prefix", AF_INET6, &ret->v6);
	if (!json_find(row, "ipv4_prefix") && !json_find(row, "ipv6_prefix"))
		settings_refuse(reader, row, "needs ipv4_prefix, ipv6_prefix or both");
	if (reader->error_count == before) /* else what lies in a prefix can't be judged */
		read_places(reader, row, ret);
	read_attachment(reader, row, ret);
}

void settings_read_networks(struct settings_reader *reader, const struct json *list, struct settings_networks *ret)
{
	ret->count = 0;
	JSON_EACH(row, list)
	{
		struct netns_network *network = &ret->at[ret->count];

		read_network(reader, row, network);
		for (size_t i = 0; i < ret->count; i++) {
			if (network->subnet_id[0] && strcmp(ret->at[i].subnet_id, network->subnet_id) == 0)
				settings_refuse(reader, json_find(row, "subnet_id"), "networks[%zu] has the same", i);
		}
		ret->count++;
	}
}
