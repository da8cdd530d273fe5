/* SPDX-License-Identifier: GPL-3.0-or-later */
/* endpoint: the record of a VPC endpoint → struct snapshot_endpoint. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "appliance/model/compile.h"

struct endpoint_object {
	struct snapshot_endpoint endpoint; /* first: it is what the catalog knows */
	struct policy *policy;
	struct arena arena;
};

static void endpoint_free(struct catalog_object *object)
{
	struct endpoint_object *endpoint = (struct endpoint_object *)(void *)object;

	policy_free(endpoint->policy);
	arena_fini(&endpoint->arena);
	free(endpoint);
}

/* An address of that family; an absent or empty text leaves `*ret_has` false. */
static int compile_address_text(
	struct compile *compile, const struct json *json, const char *member, int family, void *ret, bool *ret_has)
{
	const char *text = json_find_c_string(json, member);

	*ret_has = false;
	if (!text || !*text)
		return 0;
	if (inet_pton(family, text, ret) != 1)
		return compile_fail(compile, -EINVAL, "postern.addresses: %s: '%s' is no address", member, text);
	*ret_has = true;
	return 0;
}

static int compile_addresses(struct compile *compile, struct endpoint_object *object, const struct json *list)
{
	size_t count = json_count(list);
	struct snapshot_address *addresses = ARENA_NEW_ARRAY(&object->arena, struct snapshot_address, count);

	if (!addresses)
		return compile_no_memory(compile);
	for (size_t i = 0; i < count; i++) {
		const struct json *item = json_at(list, i);
		struct snapshot_address *address = &addresses[i];
		int error = compile_address_text(compile, item, "ipv4", AF_INET, &address->ipv4, &address->has_ipv4);

		if (!error)
			error = compile_address_text(
				compile, item, "ipv6", AF_INET6, &address->ipv6, &address->has_ipv6);
		if (error)
			return error;
		address->availability_zone = arena_copy(&object->arena, json_find_text(item, "availabilityZone"));
		if (!address->availability_zone.at)
			return compile_no_memory(compile);
	}
	object->endpoint.addresses = addresses;
	object->endpoint.address_count = count;
	return 0;
}

/* dnsOptions.dnsRecordIpType, or what the endpoint's own address type implies. */
static enum snapshot_dns_record_type dns_record_type(const struct json *body)
{
	struct view type = json_find_text(json_find(body, "dnsOptions"), "dnsRecordIpType");

	if (type.count == 0 || view_equals_text(type, "service-defined"))
		type = json_find_text(body, "ipAddressType");
	if (view_equals_text(type, "ipv4"))
		return SNAPSHOT_DNS_IPV4;
	if (view_equals_text(type, "ipv6"))
		return SNAPSHOT_DNS_IPV6;
	return SNAPSHOT_DNS_DUALSTACK;
}

static int compile_members(
	struct compile *compile, struct endpoint_object *object, struct view id, const struct json *body)
{
	struct snapshot_endpoint *endpoint = &object->endpoint;
	const struct json *postern = json_find(body, "postern");
	int error;

	endpoint->id = arena_copy(&object->arena, id);
	endpoint->vpc_id = arena_copy(&object->arena, json_find_text(body, "vpcId"));
	endpoint->dns_suffix = compile_lower(&object->arena, json_find_text(postern, "dnsSuffix"));
	if (!endpoint->id.at || !endpoint->vpc_id.at || !endpoint->dns_suffix.at)
		return compile_no_memory(compile);
	endpoint->object.key = endpoint->id;
	endpoint->private_dns_enabled = json_find_bool(body, "privateDnsEnabled", false);
	endpoint->builtin = json_find_bool(postern, "builtin", false);
	endpoint->dns_record_type = dns_record_type(body);
	error = compile_addresses(compile, object, json_find(postern, "addresses"));
	if (error)
		return error;
	error = compile_policy(compile, POLICY_KIND_ENDPOINT, (struct view){ 0 }, "policyDocument",
		json_find_text(body, "policyDocument"), &object->policy);
	endpoint->policy = object->policy;
	return error;
}

int endpoint_compile(struct compile *compile, struct view id, const struct json *body, struct snapshot_endpoint **ret)
{
	struct endpoint_object *object = calloc(1, sizeof *object);
	int error;

	if (!object)
		return compile_no_memory(compile);
	arena_init(&object->arena, NULL, COMPILE_ARENA_MAX_BYTES);
	object->endpoint.object.free = endpoint_free;
	object->endpoint.object.reference_count = 1;
	error = compile_members(compile, object, id, body);
	if (error) {
		endpoint_free(&object->endpoint.object);
		return error;
	}
	*ret = &object->endpoint;
	return 0;
}
