/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * EC2: what tools read beside endpoints and security groups: the endpoints' network interfaces, attributes of VPCs, prefix
 * lists, of which there are none.
 * Source: EC2 API Reference: DescribeNetworkInterfaces, DescribeVpcAttribute, DescribePrefixLists. Messages for unknown
 * interfaces and attributes are unconfirmed.
 */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/ec2/ec2.h"
#include "appliance/control/networks.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* Source: EC2 API Reference, DescribeNetworkInterfaces and DescribePrefixLists, MaxResults. */
enum { RESULTS_MIN = 5 };

/* --- network interfaces ------------------------------------------------------------------------------------------------------------- */

static void add_addresses(struct json *shown, const struct json *address)
{
	struct json *v4 = json_ensure_array(shown, "privateIpAddressesSet"),
		    *v6 = json_ensure_array(shown, "ipv6AddressesSet"), *entry;

	if (json_find(address, "ipv4")) {
		json_set_text(shown, "privateIpAddress", json_find_text(address, "ipv4"));
		entry = json_object_new();
		json_set_text(entry, "privateIpAddress", json_find_text(address, "ipv4"));
		json_set_bool(entry, "primary", true);
		json_append(v4, entry);
	}
	if (json_find(address, "ipv6")) {
		entry = json_object_new();
		json_set_text(entry, "ipv6Address", json_find_text(address, "ipv6"));
		json_append(v6, entry);
	}
}

static struct json *interface_shown(struct call *call, const struct json *endpoint, const struct json *address)
{
	static const char *const copied[] = { "networkInterfaceId", "subnetId", "availabilityZone" };
	struct json *shown = json_object_new(), *attachment;

	for (size_t i = 0; i < ARRAY_COUNT(copied); i++)
		json_set_text(shown, copied[i], json_find_text(address, copied[i]));
	json_set_text(shown, "vpcId", json_find_text(endpoint, "vpcId"));
	json_set(shown, "description",
		json_text_new_printf("VPC Endpoint Interface %s", json_find_c_string(endpoint, "vpcEndpointId")));
	json_set_c_string(shown, "ownerId", control_account(call->control));
	json_set_bool(shown, "requesterManaged", true);
	json_set_c_string(shown, "interfaceType", "vpc_endpoint");
	json_set_c_string(shown, "status", "in-use");
	json_set_bool(shown, "sourceDestCheck", true);
	json_set(shown, "groupSet", json_copy(json_find(endpoint, "groupSet")));
	add_addresses(shown, address);
	attachment = json_ensure_object(shown, "attachment");
	json_set_c_string(attachment, "status", "attached");
	json_set_c_string(attachment, "instanceOwnerId", "amazon-aws");
	json_set_bool(attachment, "deleteOnTermination", false);
	json_set(shown, "tagSet", json_array_new());
	return shown;
}

static int compare_ids(const struct json *left, const struct json *right)
{
	return view_compare(json_find_text(left, "networkInterfaceId"), json_find_text(right, "networkInterfaceId"));
}

/* The interfaces of all endpoints, in order of id. Local mode's endpoint has none. */
static struct json *all_interfaces(struct call *call)
{
	struct json JSON_CLEANUP *endpoints = record_list(call, STORE_vpcendpoint, NULL);
	struct json *all = json_array_new();

	JSON_EACH(endpoint, endpoints)
	JSON_EACH(address, json_find(json_find(endpoint, "postern"), "addresses"))
	if (json_find(address, "networkInterfaceId"))
		json_append(all, interface_shown(call, endpoint, address));
	json_sort(all, compare_ids);
	return all;
}

static int check_ids(struct call *call, const struct json *all)
{
	JSON_EACH(wanted, json_find(call->input, "NetworkInterfaceId"))
	{
		const char *id = json_c_string(wanted);
		bool known = false;

		if (!id || strncmp(id, "eni-", 4) != 0)
			return call_fail(call, "InvalidNetworkInterfaceId.Malformed",
				"Invalid id: \"%s\" (expecting \"eni-...\")", id ? id : "");
		JSON_EACH(interface, all)
		known = known || view_equals_text(json_find_text(interface, "networkInterfaceId"), id);
		if (!known)
			return call_fail(call, "InvalidNetworkInterfaceID.NotFound",
				"The networkInterface ID '%s' does not exist", id);
	}
	return 0;
}

int op_describe_network_interfaces(struct call *call)
{
	static const struct ec2_filter filters[] = {
		{ "addresses.private-ip-address", "privateIpAddressesSet", "privateIpAddress" },
		{ "availability-zone", NULL, "availabilityZone" },
		{ "description", NULL, "description" },
		{ "group-id", "groupSet", "groupId" },
		{ "group-name", "groupSet", "groupName" },
		{ "interface-type", NULL, "interfaceType" },
		{ "ipv6-addresses.ipv6-address", "ipv6AddressesSet", "ipv6Address" },
		{ "network-interface-id", NULL, "networkInterfaceId" },
		{ "owner-id", NULL, "ownerId" },
		{ "private-ip-address", NULL, "privateIpAddress" },
		{ "requester-managed", NULL, "requesterManaged" },
		{ "status", NULL, "status" },
		{ "subnet-id", NULL, "subnetId" },
		{ "vpc-id", NULL, "vpcId" },
	};
	struct json JSON_CLEANUP *all = all_interfaces(call), *found = json_array_new();
	struct json *fitting;

	if (check_ids(call, all) < 0)
		return CALL_FAILED;
	JSON_EACH(interface, all)
	{
		int fit = ec2_filters_fit(call, interface, filters, ARRAY_COUNT(filters));

		if (fit < 0)
			return fit;
		if (fit && ec2_is_wanted(json_find(call->input, "NetworkInterfaceId"),
				   json_find_text(interface, "networkInterfaceId")))
			json_append(found, json_copy(interface));
	}
	fitting = found;
	found = NULL;
	return ec2_page(call, "networkInterfaceSet", fitting, "networkInterfaceId", RESULTS_MIN);
}

/* --- attributes of VPCs, prefix lists ---------------------------------------------------------------------------------------------------- */

int op_describe_vpc_attribute(struct call *call)
{
	static const struct {
		const char *name;
		bool value;
	} attributes[] = {
		/* The endpoints' DNS server answers for the VPC, and its names are those of the private zones. */
		{ "enableDnsSupport", true },
		{ "enableDnsHostnames", true },
		{ "enableNetworkAddressUsageMetrics", false },
	};
	const char *id = call_input(call, "VpcId"), *name = call_input(call, "Attribute");

	if (!network_vpc_exists(call, id))
		return call_fail(call, "InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id);
	json_set_c_string(call->output, "vpcId", id);
	for (size_t i = 0; i < ARRAY_COUNT(attributes); i++) {
		if (strcmp(attributes[i].name, name) != 0)
			continue;
		json_set_bool(json_ensure_object(call->output, name), "value", attributes[i].value);
		return 0;
	}
	return call_fail(call, "InvalidParameterValue",
		"Value (%s) for parameter attribute is invalid. Unknown attribute.", name);
}

int op_describe_prefix_lists(struct call *call)
{
	JSON_EACH(wanted, json_find(call->input, "PrefixListId"))
	return call_fail(call, "InvalidPrefixListId.NotFound", "The prefix list ID '" VIEW_FMT "' does not exist",
		VIEW_ARG(json_text(wanted)));
	json_set(call->output, "prefixListSet", json_array_new());
	return 0;
}
