/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * EC2: security groups as such; their rules are in ec2_security_group_rules.c.
 * Source: EC2 API Reference: CreateSecurityGroup, DeleteSecurityGroup, DescribeSecurityGroups. Messages as recorded in public
 * reports of tools that met them; the limit of groups and a name that begins with "sg-" are unconfirmed.
 */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/ec2/ec2.h"
#include "appliance/control/filter/security_groups.h"
#include "appliance/control/networks.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* Source: EC2 API Reference, DescribeSecurityGroups, MaxResults. */
enum { RESULTS_MIN = 5 };

/* --- what is asked for -------------------------------------------------------------------------------------------------------------- */

int ec2_check_group_id(struct call *call, const char *id)
{
	if (id && strncmp(id, "sg-", 3) == 0 && id[3] && strspn(id + 3, "0123456789abcdef") == strlen(id + 3))
		return 0;
	return call_fail(call, "InvalidGroupId.Malformed", "Invalid id: \"%s\" (expecting \"sg-...\")", id ? id : "");
}

int ec2_find_group(struct call *call, const char *id, struct json **ret)
{
	*ret = NULL;
	if (ec2_check_group_id(call, id) < 0)
		return CALL_FAILED;
	*ret = security_group_find(call, id);
	if (*ret)
		return 0;
	return call_fail(call, "InvalidGroup.NotFound", "The security group '%s' does not exist", id);
}

int ec2_find_wanted_group(struct call *call, struct json **ret)
{
	const char *name = call_input(call, "GroupName");

	*ret = NULL;
	if (call_input_has(call, "GroupId"))
		return ec2_find_group(call, call_input(call, "GroupId"), ret);
	if (name)
		return call_fail(call, "InvalidParameterValue",
			"Invalid value '%s' for groupName. You may not reference Amazon VPC security groups by name. "
			"Please "
			"use the corresponding id for this operation.",
			name);
	return call_fail(call, "MissingParameter", "The request must contain the parameter groupId");
}

static bool characters_fit(const char *text)
{
	static const char others[] =
		"0123456789. _-:/()#,@[]+=&;{}!$*ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	return strlen(text) < 256 && strspn(text, others) == strlen(text);
}

int ec2_check_description(struct call *call, const char *what, const char *texts, const char *text)
{
	if (!text || characters_fit(text))
		return 0;
	return call_fail(call, "InvalidParameterValue",
		"Invalid %s. Valid %s are strings less than 256 characters from the following set:  a-zA-Z0-9. "
		"_-:/()#,@[]+=&;{}!$*",
		what, texts);
}

static int check_ascii(struct call *call, const char *parameter, const char *text)
{
	for (const char *byte = text; *byte; byte++)
		if (*byte & 0x80)
			return call_fail(call, "InvalidParameterValue",
				"Value (%s) for parameter %s is invalid. Character sets beyond ASCII are not "
				"supported.",
				text, parameter);
	return 0;
}

/* --- create ------------------------------------------------------------------------------------------------------------------------- */

static int check_name(struct call *call, const char *name, const char *vpc_id)
{
	struct json JSON_CLEANUP *groups = security_group_list(call);

	if (check_ascii(call, "GroupName", name) < 0 ||
		ec2_check_description(call, "security group name", "names", name) < 0)
		return CALL_FAILED;
	if (!*name)
		return call_fail(call, "MissingParameter", "The request must contain the parameter GroupName");
	if (strcmp(name, "default") == 0)
		return call_fail(call, "InvalidParameterValue", "Cannot use reserved security group name: %s", name);
	if (strncmp(name, "sg-", 3) == 0)
		return call_fail(call, "InvalidParameterValue",
			"Invalid value '%s' for groupName. Group names may not be in the format sg-*.", name);
	if (json_count(groups) >= SECURITY_GROUPS_MAX)
		return call_fail(
			call, "SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.");
	JSON_EACH(group, groups)
	if (view_equals_text(json_find_text(group, "vpcId"), vpc_id) &&
		view_equals_text(json_find_text(group, "groupName"), name))
		return call_fail(call, "InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'",
			name, vpc_id);
	return 0;
}

static const char *arn_of(struct call *call, const char *id)
{
	return call_text(call, "arn:aws:ec2:%s:%s:security-group/%s", control_region(call->control),
		control_account(call->control), id);
}

int op_create_security_group(struct call *call)
{
	const char *name = call_input(call, "GroupName"), *description = call_input(call, "GroupDescription"),
		   *vpc_id = call_input(call, "VpcId"), *id;
	struct json JSON_CLEANUP *group = json_object_new();
	struct json *tags;
	char hex[18];

	if (!vpc_id)
		return call_fail(call, "VPCIdNotSpecified", "No default VPC for this user");
	if (!network_vpc_exists(call, vpc_id))
		return call_fail(call, "InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", vpc_id);
	if (check_name(call, name, vpc_id) < 0 || check_ascii(call, "GroupDescription", description) < 0 ||
		ec2_check_description(call, "security group description", "descriptions", description) < 0)
		return CALL_FAILED;
	if (!*description)
		return call_fail(call, "MissingParameter", "The request must contain the parameter GroupDescription");
	tags = ec2_take_tags(call, "security-group");
	if (!tags)
		return CALL_FAILED;
	random_hex(hex, 17);
	id = call_text(call, "sg-%s", hex);
	json_set_c_string(group, "ownerId", control_account(call->control));
	json_set_c_string(group, "groupId", id);
	json_set_c_string(group, "groupName", name);
	json_set_c_string(group, "groupDescription", description);
	json_set_c_string(group, "vpcId", vpc_id);
	json_set(group, "tagSet", tags);
	security_group_add_default_egress(call, json_ensure_array(group, "securityGroupRuleSet"), id, vpc_id);
	if (ec2_refuse_dry_run(call) < 0)
		return CALL_FAILED;
	security_group_put(call, group);
	json_set_c_string(call->output, "groupId", id);
	json_set(call->output, "tagSet", json_copy(tags));
	json_set_c_string(call->output, "securityGroupArn", arn_of(call, id));
	return 0;
}

/* --- delete ------------------------------------------------------------------------------------------------------------------------- */

static bool is_used(struct call *call, const char *id)
{
	struct json JSON_CLEANUP *endpoints = record_list(call, STORE_vpcendpoint, NULL),
				 *balancers = record_list(call, STORE_loadbalancer, NULL);

	JSON_EACH(endpoint, endpoints)
	JSON_EACH(used, json_find(endpoint, "groupSet"))
	if (view_equals_text(json_find_text(used, "groupId"), id))
		return true;
	JSON_EACH(balancer, balancers)
	if (json_has_text(json_find(balancer, "SecurityGroups"), view_from_text(id)))
		return true;
	return false;
}

int op_delete_security_group(struct call *call)
{
	struct json JSON_CLEANUP *group = NULL;
	const char *id;

	if (ec2_find_wanted_group(call, &group) < 0)
		return CALL_FAILED;
	id = json_find_c_string(group, "groupId");
	if (security_group_is_default(call, group))
		return call_fail(call, "CannotDelete",
			"the specified group: \"%s\" name: \"default\" cannot be deleted by a user", id);
	if (is_used(call, id))
		return call_fail(call, "DependencyViolation", "resource %s has a dependent object", id);
	if (ec2_refuse_dry_run(call) < 0)
		return CALL_FAILED;
	record_delete(call, STORE_securitygroup, id);
	json_set_bool(call->output, "return", true);
	json_set_c_string(call->output, "groupId", id);
	return 0;
}

/* --- describe ----------------------------------------------------------------------------------------------------------------------- */

static bool is_same_number(const struct json *permission, const struct json *rule, const char *member)
{
	return json_find_integer(permission, member, -1) == json_find_integer(rule, member, -1);
}

/* The permission of `permissions` with the protocol and ports of a rule, added if there is none. */
static struct json *permission_of(struct json *permissions, const struct json *rule)
{
	struct view protocol = json_find_text(rule, "ipProtocol");
	struct json *permission = NULL;

	JSON_EACH(known, permissions)
	if (view_equals(json_find_text(known, "ipProtocol"), protocol) && is_same_number(known, rule, "fromPort") &&
		is_same_number(known, rule, "toPort"))
		return known;
	permission = json_object_new();
	json_set_text(permission, "ipProtocol", protocol);
	/* Protocols without ports have none here, and -1 in rules. */
	if (view_equals_text(protocol, "tcp") || view_equals_text(protocol, "udp") ||
		view_starts_with(protocol, view_of("icmp"))) {
		json_set_integer(permission, "fromPort", json_find_integer(rule, "fromPort", -1));
		json_set_integer(permission, "toPort", json_find_integer(rule, "toPort", -1));
	}
	json_set(permission, "groups", json_array_new());
	json_set(permission, "ipRanges", json_array_new());
	json_set(permission, "ipv6Ranges", json_array_new());
	json_set(permission, "prefixListIds", json_array_new());
	json_append(permissions, permission);
	return permission;
}

static struct json *permissions_shown(const struct json *group, bool is_egress)
{
	struct json *permissions = json_array_new();

	JSON_EACH(rule, json_find(group, "securityGroupRuleSet"))
	{
		bool is_v4 = json_find(rule, "cidrIpv4") != NULL;
		struct json *range;

		if (json_find_bool(rule, "isEgress", false) != is_egress)
			continue;
		range = json_object_new();
		json_set_text(
			range, is_v4 ? "cidrIp" : "cidrIpv6", json_find_text(rule, is_v4 ? "cidrIpv4" : "cidrIpv6"));
		if (json_find(rule, "description"))
			json_set_text(range, "description", json_find_text(rule, "description"));
		json_append(json_find(permission_of(permissions, rule), is_v4 ? "ipRanges" : "ipv6Ranges"), range);
	}
	return permissions;
}

static struct json *group_shown(struct call *call, const struct json *group)
{
	struct json *shown = json_copy(group);

	(void)json_remove(shown, "securityGroupRuleSet");
	json_set_c_string(shown, "securityGroupArn", arn_of(call, json_find_c_string(group, "groupId")));
	json_set(shown, "ipPermissions", permissions_shown(group, false));
	json_set(shown, "ipPermissionsEgress", permissions_shown(group, true));
	return shown;
}

/* A group as the filters see it: with its rules by direction. */
static struct json *group_filtered(const struct json *group)
{
	struct json *seen = json_copy(group), *in = json_array_new(), *out = json_array_new();

	JSON_EACH(rule, json_find(group, "securityGroupRuleSet"))
	json_append(json_find_bool(rule, "isEgress", false) ? out : in, json_copy(rule));
	json_set(seen, "in", in);
	json_set(seen, "out", out);
	return seen;
}

static int check_ids_and_names(struct call *call, const struct json *groups)
{
	JSON_EACH(wanted, json_find(call->input, "GroupId"))
	{
		struct json JSON_CLEANUP *group = NULL;

		if (ec2_find_group(call, json_c_string(wanted), &group) < 0)
			return CALL_FAILED;
	}
	JSON_EACH(wanted, json_find(call->input, "GroupName"))
	{
		bool known = false;

		JSON_EACH(group, groups)
		known = known || view_equals(json_find_text(group, "groupName"), json_text(wanted));
		if (!known)
			return call_fail(call, "InvalidGroup.NotFound",
				"The security group '" VIEW_FMT "' does not exist", VIEW_ARG(json_text(wanted)));
	}
	return 0;
}

int op_describe_security_groups(struct call *call)
{
	static const struct ec2_filter filters[] = {
		{ "description", NULL, "groupDescription" },
		{ "group-id", NULL, "groupId" },
		{ "group-name", NULL, "groupName" },
		{ "owner-id", NULL, "ownerId" },
		{ "vpc-id", NULL, "vpcId" },
		{ "ip-permission.cidr", "in", "cidrIpv4" },
		{ "ip-permission.ipv6-cidr", "in", "cidrIpv6" },
		{ "ip-permission.from-port", "in", "fromPort" },
		{ "ip-permission.to-port", "in", "toPort" },
		{ "ip-permission.protocol", "in", "ipProtocol" },
		{ "egress.ip-permission.cidr", "out", "cidrIpv4" },
		{ "egress.ip-permission.ipv6-cidr", "out", "cidrIpv6" },
		{ "egress.ip-permission.from-port", "out", "fromPort" },
		{ "egress.ip-permission.to-port", "out", "toPort" },
		{ "egress.ip-permission.protocol", "out", "ipProtocol" },
	};
	struct json JSON_CLEANUP *groups = security_group_list(call), *found = json_array_new();
	struct json *fitting;

	if (check_ids_and_names(call, groups) < 0)
		return CALL_FAILED;
	JSON_EACH(group, groups)
	{
		struct json JSON_CLEANUP *seen = group_filtered(group);
		int fit = ec2_filters_fit(call, seen, filters, ARRAY_COUNT(filters));

		if (fit < 0)
			return fit;
		if (fit && ec2_is_wanted(json_find(call->input, "GroupId"), json_find_text(group, "groupId")) &&
			ec2_is_wanted(json_find(call->input, "GroupName"), json_find_text(group, "groupName")))
			json_append(found, group_shown(call, group));
	}
	fitting = found;
	found = NULL;
	return ec2_page(call, "securityGroupInfo", fitting, "groupId", RESULTS_MIN);
}
