/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * EC2: rules of security groups: authorize, revoke, modify, describe. What a call asks for becomes an array of rules as they
 * are stored, one for each range, which is then added, taken away or looked for.
 *
 * A source that is a security group or a prefix list is refused: Postern can't know which hosts are members of a group, and
 * has no prefix lists.
 * Source: EC2 API Reference: AuthorizeSecurityGroupIngress and the operations named alike, IpPermission. Messages as recorded in
 * public reports of tools that met them; those of ICMP's numbers and of a reversed range are unconfirmed.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/ec2/ec2.h"
#include "appliance/control/filter/security_groups.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* Source: EC2 API Reference, DescribeSecurityGroupRules, MaxResults. */
enum { RESULTS_MIN = 5 };

/* --- from a permission to rules ------------------------------------------------------------------------------------------------------ */

/* The name under which EC2 keeps a protocol, or NULL. Source: EC2 API Reference, IpPermission. */
static const char *protocol_of(struct call *call, const char *text)
{
	static const struct {
		const char *name, *number;
	} named[] = { { "tcp", "6" }, { "udp", "17" }, { "icmp", "1" }, { "icmpv6", "58" }, { "-1", "-1" } };
	char lower[8];
	size_t count = text ? strlen(text) : 0;

	if (count == 0 || count >= sizeof lower)
		return NULL;
	for (size_t i = 0; i <= count; i++)
		lower[i] = view_lower_byte(text[i]);
	for (size_t i = 0; i < ARRAY_COUNT(named); i++)
		if (strcmp(lower, named[i].name) == 0 || strcmp(lower, named[i].number) == 0)
			return named[i].name;
	if (count > 3 || strspn(lower, "0123456789") != count || strtoul(lower, NULL, 10) > 255)
		return NULL;
	return call_text(call, "%lu", strtoul(lower, NULL, 10));
}

/* A port or ICMP number of a permission; false if it has none. */
static bool take_number(struct call *call, const struct json *permission, const char *member, int64_t *ret)
{
	const struct json *value = json_find(permission, member);

	*ret = -1;
	if (json_is_null(value))
		return false;
	if (json_integer(value, INT32_MIN, INT32_MAX, ret) < 0)
		(void)call_fail(call, "InvalidParameterValue", "Value (" VIEW_FMT ") for parameter %s is invalid.",
			VIEW_ARG(json_is_text(value) ? json_text(value) : json_number_text(value)), member);
	return true;
}

static int check_ports(struct call *call, int64_t from, int64_t to)
{
	if (from < 0 || from > 65535)
		return call_fail(
			call, "InvalidParameterValue", "TCP/UDP (from) port (%lld) out of range", (long long)from);
	if (to < 0 || to > 65535)
		return call_fail(call, "InvalidParameterValue", "TCP/UDP (to) port (%lld) out of range", (long long)to);
	if (from > to)
		return call_fail(call, "InvalidParameterValue", "Invalid TCP/UDP port range (%lld:%lld)",
			(long long)from, (long long)to);
	return 0;
}

static int check_icmp(struct call *call, int64_t type, int64_t code)
{
	if (type < -1 || type > 255)
		return call_fail(call, "InvalidParameterValue", "ICMP type (%lld) out of range", (long long)type);
	if (code < -1 || code > 255 || (type == -1 && code != -1))
		return call_fail(call, "InvalidParameterValue", "ICMP code (%lld) out of range", (long long)code);
	return 0;
}

/* Protocol and ports of a permission, in the form in which they are stored. */
static int take_traffic(struct call *call, const struct json *permission, struct json *model)
{
	const char *wish = json_find_c_string(permission, "IpProtocol"), *protocol = protocol_of(call, wish);
	int64_t from, to;
	bool has_from = take_number(call, permission, "FromPort", &from);
	bool has_to = take_number(call, permission, "ToPort", &to);
	int error = call->error_code ? CALL_FAILED : 0;

	if (!wish)
		return call_fail(call, "MissingParameter", "The request must contain the parameter ipProtocol");
	if (!protocol)
		return call_fail(
			call, "InvalidParameterValue", "Invalid value '%s' for IP protocol. Unknown protocol.", wish);
	if (strcmp(protocol, "tcp") == 0 || strcmp(protocol, "udp") == 0) {
		if (error == 0 && !(has_from && has_to))
			return call_fail(call, "InvalidParameterValue",
				"Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.");
		error = error ? error : check_ports(call, from, to);
	} else if (strncmp(protocol, "icmp", 4) == 0) {
		error = error ? error : check_icmp(call, from, to);
	} else {
		from = to = -1;
	}
	json_set_c_string(model, "ipProtocol", protocol);
	json_set_integer(model, "fromPort", from);
	json_set_integer(model, "toPort", to);
	return error;
}

static int take_prefix(struct call *call, struct json *model, int family, const char *text)
{
	struct security_prefix prefix;

	if (!text)
		return call_fail(call, "MissingParameter",
			"Missing source specification: include source security group or CIDR information");
	if (security_prefix_parse(&prefix, family, text) < 0)
		return call_fail(call, "InvalidParameterValue", "CIDR block %s is malformed", text);
	json_set_c_string(model, family == AF_INET ? "cidrIpv4" : "cidrIpv6", security_prefix_text(call, &prefix));
	return 0;
}

static int take_description(struct call *call, struct json *model, const char *text)
{
	if (ec2_check_description(call, "rule description", "descriptions", text) < 0)
		return CALL_FAILED;
	if (text && *text)
		json_set_c_string(model, "description", text);
	return 0;
}

static int refuse_members(struct call *call)
{
	return call_fail(call, "UnsupportedOperation",
		"A security group can't be the source of a rule: Postern can't know which hosts are its members. Name "
		"their "
		"addresses in IpRanges or Ipv6Ranges.");
}

static int refuse_prefix_list(struct call *call)
{
	return call_fail(call, "UnsupportedOperation",
		"A prefix list can't be the source of a rule: Postern has none. Name its prefixes in IpRanges or "
		"Ipv6Ranges.");
}

static int add_ranges(struct call *call, struct json *rules, const struct json *permission, int family)
{
	bool is_v4 = family == AF_INET;

	JSON_EACH(range, json_find(permission, is_v4 ? "IpRanges" : "Ipv6Ranges"))
	{
		struct json *model = json_object_new();

		json_append(rules, model);
		if (take_traffic(call, permission, model) < 0 ||
			take_prefix(call, model, family, json_find_c_string(range, is_v4 ? "CidrIp" : "CidrIpv6")) <
				0 ||
			take_description(call, model, json_find_c_string(range, "Description")) < 0)
			return CALL_FAILED;
	}
	return 0;
}

static int add_permission(struct call *call, struct json *rules, const struct json *permission)
{
	size_t before = json_count(rules);

	if (json_count(json_find(permission, "Groups")))
		return refuse_members(call);
	if (json_count(json_find(permission, "PrefixListIds")))
		return refuse_prefix_list(call);
	if (add_ranges(call, rules, permission, AF_INET) < 0 || add_ranges(call, rules, permission, AF_INET6) < 0)
		return CALL_FAILED;
	if (json_count(rules) == before)
		return take_prefix(call, NULL, AF_INET, NULL);
	return 0;
}

static bool is_same_rule(const struct json *left, const struct json *right)
{
	static const char *const texts[] = { "ipProtocol", "cidrIpv4", "cidrIpv6" };

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		if (!view_equals(json_find_text(left, texts[i]), json_find_text(right, texts[i])))
			return false;
	return json_find_integer(left, "fromPort", -1) == json_find_integer(right, "fromPort", -1) &&
	       json_find_integer(left, "toPort", -1) == json_find_integer(right, "toPort", -1);
}

/* All permissions of the call as rules without ids, each once. The members on the top level are one permission more. */
static int asked_rules(struct call *call, struct json *rules)
{
	struct json *top = NULL, *range;

	if (call_input_has(call, "SourceSecurityGroupName") || call_input_has(call, "SourceSecurityGroupOwnerId"))
		return refuse_members(call);
	if (call_input_has(call, "CidrIp") || call_input_has(call, "IpProtocol")) {
		top = json_object_new();
		json_append(json_ensure_array(call->input, "IpPermissions"), top);
		call_take(call, top, "IpProtocol", "FromPort", "ToPort", NULL);
		if (call_input_has(call, "CidrIp")) {
			range = json_object_new();
			json_append(json_ensure_array(top, "IpRanges"), range);
			call_take(call, range, "CidrIp", NULL);
		}
	}
	if (json_count(json_find(call->input, "IpPermissions")) == 0)
		return call_fail(call, "MissingParameter", "The request must contain the parameter ipPermissions");
	JSON_EACH(permission, json_find(call->input, "IpPermissions"))
	if (add_permission(call, rules, permission) < 0)
		return CALL_FAILED;
	for (size_t i = 0; i < json_count(rules); i++)
		for (size_t k = 0; k < i; k++)
			if (is_same_rule(json_at(rules, i), json_at(rules, k)))
				return call_fail(call, "InvalidParameterValue",
					"The same permission must not appear multiple times");
	return 0;
}

/* --- rules of a group ----------------------------------------------------------------------------------------------------------------- */

/* Index of the group's rule of that direction that says the same, or -1. */
static long find_same(const struct json *rules, bool is_egress, const struct json *wanted)
{
	for (size_t i = 0; i < json_count(rules); i++)
		if (json_find_bool(json_at(rules, i), "isEgress", false) == is_egress &&
			is_same_rule(json_at(rules, i), wanted))
			return (long)i;
	return -1;
}

/* Index of the group's rule with that id; direction 0 or 1, or -1 for any. -1 after the call has failed. */
static long find_by_id(struct call *call, const struct json *rules, int direction, const char *id)
{
	if (!id || strncmp(id, "sgr-", 4) != 0 || !id[4] || strspn(id + 4, "0123456789abcdef") != strlen(id + 4)) {
		(void)call_fail(call, "InvalidSecurityGroupRuleId.Malformed",
			"Invalid id: \"%s\" (expecting \"sgr-...\")", id ? id : "");
		return -1;
	}
	for (size_t i = 0; i < json_count(rules); i++)
		if (view_equals_text(json_find_text(json_at(rules, i), "securityGroupRuleId"), id) &&
			(direction < 0 || json_find_bool(json_at(rules, i), "isEgress", false) == (direction == 1)))
			return (long)i;
	(void)call_fail(
		call, "InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", id);
	return -1;
}

static struct json *rule_shown(struct call *call, const struct json *rule)
{
	struct json *shown = json_copy(rule);

	json_set(shown, "securityGroupRuleArn",
		json_text_new_printf("arn:aws:ec2:%s:%s:security-group-rule/%s", control_region(call->control),
			control_account(call->control), json_find_c_string(rule, "securityGroupRuleId")));
	return shown;
}

/* --- authorize ------------------------------------------------------------------------------------------------------------------------- */

static const char *number_text(struct call *call, const struct json *rule, const char *member)
{
	int64_t number = json_find_integer(rule, member, -1);

	return number < 0 ? "ALL" : call_text(call, "%lld", (long long)number);
}

static int refuse_duplicate(struct call *call, const struct json *rule)
{
	const char *protocol = json_find_c_string(rule, "ipProtocol"), *traffic;
	struct view peer = json_find_text(rule, json_find(rule, "cidrIpv4") ? "cidrIpv4" : "cidrIpv6");

	if (strcmp(protocol, "-1") == 0)
		traffic = "ALL";
	else if (strcmp(protocol, "tcp") == 0 || strcmp(protocol, "udp") == 0)
		traffic = call_text(call, "%s, from port: %s, to port: %s", *protocol == 't' ? "TCP" : "UDP",
			number_text(call, rule, "fromPort"), number_text(call, rule, "toPort"));
	else if (strncmp(protocol, "icmp", 4) == 0)
		traffic = call_text(call, "%s, type: %s, code: %s", protocol[4] ? "ICMPv6" : "ICMP",
			number_text(call, rule, "fromPort"), number_text(call, rule, "toPort"));
	else
		traffic = call_text(call, "protocol: %s", protocol);
	return call_fail(call, "InvalidPermission.Duplicate",
		"the specified rule \"peer: " VIEW_FMT ", %s, ALLOW\" already exists", VIEW_ARG(peer), traffic);
}

static int check_count(struct call *call, const struct json *rules, bool is_egress)
{
	size_t v4 = 0, v6 = 0;

	JSON_EACH(rule, rules)
	{
		if (json_find_bool(rule, "isEgress", false) != is_egress)
			continue;
		v4 += json_find(rule, "cidrIpv4") != NULL;
		v6 += json_find(rule, "cidrIpv6") != NULL;
	}
	if (v4 <= SECURITY_GROUP_RULES_MAX && v6 <= SECURITY_GROUP_RULES_MAX)
		return 0;
	return call_fail(call, "RulesPerSecurityGroupLimitExceeded",
		"The maximum number of rules per security group has been reached.");
}

static int authorize(struct call *call, bool is_egress)
{
	struct json JSON_CLEANUP *group = NULL, *asked = json_array_new(), *tags = NULL;
	struct json *rules, *shown = json_ensure_array(call->output, "securityGroupRuleSet");

	if (ec2_find_wanted_group(call, &group) < 0 || asked_rules(call, asked) < 0)
		return CALL_FAILED;
	tags = ec2_take_tags(call, "security-group-rule");
	if (!tags)
		return CALL_FAILED;
	rules = json_ensure_array(group, "securityGroupRuleSet");
	JSON_EACH(rule, asked)
	if (find_same(rules, is_egress, rule) >= 0)
		return refuse_duplicate(call, rule);
	while (json_count(asked)) {
		struct json *rule = json_take_at(asked, 0);

		json_set(rule, "tagSet", json_copy(tags));
		security_group_add_rule(call, rules, json_find_c_string(group, "groupId"), is_egress, rule);
		json_append(shown, rule_shown(call, rule));
	}
	if (check_count(call, rules, is_egress) < 0 || ec2_refuse_dry_run(call) < 0)
		return CALL_FAILED;
	security_group_put(call, group);
	json_set_bool(call->output, "return", true);
	return 0;
}

int op_authorize_security_group_ingress(struct call *call)
{
	return authorize(call, false);
}

int op_authorize_security_group_egress(struct call *call)
{
	return authorize(call, true);
}

/* --- revoke ---------------------------------------------------------------------------------------------------------------------------- */

static void take_away(struct call *call, struct json *rules, size_t index)
{
	static const char *const unshown[] = { "groupOwnerId", "tagSet" };
	struct json *rule = json_take_at(rules, index);

	for (size_t i = 0; i < ARRAY_COUNT(unshown); i++)
		(void)json_remove(rule, unshown[i]);
	json_append(json_ensure_array(call->output, "revokedSecurityGroupRuleSet"), rule);
}

static int revoke_by_id(struct call *call, struct json *rules, bool is_egress)
{
	JSON_EACH(wanted, json_find(call->input, "SecurityGroupRuleId"))
	{
		long index = find_by_id(call, rules, is_egress, json_c_string(wanted));

		if (index < 0)
			return CALL_FAILED;
		take_away(call, rules, (size_t)index);
	}
	return 0;
}

static int revoke_by_permission(struct call *call, struct json *rules, bool is_egress)
{
	struct json JSON_CLEANUP *asked = json_array_new();

	if (asked_rules(call, asked) < 0)
		return CALL_FAILED;
	JSON_EACH(wanted, asked)
	{
		long index = find_same(rules, is_egress, wanted);

		if (index < 0)
			return call_fail(call, "InvalidPermission.NotFound",
				"The specified rule does not exist in this security group.");
		take_away(call, rules, (size_t)index);
	}
	return 0;
}

static int revoke(struct call *call, bool is_egress)
{
	bool by_id = json_count(json_find(call->input, "SecurityGroupRuleId")) > 0;
	struct json JSON_CLEANUP *group = NULL;
	struct json *rules;
	int error = ec2_find_wanted_group(call, &group);

	if (error < 0)
		return error;
	if (by_id && json_count(json_find(call->input, "IpPermissions")))
		return call_fail(call, "InvalidParameterCombination",
			"The parameter ipPermissions cannot be used with the parameter securityGroupRuleIds");
	rules = json_ensure_array(group, "securityGroupRuleSet");
	error = by_id ? revoke_by_id(call, rules, is_egress) : revoke_by_permission(call, rules, is_egress);
	if (error == 0)
		error = ec2_refuse_dry_run(call);
	if (error < 0)
		return error;
	security_group_put(call, group);
	json_set_bool(call->output, "return", true);
	json_set(call->output, "unknownIpPermissionSet", json_array_new());
	return 0;
}

int op_revoke_security_group_ingress(struct call *call)
{
	return revoke(call, false);
}

int op_revoke_security_group_egress(struct call *call)
{
	return revoke(call, true);
}

/* --- modify ---------------------------------------------------------------------------------------------------------------------------- */

/* A whole rule as ModifySecurityGroupRules gives it. */
static int take_rule(struct call *call, const struct json *wish, struct json *model)
{
	bool is_v4 = json_find(wish, "CidrIpv4") != NULL;

	if (json_find(wish, "ReferencedGroupId"))
		return refuse_members(call);
	if (json_find(wish, "PrefixListId"))
		return refuse_prefix_list(call);
	if (take_traffic(call, wish, model) < 0)
		return CALL_FAILED;
	if (take_prefix(call, model, is_v4 ? AF_INET : AF_INET6,
		    json_find_c_string(wish, is_v4 ? "CidrIpv4" : "CidrIpv6")) < 0)
		return CALL_FAILED;
	return take_description(call, model, json_find_c_string(wish, "Description"));
}

static int modify_rule(struct call *call, struct json *rules, const struct json *change)
{
	static const char *const kept[] = { "securityGroupRuleId", "groupId", "groupOwnerId", "isEgress", "tagSet" };
	long index = find_by_id(call, rules, -1, json_find_c_string(change, "SecurityGroupRuleId"));
	struct json *old, *model;
	bool is_egress;
	long same;

	if (index < 0)
		return CALL_FAILED;
	old = json_at(rules, (size_t)index);
	is_egress = json_find_bool(old, "isEgress", false);
	model = json_object_new();
	for (size_t i = 0; i < ARRAY_COUNT(kept); i++)
		json_set(model, kept[i], json_copy(json_find(old, kept[i])));
	(void)json_remove_at(rules, (size_t)index);
	json_insert(rules, (size_t)index, model);
	if (take_rule(call, json_find(change, "SecurityGroupRule"), model) < 0)
		return CALL_FAILED;
	same = find_same(rules, is_egress, model);
	if (same == index) {
		/* The first that says so is this one: another may follow. */
		for (size_t i = (size_t)index + 1; i < json_count(rules); i++)
			if (json_find_bool(json_at(rules, i), "isEgress", false) == is_egress &&
				is_same_rule(json_at(rules, i), model))
				same = (long)i;
	}
	return same == index ? 0 : refuse_duplicate(call, model);
}

int op_modify_security_group_rules(struct call *call)
{
	struct json JSON_CLEANUP *group = NULL;
	struct json *rules;

	if (ec2_find_wanted_group(call, &group) < 0)
		return CALL_FAILED;
	rules = json_ensure_array(group, "securityGroupRuleSet");
	JSON_EACH(change, json_find(call->input, "SecurityGroupRule"))
	if (modify_rule(call, rules, change) < 0)
		return CALL_FAILED;
	if (check_count(call, rules, false) < 0 || check_count(call, rules, true) < 0 || ec2_refuse_dry_run(call) < 0)
		return CALL_FAILED;
	security_group_put(call, group);
	json_set_bool(call->output, "return", true);
	return 0;
}

static int describe_rule(struct call *call, struct json *rule, const char *text)
{
	(void)json_remove(rule, "description");
	return take_description(call, rule, text);
}

static int update_descriptions(struct call *call, bool is_egress)
{
	struct json JSON_CLEANUP *group = NULL, *asked = json_array_new();
	const struct json *by_id = json_find(call->input, "SecurityGroupRuleDescription");
	struct json *rules;

	if (ec2_find_wanted_group(call, &group) < 0 || (json_count(by_id) == 0 && asked_rules(call, asked) < 0))
		return CALL_FAILED;
	rules = json_ensure_array(group, "securityGroupRuleSet");
	JSON_EACH(change, by_id)
	{
		long index = find_by_id(call, rules, is_egress, json_find_c_string(change, "SecurityGroupRuleId"));

		if (index < 0 || describe_rule(call, json_at(rules, (size_t)index),
					 json_find_c_string(change, "Description")) < 0)
			return CALL_FAILED;
	}
	JSON_EACH(wanted, asked)
	{
		long index = find_same(rules, is_egress, wanted);

		if (index < 0)
			return call_fail(call, "InvalidPermission.NotFound",
				"The specified rule does not exist in this security group.");
		if (describe_rule(call, json_at(rules, (size_t)index), json_find_c_string(wanted, "description")) < 0)
			return CALL_FAILED;
	}
	if (ec2_refuse_dry_run(call) < 0)
		return CALL_FAILED;
	security_group_put(call, group);
	json_set_bool(call->output, "return", true);
	return 0;
}

int op_update_rule_descriptions_ingress(struct call *call)
{
	return update_descriptions(call, false);
}

int op_update_rule_descriptions_egress(struct call *call)
{
	return update_descriptions(call, true);
}

/* --- describe -------------------------------------------------------------------------------------------------------------------------- */

static int compare_ids(const struct json *left, const struct json *right)
{
	return view_compare(json_find_text(left, "securityGroupRuleId"), json_find_text(right, "securityGroupRuleId"));
}

int op_describe_security_group_rules(struct call *call)
{
	static const struct ec2_filter filters[] = { { "group-id", NULL, "groupId" },
		{ "security-group-rule-id", NULL, "securityGroupRuleId" } };
	const struct json *ids = json_find(call->input, "SecurityGroupRuleId");
	struct json JSON_CLEANUP *groups = security_group_list(call), *all = json_array_new(),
				 *found = json_array_new();
	struct json *fitting;

	JSON_EACH(group, groups)
	JSON_EACH(rule, json_find(group, "securityGroupRuleSet"))
	json_append(all, rule_shown(call, rule));
	JSON_EACH(wanted, ids)
	if (find_by_id(call, all, -1, json_c_string(wanted)) < 0)
		return CALL_FAILED;
	JSON_EACH(rule, all)
	{
		int fit = ec2_filters_fit(call, rule, filters, ARRAY_COUNT(filters));

		if (fit < 0)
			return fit;
		if (fit && ec2_is_wanted(ids, json_find_text(rule, "securityGroupRuleId")))
			json_append(found, json_copy(rule));
	}
	json_sort(found, compare_ids);
	fitting = found;
	found = NULL;
	return ec2_page(call, "securityGroupRuleSet", fitting, "securityGroupRuleId", RESULTS_MIN);
}
