/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EC2: the Describe operations. Source: spec/endpoints.md 6.3. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/ec2.h"
#include "appliance/control/endpoints.h"
#include "appliance/control/networks.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

struct json *ec2_endpoint_shown(const struct call *call, const struct json *endpoint)
{
	static const char *const first[] = { "vpcEndpointId", "vpcEndpointType", "vpcId", "serviceName", "state",
		"policyDocument" };
	static const char *const second[] = { "subnetIdSet", "groupSet", "ipAddressType", "dnsOptions",
		"privateDnsEnabled" };
	struct json *shown = json_object_new(), *interfaces = json_array_new();

	for (size_t i = 0; i < ARRAY_COUNT(first); i++)
		json_set(shown, first[i], json_copy(json_find(endpoint, first[i])));
	json_set(shown, "routeTableIdSet", json_array_new());
	for (size_t i = 0; i < ARRAY_COUNT(second); i++)
		json_set(shown, second[i], json_copy(json_find(endpoint, second[i])));
	json_set_bool(shown, "requesterManaged", false);
	JSON_EACH(address, json_find(json_find(endpoint, "postern"), "addresses"))
	if (json_find(address, "networkInterfaceId"))
		json_append_text(interfaces, json_find_text(address, "networkInterfaceId"));
	json_set(shown, "networkInterfaceIdSet", interfaces);
	json_set(shown, "dnsEntrySet", endpoint_dns_entries(call->control, endpoint));
	json_set(shown, "creationTimestamp", json_copy(json_find(endpoint, "creationTimestamp")));
	json_set(shown, "tagSet", json_copy(json_find(endpoint, "tagSet")));
	json_set_c_string(shown, "ownerId", control_account(call->control));
	json_set_c_string(shown, "serviceRegion", control_region(call->control));
	return shown;
}

/* --- filters ------------------------------------------------------------------------------------------------------------------------ */

/* '*' any run, '?' one character. */
static bool matches(struct view pattern, struct view text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, star_text = 0;

	while (t < text.count) {
		if (p < pattern.count && pattern.at[p] == '*') {
			star = p++;
			star_text = t;
		} else if (p < pattern.count && (pattern.at[p] == '?' || pattern.at[p] == text.at[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++star_text;
		} else {
			return false;
		}
	}
	while (p < pattern.count && pattern.at[p] == '*')
		p++;
	return p == pattern.count;
}

static bool any_matches(const struct json *values, struct view text)
{
	JSON_EACH(value, values)
	if (matches(json_text(value), text))
		return true;
	return false;
}

struct filter_member {
	const char *filter; /* name of the filter */
	const char *member; /* of what is shown */
};

static bool tag_fits(const struct json *shown, struct view name, const struct json *values)
{
	bool by_key = view_equals_text(name, "tag-key");

	JSON_EACH(tag, json_find(shown, "tagSet"))
	{
		if (by_key ? any_matches(values, json_find_text(tag, "key"))
			   : view_equals(json_find_text(tag, "key"), view_after(name, 4)) &&
					any_matches(values, json_find_text(tag, "value")))
			return true;
	}
	return false;
}

/* 1 if all filters of the call fit, 0 if not, CALL_FAILED for an unknown one. */
static int fits(struct call *call, const struct json *shown, const struct filter_member *members, size_t member_count)
{
	JSON_EACH(filter, json_find(call->input, "Filter"))
	{
		struct view name = json_find_text(filter, "Name");
		const struct json *values = json_find(filter, "Value");
		const char *member = NULL;

		if (view_equals_text(name, "tag-key") || view_starts_with(name, view_of("tag:"))) {
			if (!tag_fits(shown, name, values))
				return 0;
			continue;
		}
		for (size_t i = 0; i < member_count; i++)
			if (view_equals_text(name, members[i].filter))
				member = members[i].member;
		if (!member)
			return call_fail(
				call, "InvalidParameterValue", "The filter '" VIEW_FMT "' is invalid", VIEW_ARG(name));
		if (!any_matches(values, json_find_text(shown, member)))
			return 0;
	}
	return 1;
}

static bool is_wanted(const struct json *ids, struct view id)
{
	JSON_EACH(wanted, ids)
	if (view_equals(json_text(wanted), id))
		return true;
	return json_count(ids) == 0;
}

/* --- endpoints ---------------------------------------------------------------------------------------------------------------------- */

static int check_ids(struct call *call)
{
	JSON_EACH(item, json_find(call->input, "VpcEndpointId"))
	{
		const char *id = json_c_string(item);

		if (!id || strncmp(id, "vpce-", 5) != 0)
			return call_fail(call, "InvalidVpcEndpointId.Malformed",
				"Invalid Id: '%s' (expecting 'vpce-...')", id ? id : "");
		if (!record_exists(call, STORE_vpcendpoint, id))
			return call_fail(
				call, "InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '%s' does not exist", id);
	}
	return 0;
}

/* Source: spec/endpoints.md 6.3. */
enum { RESULTS_MAX = 1000 };

int op_describe_vpc_endpoints(struct call *call)
{
	static const struct filter_member members[] = {
		{ "ip-address-type", "ipAddressType" },
		{ "service-name", "serviceName" },
		{ "service-region", "serviceRegion" },
		{ "vpc-id", "vpcId" },
		{ "vpc-endpoint-id", "vpcEndpointId" },
		{ "vpc-endpoint-state", "state" },
		{ "vpc-endpoint-type", "vpcEndpointType" },
	};
	struct json JSON_CLEANUP *endpoints = record_list(call, STORE_vpcendpoint, NULL);
	struct json *set = json_ensure_array(call->output, "vpcEndpointSet");
	int64_t max = json_find_integer(call->input, "MaxResults", RESULTS_MAX);
	const char *after = call_input(call, "NextToken");
	int error = check_ids(call);

	if (error == 0 && (max < 1 || max > RESULTS_MAX))
		return call_fail(call, "InvalidParameterValue", "Value (%lld) for parameter maxResults is invalid.",
			(long long)max);
	JSON_EACH(endpoint, endpoints)
	{
		struct view id = json_find_text(endpoint, "vpcEndpointId");
		struct json *shown;

		if (error < 0)
			return error;
		if (!is_wanted(json_find(call->input, "VpcEndpointId"), id) ||
			(after && view_compare(id, view_from_text(after)) <= 0))
			continue;
		shown = ec2_endpoint_shown(call, endpoint);
		error = fits(call, shown, members, ARRAY_COUNT(members));
		if (error != 1) {
			json_free(shown);
			continue;
		}
		error = 0;
		if ((int64_t)json_count(set) == max) {
			json_set(call->output, "nextToken",
				json_copy(json_find(json_at(set, json_count(set) - 1), "vpcEndpointId")));
			json_free(shown);
			return 0;
		}
		json_append(set, shown);
	}
	return error < 0 ? error : 0;
}

/* --- what the settings' networks stand for -------------------------------------------------------------------------------------------- */

int op_describe_vpc_endpoint_services(struct call *call)
{
	const char *name = call_text(call, "com.amazonaws.%s.execute-api", control_region(call->control));
	struct json *names = json_ensure_array(call->output, "serviceNameSet");
	struct json *details = json_ensure_array(call->output, "serviceDetailSet"), *detail, *types, *type, *zones,
		    *address_types;

	JSON_EACH(wanted, json_find(call->input, "ServiceName"))
	if (!view_equals_text(json_text(wanted), name))
		return call_fail(call, "InvalidServiceName", "The Vpc Endpoint Service '" VIEW_FMT "' does not exist",
			VIEW_ARG(json_text(wanted)));
	json_append_text(names, view_from_text(name));
	detail = json_object_new();
	json_set_c_string(detail, "serviceName", name);
	types = json_ensure_array(detail, "serviceType");
	type = json_object_new();
	json_set_c_string(type, "serviceType", "Interface");
	json_append(types, type);
	zones = json_ensure_array(detail, "availabilityZoneSet");
	for (size_t i = 0; i < call->control->settings.network_count; i++)
		json_append_text(zones, view_from_text(call->control->networks[i].zone));
	json_set_c_string(detail, "owner", "amazon");
	json_set_c_string(detail, "privateDnsName",
		call_text(call, "*.execute-api.%s.amazonaws.com", control_region(call->control)));
	json_set_bool(detail, "vpcEndpointPolicySupported", true);
	json_set_bool(detail, "acceptanceRequired", false);
	address_types = json_ensure_array(detail, "supportedIpAddressTypeSet");
	json_append_text(address_types, view_of("ipv4"));
	json_append_text(address_types, view_of("ipv6"));
	json_append(details, detail);
	return 0;
}

static struct json *vpc_shown(struct call *call, const char *id)
{
	struct json *vpc = json_object_new(), *blocks = json_array_new();

	json_set_c_string(vpc, "vpcId", id);
	json_set_c_string(vpc, "ownerId", control_account(call->control));
	json_set_c_string(vpc, "state", "available");
	for (size_t i = 0; i < call->control->settings.network_count; i++) {
		const struct netns_network *network = &call->control->networks[i];
		struct json *block;

		if (strcmp(network->vpc_id, id) != 0 || network->v4.family != AF_INET)
			continue;
		if (!json_find(vpc, "cidrBlock"))
			json_set_c_string(vpc, "cidrBlock", network_prefix_text(call, &network->v4));
		block = json_object_new();
		json_set_c_string(block, "cidrBlock", network_prefix_text(call, &network->v4));
		json_set_c_string(block, "associationId", call_text(call, "vpc-cidr-assoc-%08zx", i));
		json_set_c_string(json_ensure_object(block, "cidrBlockState"), "state", "associated");
		json_append(blocks, block);
	}
	json_set(vpc, "cidrBlockAssociationSet", blocks);
	json_set_c_string(vpc, "instanceTenancy", "default");
	json_set_bool(vpc, "isDefault", false);
	json_set(vpc, "tagSet", json_array_new());
	return vpc;
}

int op_describe_vpcs(struct call *call)
{
	static const struct filter_member members[] = { { "vpc-id", "vpcId" }, { "cidr", "cidrBlock" },
		{ "state", "state" }, { "owner-id", "ownerId" } };
	struct json JSON_CLEANUP *ids = network_vpc_ids(call);
	struct json *set = json_ensure_array(call->output, "vpcSet");

	JSON_EACH(wanted, json_find(call->input, "VpcId"))
	if (!network_vpc_exists(call, json_c_string(wanted)))
		return call_fail(
			call, "InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", json_c_string(wanted));
	JSON_EACH(id, ids)
	{
		struct json *vpc = is_wanted(json_find(call->input, "VpcId"), json_text(id))
					   ? vpc_shown(call, json_c_string(id))
					   : NULL;
		int fit = vpc ? fits(call, vpc, members, ARRAY_COUNT(members)) : 0;

		if (fit == 1)
			json_append(set, vpc);
		else
			json_free(vpc);
		if (fit < 0)
			return fit;
	}
	return 0;
}

static struct json *subnet_shown(struct call *call, const struct netns_network *network)
{
	struct json *subnet = json_object_new(), *blocks = json_array_new();

	json_set_c_string(subnet, "subnetId", network->subnet_id);
	json_set_c_string(subnet, "vpcId", network->vpc_id);
	json_set_c_string(subnet, "ownerId", control_account(call->control));
	json_set_c_string(subnet, "state", "available");
	json_set_c_string(subnet, "availabilityZone", network->zone);
	if (network->v4.family == AF_INET)
		json_set_c_string(subnet, "cidrBlock", network_prefix_text(call, &network->v4));
	if (network->v6.family == AF_INET6) {
		struct json *block = json_object_new();

		json_set_c_string(block, "ipv6CidrBlock", network_prefix_text(call, &network->v6));
		json_set_c_string(json_ensure_object(block, "ipv6CidrBlockState"), "state", "associated");
		json_append(blocks, block);
	}
	json_set(subnet, "ipv6CidrBlockAssociationSet", blocks);
	json_set(subnet, "tagSet", json_array_new());
	return subnet;
}

int op_describe_subnets(struct call *call)
{
	static const struct filter_member members[] = { { "vpc-id", "vpcId" }, { "subnet-id", "subnetId" },
		{ "availability-zone", "availabilityZone" }, { "cidr-block", "cidrBlock" }, { "state", "state" } };
	struct json *set = json_ensure_array(call->output, "subnetSet");

	JSON_EACH(wanted, json_find(call->input, "SubnetId"))
	if (network_find_subnet(call->control, json_c_string(wanted)) < 0)
		return call_fail(
			call, "InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", json_c_string(wanted));
	for (size_t i = 0; i < call->control->settings.network_count; i++) {
		const struct netns_network *network = &call->control->networks[i];
		struct json *subnet = is_wanted(json_find(call->input, "SubnetId"), view_from_text(network->subnet_id))
					      ? subnet_shown(call, network)
					      : NULL;
		int fit = subnet ? fits(call, subnet, members, ARRAY_COUNT(members)) : 0;

		if (fit == 1)
			json_append(set, subnet);
		else
			json_free(subnet);
		if (fit < 0)
			return fit;
	}
	return 0;
}

int op_describe_security_groups(struct call *call)
{
	static const struct filter_member members[] = { { "vpc-id", "vpcId" }, { "group-id", "groupId" },
		{ "group-name", "groupName" } };
	struct json JSON_CLEANUP *ids = network_vpc_ids(call);
	struct json *set = json_ensure_array(call->output, "securityGroupInfo");

	JSON_EACH(id, ids)
	{
		struct json *group = json_object_new();
		int fit;

		json_set_c_string(group, "ownerId", control_account(call->control));
		json_set_c_string(group, "groupId", network_default_group(call, json_c_string(id)));
		json_set_c_string(group, "groupName", "default");
		json_set_c_string(group, "groupDescription", "default VPC security group");
		json_set_text(group, "vpcId", json_text(id));
		json_set(group, "ipPermissions", json_array_new());
		json_set(group, "tagSet", json_array_new());
		fit = is_wanted(json_find(call->input, "GroupId"), json_find_text(group, "groupId"))
			      ? fits(call, group, members, ARRAY_COUNT(members))
			      : 0;
		if (fit == 1)
			json_append(set, group);
		else
			json_free(group);
		if (fit < 0)
			return fit;
	}
	return 0;
}
