/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/filter/security_groups.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/networks.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/crypto/digest.h"

/* --- prefixes ---------------------------------------------------------------------------------------------------------------------- */

static void clear_past(uint8_t *bytes, unsigned bits, unsigned total_bits)
{
	for (unsigned bit = bits; bit < total_bits; bit++)
		bytes[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
}

int security_prefix_parse(struct security_prefix *ret, int family, const char *text)
{
	unsigned total_bits = family == AF_INET ? 32 : 128, bits = 0;
	const char *slash = text ? strchr(text, '/') : NULL;
	char address[INET6_ADDRSTRLEN];

	*ret = (struct security_prefix){ .family = family };
	if (!slash || slash == text || (size_t)(slash - text) >= sizeof address)
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (!slash[1] || strlen(slash + 1) > 3 || strspn(slash + 1, "0123456789") != strlen(slash + 1))
		return -EINVAL;
	bits = (unsigned)strtoul(slash + 1, NULL, 10);
	if (bits > total_bits || inet_pton(family, address, ret->bytes) != 1)
		return -EINVAL;
	ret->prefix_bits = bits;
	clear_past(ret->bytes, bits, total_bits);
	return 0;
}

const char *security_prefix_text(struct call *call, const struct security_prefix *prefix)
{
	char text[INET6_ADDRSTRLEN];

	(void)inet_ntop(prefix->family, prefix->bytes, text, sizeof text);
	return call_text(call, "%s/%u", text, prefix->prefix_bits);
}

/* --- rules -------------------------------------------------------------------------------------------------------------------------- */

static void add_rule(struct call *call, struct json *rules, const char *group_id, bool is_egress, const char *rule_id,
	struct json *model)
{
	json_set_c_string(model, "securityGroupRuleId", rule_id);
	json_set_c_string(model, "groupId", group_id);
	json_set_c_string(model, "groupOwnerId", control_account(call->control));
	json_set_bool(model, "isEgress", is_egress);
	if (!json_find(model, "tagSet"))
		json_set(model, "tagSet", json_array_new());
	json_append(rules, model);
}

void security_group_add_rule(
	struct call *call, struct json *rules, const char *group_id, bool is_egress, struct json *model)
{
	char hex[18];

	random_hex(hex, 17);
	add_rule(call, rules, group_id, is_egress, call_text(call, "sgr-%s", hex), model);
}

/* A rule for all traffic whose id follows from what it says, so that a group that is not stored shows the same one again. */
static void add_derived_rule(struct call *call, struct json *rules, const char *group_id, bool is_egress,
	const char *member, const char *cidr)
{
	const char *text = call_text(call, "%s %s %s", group_id, is_egress ? "egress" : "ingress", cidr);
	struct json *model = json_object_new();
	uint8_t digest[DIGEST_SHA256_BYTES];
	char hex[2 * DIGEST_SHA256_BYTES + 1];

	digest_sha256(digest, text, strlen(text));
	digest_hex(hex, digest, sizeof digest);
	json_set_c_string(model, "ipProtocol", "-1");
	json_set_integer(model, "fromPort", -1);
	json_set_integer(model, "toPort", -1);
	json_set_c_string(model, member, cidr);
	add_rule(call, rules, group_id, is_egress, call_text(call, "sgr-%.17s", hex), model);
}

static bool vpc_has_ipv6(const struct control *control, const char *vpc_id)
{
	for (size_t i = 0; i < control->settings.network_count; i++)
		if (strcmp(control->networks[i].vpc_id, vpc_id) == 0 && network_has_family(control, i, AF_INET6))
			return true;
	return false;
}

void security_group_add_default_egress(struct call *call, struct json *rules, const char *group_id, const char *vpc_id)
{
	add_derived_rule(call, rules, group_id, true, "cidrIpv4", "0.0.0.0/0");
	if (vpc_has_ipv6(call->control, vpc_id))
		add_derived_rule(call, rules, group_id, true, "cidrIpv6", "::/0");
}

/* --- groups ------------------------------------------------------------------------------------------------------------------------- */

/* A subnet may have several rows of the settings: one rule is enough. */
static bool has_cidr(const struct json *rules, const char *member, const char *cidr)
{
	JSON_EACH(rule, rules)
	if (view_equals_text(json_find_text(rule, member), cidr))
		return true;
	return false;
}

/* The default group of a VPC as it is until somebody changes it. */
static struct json *unchanged_default(struct call *call, const char *vpc_id)
{
	const char *id = network_default_group(call, vpc_id);
	struct json *group = json_object_new(), *rules;

	json_set_c_string(group, "ownerId", control_account(call->control));
	json_set_c_string(group, "groupId", id);
	json_set_c_string(group, "groupName", "default");
	json_set_c_string(group, "groupDescription", "default VPC security group");
	json_set_c_string(group, "vpcId", vpc_id);
	json_set(group, "tagSet", json_array_new());
	rules = json_ensure_array(group, "securityGroupRuleSet");
	for (size_t i = 0; i < call->control->settings.network_count; i++) {
		const struct netns_network *network = &call->control->networks[i];
		const char *v4 = network_prefix_text(call, &network->v4), *v6 = network_prefix_text(call, &network->v6);

		if (strcmp(network->vpc_id, vpc_id) != 0)
			continue;
		if (network->v4.family == AF_INET && !has_cidr(rules, "cidrIpv4", v4))
			add_derived_rule(call, rules, id, false, "cidrIpv4", v4);
		if (network->v6.family == AF_INET6 && !has_cidr(rules, "cidrIpv6", v6))
			add_derived_rule(call, rules, id, false, "cidrIpv6", v6);
	}
	security_group_add_default_egress(call, rules, id, vpc_id);
	return group;
}

bool security_group_is_default(struct call *call, const struct json *group)
{
	const char *vpc_id = json_find_c_string(group, "vpcId");

	return vpc_id && view_equals_text(json_find_text(group, "groupId"), network_default_group(call, vpc_id));
}

struct json *security_group_find(struct call *call, const char *group_id)
{
	struct json *group = record_find(call, STORE_securitygroup, group_id);
	struct json JSON_CLEANUP *vpcs = group ? NULL : network_vpc_ids(call);

	JSON_EACH(vpc, vpcs)
	if (strcmp(network_default_group(call, json_c_string(vpc)), group_id) == 0)
		return unchanged_default(call, json_c_string(vpc));
	return group;
}

static int compare_ids(const struct json *left, const struct json *right)
{
	return view_compare(json_find_text(left, "groupId"), json_find_text(right, "groupId"));
}

struct json *security_group_list(struct call *call)
{
	struct json *groups = record_list(call, STORE_securitygroup, NULL);
	struct json JSON_CLEANUP *vpcs = network_vpc_ids(call);

	JSON_EACH(vpc, vpcs)
	if (!record_exists(call, STORE_securitygroup, network_default_group(call, json_c_string(vpc))))
		json_append(groups, unchanged_default(call, json_c_string(vpc)));
	json_sort(groups, compare_ids);
	return groups;
}

void security_group_put(struct call *call, const struct json *group)
{
	record_put(call, STORE_securitygroup, json_find_c_string(group, "groupId"), json_find_c_string(group, "vpcId"),
		group);
}

/* --- admissions --------------------------------------------------------------------------------------------------------------------- */

static bool covers_https(const struct json *rule)
{
	struct view protocol = json_find_text(rule, "ipProtocol");

	if (json_find_bool(rule, "isEgress", true))
		return false;
	if (view_equals_text(protocol, "-1"))
		return true;
	return view_equals_text(protocol, "tcp") && json_find_integer(rule, "fromPort", 65536) <= FILTER_HTTPS_PORT &&
	       json_find_integer(rule, "toPort", -1) >= FILTER_HTTPS_PORT;
}

/* Where the filter's table has IPv4 sources. Source: ebpf/filter_contract.h. */
static const uint8_t ipv4_place[16] = { [10] = 0xff, [11] = 0xff };
enum { IPV4_PLACE_BITS = 96 };

struct admissions {
	struct filter_admission_record *at;
	size_t room, count;
	unsigned around; /* length of the shortest IPv6 prefix with the place of IPv4 inside; IPV4_PLACE_BITS: none */
};

static int admit(struct admissions *admissions, const uint8_t address[16], unsigned prefix_bits)
{
	struct filter_admission_record *record = &admissions->at[admissions->count];

	if (admissions->count == admissions->room)
		return -E2BIG;
	*record = (struct filter_admission_record){ .prefix_bits = (uint8_t)prefix_bits,
		.services = FILTER_SERVICE_HTTPS };
	memcpy(record->address, address, sizeof record->address);
	admissions->count++;
	return 0;
}

static int admit_ipv4(struct admissions *admissions, const struct security_prefix *prefix)
{
	uint8_t address[16];

	memcpy(address, ipv4_place, sizeof address);
	memcpy(address + 12, prefix->bytes, 4);
	return admit(admissions, address, IPV4_PLACE_BITS + prefix->prefix_bits);
}

static int admit_ipv6(struct admissions *admissions, const struct security_prefix *prefix)
{
	uint8_t place[16];

	memcpy(place, ipv4_place, sizeof place);
	/* No IPv6 host has such an address. */
	if (prefix->prefix_bits >= IPV4_PLACE_BITS && memcmp(prefix->bytes, place, IPV4_PLACE_BITS / 8) == 0)
		return 0;
	clear_past(place, prefix->prefix_bits, 128);
	if (memcmp(prefix->bytes, place, sizeof place) != 0)
		return admit(admissions, prefix->bytes, prefix->prefix_bits);
	if (prefix->prefix_bits < admissions->around)
		admissions->around = prefix->prefix_bits;
	return 0;
}

/* What lies in the prefix around the place of IPv4, without that: on the way down to it, the other half at each step. */
static int admit_around(struct admissions *admissions)
{
	int error = 0;

	for (unsigned bits = admissions->around + 1; bits <= IPV4_PLACE_BITS && error == 0; bits++) {
		uint8_t address[16];

		memcpy(address, ipv4_place, sizeof address);
		address[(bits - 1) / 8] ^= (uint8_t)(0x80u >> ((bits - 1) % 8));
		clear_past(address, bits, 128);
		error = admit(admissions, address, bits);
	}
	return error;
}

static int admit_rule(struct admissions *admissions, const struct json *rule)
{
	const char *v4 = json_find_c_string(rule, "cidrIpv4"), *v6 = json_find_c_string(rule, "cidrIpv6");
	struct security_prefix prefix;

	if (v4 && security_prefix_parse(&prefix, AF_INET, v4) == 0)
		return admit_ipv4(admissions, &prefix);
	if (v6 && security_prefix_parse(&prefix, AF_INET6, v6) == 0)
		return admit_ipv6(admissions, &prefix);
	return 0;
}

static int compare_admissions(const void *left, const void *right)
{
	const struct filter_admission_record *a = left, *b = right;
	int order = memcmp(a->address, b->address, sizeof a->address);

	return order ? order : a->prefix_bits - b->prefix_bits;
}

/* Sort, and keep each prefix once. */
static size_t settle(struct filter_admission_record *admissions, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(admissions, count, sizeof *admissions, compare_admissions);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || compare_admissions(&admissions[kept - 1], &admissions[i]) != 0)
			admissions[kept++] = admissions[i];
	return kept;
}

int security_groups_admissions(struct call *call, const struct json *endpoint, struct filter_admission_record *ret,
	size_t room, size_t *ret_count)
{
	struct admissions admissions = { .at = ret, .room = room, .around = IPV4_PLACE_BITS };
	int error = 0;

	*ret_count = 0;
	JSON_EACH(used, json_find(endpoint, "groupSet"))
	{
		const char *id = json_find_c_string(used, "groupId");
		struct json JSON_CLEANUP *group = id ? security_group_find(call, id) : NULL;

		JSON_EACH(rule, json_find(group, "securityGroupRuleSet"))
		if (error == 0 && covers_https(rule))
			error = admit_rule(&admissions, rule);
	}
	if (error == 0)
		error = admit_around(&admissions);
	if (error < 0)
		return error;
	*ret_count = settle(ret, admissions.count);
	return 0;
}
