/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/networks.h"

#include <arpa/inet.h>
#include <string.h>

#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/crypto/digest.h"

/* Addresses of a pool that are tried before it counts as used up: an IPv6 prefix has more than anybody can use. */
#define POOL_TRIES_MAX 65536

bool network_vpc_exists(struct call *call, const char *vpc_id)
{
	struct json JSON_CLEANUP *builtin = NULL;

	for (size_t i = 0; i < call->control->settings.network_count; i++)
		if (strcmp(call->control->networks[i].vpc_id, vpc_id) == 0)
			return true;
	if (!call->control->builtin_endpoint_id[0])
		return false;
	builtin = record_find(call, STORE_vpcendpoint, call->control->builtin_endpoint_id);
	return view_equals_text(json_find_text(builtin, "vpcId"), vpc_id);
}

static bool is_first_of_vpc(const struct control *control, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(control->networks[i].vpc_id, control->networks[index].vpc_id) == 0)
			return false;
	return true;
}

struct json *network_vpc_ids(struct call *call)
{
	struct json *ids = json_array_new();

	for (size_t i = 0; i < call->control->settings.network_count; i++)
		if (is_first_of_vpc(call->control, i))
			json_append_text(ids, view_from_text(call->control->networks[i].vpc_id));
	if (call->control->builtin_endpoint_id[0]) {
		struct json JSON_CLEANUP *builtin =
			record_find(call, STORE_vpcendpoint, call->control->builtin_endpoint_id);

		json_append_text(ids, json_find_text(builtin, "vpcId"));
	}
	return ids;
}

long network_find_subnet(const struct control *control, const char *subnet_id)
{
	for (size_t i = 0; i < control->settings.network_count; i++)
		if (strcmp(control->networks[i].subnet_id, subnet_id) == 0)
			return (long)i;
	return -1;
}

const char *network_default_group(struct call *call, const char *vpc_id)
{
	uint8_t digest[DIGEST_SHA256_BYTES];
	char hex[2 * DIGEST_SHA256_BYTES + 1];

	digest_sha256(digest, vpc_id, strlen(vpc_id));
	digest_hex(hex, digest, sizeof digest);
	return call_text(call, "sg-%.17s", hex);
}

static const struct netns_prefix *prefix_of(const struct netns_network *network, int family)
{
	return family == AF_INET ? &network->v4 : &network->v6;
}

static size_t address_bytes(int family)
{
	return family == AF_INET ? 4 : 16;
}

bool network_has_family(const struct control *control, size_t index, int family)
{
	return prefix_of(&control->networks[index], family)->family == family;
}

static bool in_prefix(const struct netns_prefix *prefix, const uint8_t *bytes)
{
	unsigned whole = prefix->prefix_bits / 8u, rest = prefix->prefix_bits % 8u;

	if (memcmp(prefix->bytes, bytes, whole) != 0)
		return false;
	return rest == 0 || ((prefix->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

/* All bits past the prefix 0 (the network, or IPv6's subnet-router anycast) or, for IPv4, all 1 (broadcast). */
static bool is_reserved(const struct netns_prefix *prefix, const uint8_t *bytes)
{
	size_t count = address_bytes(prefix->family);
	bool all_zero = true, all_one = true;

	if (prefix->prefix_bits >= 8 * count - 1)
		return false;
	for (size_t bit = prefix->prefix_bits; bit < 8 * count; bit++) {
		bool one = (bytes[bit / 8] >> (7 - bit % 8)) & 1;

		all_zero = all_zero && !one;
		all_one = all_one && one;
	}
	return all_zero || (all_one && prefix->family == AF_INET);
}

static bool is_usable(const struct netns_network *network, int family, const uint8_t *bytes)
{
	const struct netns_prefix *prefix = prefix_of(network, family);
	const struct netns_address *gateway = family == AF_INET ? &network->v4_gateway : &network->v6_gateway;

	return prefix->family == family && in_prefix(prefix, bytes) && !is_reserved(prefix, bytes) &&
	       (gateway->family != family || memcmp(gateway->bytes, bytes, address_bytes(family)) != 0);
}

static void step(uint8_t *bytes, size_t count)
{
	for (size_t i = count; i-- > 0;)
		if (++bytes[i])
			return;
}

static bool is_taken(const struct json *endpoints, const char *subnet_id, const char *text)
{
	JSON_EACH(endpoint, endpoints)
	JSON_EACH(address, json_find(json_find(endpoint, "postern"), "addresses"))
	if (view_equals_text(json_find_text(address, "subnetId"), subnet_id) &&
		(view_equals_text(json_find_text(address, "ipv4"), text) ||
			view_equals_text(json_find_text(address, "ipv6"), text)))
		return true;
	return false;
}

const char *network_take_wished(
	struct call *call, size_t index, int family, const char *text, const struct json *endpoints, bool *ret_taken)
{
	const struct netns_network *network = &call->control->networks[index];
	uint8_t bytes[16] = { 0 };
	char plain[INET6_ADDRSTRLEN];

	*ret_taken = false;
	if (inet_pton(family, text, bytes) != 1 || !is_usable(network, family, bytes))
		return NULL;
	(void)inet_ntop(family, bytes, plain, sizeof plain);
	*ret_taken = is_taken(endpoints, network->subnet_id, plain);
	return *ret_taken ? NULL : call_text(call, "%s", plain);
}

const char *network_take_address(struct call *call, size_t index, int family, const struct json *endpoints)
{
	const struct netns_network *network = &call->control->networks[index];
	const struct netns_prefix *prefix = prefix_of(network, family);
	const struct netns_address *first = family == AF_INET ? &network->v4_pool_first : &network->v6_pool_first;
	const struct netns_address *last = family == AF_INET ? &network->v4_pool_last : &network->v6_pool_last;
	size_t count = address_bytes(family);
	uint8_t bytes[16];

	if (prefix->family != family)
		return NULL;
	memcpy(bytes, first->family == family ? first->bytes : prefix->bytes, 16);
	for (unsigned tries = 0; tries < POOL_TRIES_MAX; tries++) {
		char text[INET6_ADDRSTRLEN];

		if (!in_prefix(prefix, bytes) || (last->family == family && memcmp(bytes, last->bytes, count) > 0))
			return NULL;
		(void)inet_ntop(family, bytes, text, sizeof text);
		if (is_usable(network, family, bytes) && !is_taken(endpoints, network->subnet_id, text))
			return call_text(call, "%s", text);
		step(bytes, count);
	}
	return NULL;
}

const char *network_prefix_text(struct call *call, const struct netns_prefix *prefix)
{
	char text[INET6_ADDRSTRLEN];

	(void)inet_ntop(prefix->family, prefix->bytes, text, sizeof text);
	return call_text(call, "%s/%u", text, prefix->prefix_bits);
}
