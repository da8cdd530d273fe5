/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EC2: the Describe operations. Source: spec/endpoints.md 6.3. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/ec2/ec2.h"
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

static bool value_fits(const struct json *values, const struct json *value)
{
	if (json_is_bool(value))
		return any_matches(values, view_from_text(json_bool(value, false) ? "true" : "false"));
	return any_matches(values, json_is_number(value) ? json_number_text(value) : json_text(value));
}

static bool filter_fits(const struct ec2_filter *filter, const struct json *shown, const struct json *values)
{
	if (!filter->list)
		return value_fits(values, json_find(shown, filter->member));
	JSON_EACH(item, json_find(shown, filter->list))
	if (json_find(item, filter->member) && value_fits(values, json_find(item, filter->member)))
		return true;
	return false;
}

int ec2_filters_fit(struct call *call, const struct json *shown, const struct ec2_filter *filters, size_t count)
{
	int fit = 1;

	JSON_EACH(asked, json_find(call->input, "Filter"))
	{
		struct view name = json_find_text(asked, "Name");
		const struct json *values = json_find(asked, "Value");
		const struct ec2_filter *filter = NULL;

		if (view_equals_text(name, "tag-key") || view_starts_with(name, view_of("tag:"))) {
			fit = tag_fits(shown, name, values) ? fit : 0;
			continue;
		}
		for (size_t i = 0; i < count; i++)
			if (view_equals_text(name, filters[i].name))
				filter = &filters[i];
		if (!filter)
			return call_fail(
				call, "InvalidParameterValue", "The filter '" VIEW_FMT "' is invalid", VIEW_ARG(name));
		fit = filter_fits(filter, shown, values) ? fit : 0;
	}
	return fit;
}

bool ec2_is_wanted(const struct json *ids, struct view id)
{
	JSON_EACH(wanted, ids)
	if (view_equals(json_text(wanted), id))
		return true;
	return json_count(ids) == 0;
}

int ec2_page(struct call *call, const char *set, struct json *items, const char *id_member, int64_t min)
{
	struct json *page = json_ensure_array(call->output, set);
	int64_t max = json_find_integer(call->input, "MaxResults", EC2_RESULTS_MAX);
	struct view after = json_find_text(call->input, "NextToken");
	size_t next = 0;

	if (max < min || max > EC2_RESULTS_MAX) {
		json_free(items);
		return call_fail(call, "InvalidParameterValue", "Value (%lld) for parameter maxResults is invalid.",
			(long long)max);
	}
	while (next < json_count(items) && view_compare(json_find_text(json_at(items, next), id_member), after) <= 0)
		next++;
	while (next < json_count(items) && (int64_t)json_count(page) < max)
		json_append(page, json_take_at(items, next));
	if (next < json_count(items))
		json_set(call->output, "nextToken",
			json_copy(json_find(json_at(page, json_count(page) - 1), id_member)));
	json_free(items);
	return 0;
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

int op_describe_vpc_endpoints(struct call *call)
{
	static const struct ec2_filter filters[] = {
		{ "ip-address-type", NULL, "ipAddressType" },
		{ "service-name", NULL, "serviceName" },
		{ "service-region", NULL, "serviceRegion" },
		{ "vpc-id", NULL, "vpcId" },
		{ "vpc-endpoint-id", NULL, "vpcEndpointId" },
		{ "vpc-endpoint-state", NULL, "state" },
		{ "vpc-endpoint-type", NULL, "vpcEndpointType" },
	};
	struct json JSON_CLEANUP *endpoints = record_list(call, STORE_vpcendpoint, NULL), *found = json_array_new();
	struct json *fitting;

	if (check_ids(call) < 0)
		return CALL_FAILED;
	JSON_EACH(endpoint, endpoints)
	{
		struct json *shown = ec2_endpoint_shown(call, endpoint);
		int fit = ec2_filters_fit(call, shown, filters, ARRAY_COUNT(filters));

		if (fit == 1 && ec2_is_wanted(json_find(call->input, "VpcEndpointId"),
					json_find_text(endpoint, "vpcEndpointId")))
			json_append(found, shown);
		else
			json_free(shown);
		if (fit < 0)
			return fit;
	}
	fitting = found;
	found = NULL;
	return ec2_page(call, "vpcEndpointSet", fitting, "vpcEndpointId", 1);
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
	static const struct ec2_filter filters[] = { { "vpc-id", NULL, "vpcId" }, { "cidr", NULL, "cidrBlock" },
		{ "state", NULL, "state" }, { "owner-id", NULL, "ownerId" } };
	struct json JSON_CLEANUP *ids = network_vpc_ids(call);
	struct json *set = json_ensure_array(call->output, "vpcSet");

	JSON_EACH(wanted, json_find(call->input, "VpcId"))
	if (!network_vpc_exists(call, json_c_string(wanted)))
		return call_fail(
			call, "InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", json_c_string(wanted));
	JSON_EACH(id, ids)
	{
		struct json *vpc = ec2_is_wanted(json_find(call->input, "VpcId"), json_text(id))
					   ? vpc_shown(call, json_c_string(id))
					   : NULL;
		int fit = vpc ? ec2_filters_fit(call, vpc, filters, ARRAY_COUNT(filters)) : 0;

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
	static const struct ec2_filter filters[] = { { "vpc-id", NULL, "vpcId" }, { "subnet-id", NULL, "subnetId" },
		{ "availability-zone", NULL, "availabilityZone" }, { "cidr-block", NULL, "cidrBlock" },
		{ "state", NULL, "state" } };
	struct json *set = json_ensure_array(call->output, "subnetSet");

	JSON_EACH(wanted, json_find(call->input, "SubnetId"))
	if (network_find_subnet(call->control, json_c_string(wanted)) < 0)
		return call_fail(
			call, "InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", json_c_string(wanted));
	for (size_t i = 0; i < call->control->settings.network_count; i++) {
		const struct netns_network *network = &call->control->networks[i];
		struct json *subnet =
			ec2_is_wanted(json_find(call->input, "SubnetId"), view_from_text(network->subnet_id))
				? subnet_shown(call, network)
				: NULL;
		int fit = subnet ? ec2_filters_fit(call, subnet, filters, ARRAY_COUNT(filters)) : 0;

		if (fit == 1)
			json_append(set, subnet);
		else
			json_free(subnet);
		if (fit < 0)
			return fit;
	}
	return 0;
}
