/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EC2: CreateVpcEndpoint, ModifyVpcEndpoint, DeleteVpcEndpoints. Source: spec/endpoints.md 6. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "appliance/base/log.h"
#include "appliance/control/authorize.h"
#include "appliance/control/documents.h"
#include "appliance/control/ec2/ec2.h"
#include "appliance/control/endpoints.h"
#include "appliance/control/filter/security_groups.h"
#include "appliance/control/networks.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* Source: Amazon VPC quotas, interface endpoints per VPC. */
enum { ENDPOINTS_PER_VPC_MAX = 50 };

int ec2_refuse_dry_run(struct call *call)
{
	if (!json_find_bool(call->input, "DryRun", false))
		return 0;
	return call_fail(call, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
}

/* --- checks ----------------------------------------------------------------------------------------------------------------------- */

static bool subnet_id_valid(const char *id)
{
	return strncmp(id, "subnet-", 7) == 0 && id[7] &&
	       strspn(id + 7, "0123456789abcdefghijklmnopqrstuvwxyz") == strlen(id + 7);
}

/* Does another subnet of the endpoint lie in the same zone? */
static bool zone_is_used(const struct control *control, const struct json *subnets, const char *zone)
{
	JSON_EACH(other, subnets)
	{
		long index = network_find_subnet(control, json_c_string(other));

		if (index >= 0 && strcmp(control->networks[index].zone, zone) == 0)
			return true;
	}
	return false;
}

/* Check subnets one by one and add them to `accepted`, which may hold some already. */
static int check_subnets(struct call *call, const char *vpc_id, const struct json *wanted, struct json *accepted)
{
	JSON_EACH(subnet, wanted)
	{
		const char *id = json_c_string(subnet);
		long index = id ? network_find_subnet(call->control, id) : -1;

		if (!id || !subnet_id_valid(id))
			return call_fail(call, "InvalidSubnetId.Malformed",
				"Invalid Subnet Id: '%s' (expecting 'subnet-...; the Id may only contain lowercase "
				"alphanumeric characters and a "
				"single dash')",
				id ? id : "");
		if (index < 0 || strcmp(call->control->networks[index].vpc_id, vpc_id) != 0)
			return call_fail(call, "InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id);
		if (zone_is_used(call->control, accepted, call->control->networks[index].zone))
			return call_fail(call, "DuplicateSubnetsInSameZone",
				"Found another VPC endpoint subnet in the availability zone of %s. VPC endpoint "
				"subnets should be in different "
				"availability zones supported by the VPC endpoint service.",
				id);
		json_append_text(accepted, view_from_text(id));
	}
	return 0;
}

/* Add groups to `set` (a groupSet), each once, all of them of the endpoint's VPC. */
static int add_groups(struct call *call, struct json *set, const char *vpc_id, const struct json *wanted)
{
	JSON_EACH(id, wanted)
	{
		struct json JSON_CLEANUP *group = NULL;
		struct json *entry;
		bool known = false;

		if (ec2_find_group(call, json_c_string(id), &group) < 0)
			return CALL_FAILED;
		if (!view_equals_text(json_find_text(group, "vpcId"), vpc_id))
			return call_fail(call, "InvalidGroup.NotFound",
				"You have specified two resources that belong to different networks.");
		JSON_EACH(used, set)
		known = known || view_equals(json_find_text(used, "groupId"), json_text(id));
		if (known)
			continue;
		entry = json_object_new();
		json_set_text(entry, "groupId", json_find_text(group, "groupId"));
		json_set_text(entry, "groupName", json_find_text(group, "groupName"));
		json_append(set, entry);
	}
	if (json_count(set) > SECURITY_GROUPS_PER_ENDPOINT_MAX)
		return call_fail(call, "SecurityGroupsPerInterfaceLimitExceeded",
			"The maximum number of security groups per interface has been reached.");
	return 0;
}

static int check_private_dns(struct call *call, const struct json *endpoints, const char *vpc_id, const char *own_id)
{
	JSON_EACH(other, endpoints)
	if (view_equals_text(json_find_text(other, "vpcId"), vpc_id) &&
		json_find_bool(other, "privateDnsEnabled", false) &&
		(!own_id || !view_equals_text(json_find_text(other, "vpcEndpointId"), own_id)))
		return call_fail(call, "InvalidParameter",
			"private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
			"execute-api.%s.amazonaws.com "
			"in the VPC %s",
			control_region(call->control), vpc_id);
	return 0;
}

static int check_create(struct call *call, const struct json *endpoints)
{
	const char *type = call_input(call, "VpcEndpointType"), *vpc_id = call_input(call, "VpcId"),
		   *service = call_input(call, "ServiceName");
	const char *wanted = call_text(call, "com.amazonaws.%s.execute-api", control_region(call->control));
	size_t in_vpc = 0;

	if (call->control->settings.local)
		return call_fail(call, "UnsupportedOperation", "In local mode there is the built-in endpoint alone.");
	if (!network_vpc_exists(call, vpc_id))
		return call_fail(call, "InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", vpc_id);
	if (strcmp(service, wanted) != 0)
		return call_fail(call, "InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist", service);
	if (!type || strcmp(type, "Interface") != 0)
		return call_fail(call, "InvalidParameter",
			"Endpoint type (%s) does not match available service types ([Interface]).",
			type ? type : "Gateway");
	if (json_count(json_find(call->input, "RouteTableId")))
		return call_fail(
			call, "InvalidParameter", "Route table IDs are only supported for Gateway type VPC Endpoint.");
	JSON_EACH(other, endpoints)
	in_vpc += view_equals_text(json_find_text(other, "vpcId"), vpc_id);
	if (in_vpc >= ENDPOINTS_PER_VPC_MAX)
		return call_fail(
			call, "VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.");
	return 0;
}

/* --- addresses ---------------------------------------------------------------------------------------------------------------------- */

/* What SubnetConfiguration asks for in a subnet, or NULL. */
static const char *wished_address(struct call *call, const char *subnet_id, const char *member)
{
	JSON_EACH(configuration, json_find(call->input, "SubnetConfiguration"))
	if (view_equals_text(json_find_text(configuration, "SubnetId"), subnet_id))
		return json_find_c_string(configuration, member);
	return NULL;
}

static int place_address(struct call *call, struct json *entry, size_t index, int family, const struct json *endpoints)
{
	const struct netns_network *network = &call->control->networks[index];
	bool is_v4 = family == AF_INET;
	const char *wish = wished_address(call, network->subnet_id, is_v4 ? "Ipv4" : "Ipv6"), *text = NULL;
	bool taken = false;

	if (!network_has_family(call->control, index, family))
		return call_fail(call, "InvalidParameter",
			"The subnet %s has no %s prefix, which the IP address type of the endpoint needs.",
			network->subnet_id, is_v4 ? "IPv4" : "IPv6");
	text = wish ? network_take_wished(call, index, family, wish, endpoints, &taken)
		    : network_take_address(call, index, family, endpoints);
	if (taken)
		return call_fail(call, "InvalidIPAddress.InUse", "Address %s is in use.", wish);
	if (wish && !text)
		return call_fail(call, "InvalidParameterValue", "The address %s can't be used in the subnet %s", wish,
			network->subnet_id);
	if (!text)
		return call_fail(call, "InsufficientFreeAddressesInSubnet",
			"There are not enough free addresses in subnet '%s'.", network->subnet_id);
	json_set_c_string(entry, is_v4 ? "ipv4" : "ipv6", text);
	return 0;
}

/* One interface in one subnet: an id, and an address of each family that the endpoint has. */
static int add_interface(struct call *call, struct json *endpoint, const char *subnet_id, const struct json *endpoints)
{
	const char *type = json_find_c_string(endpoint, "ipAddressType");
	size_t index = (size_t)network_find_subnet(call->control, subnet_id);
	struct json *entry = json_object_new();
	char hex[18];
	int error = 0;

	json_append(json_ensure_array(json_ensure_object(endpoint, "postern"), "addresses"), entry);
	random_hex(hex, 17);
	json_set_c_string(entry, "subnetId", subnet_id);
	json_set_c_string(entry, "availabilityZone", call->control->networks[index].zone);
	json_set(entry, "networkInterfaceId", json_text_new_printf("eni-%s", hex));
	if (strcmp(type, "ipv6") != 0)
		error = place_address(call, entry, index, AF_INET, endpoints);
	if (error == 0 && strcmp(type, "ipv4") != 0)
		error = place_address(call, entry, index, AF_INET6, endpoints);
	return error;
}

/* --- create ------------------------------------------------------------------------------------------------------------------------- */

static const char *policy_of(struct call *call, int *ret_error)
{
	const char *text = call_input(call, "PolicyDocument"), *normal = endpoint_full_access;

	*ret_error = text && *text ? document_normalise(call, POLICY_KIND_ENDPOINT, NULL, text, &normal) : 0;
	return normal;
}

static int take_address_type(struct call *call, struct json *endpoint)
{
	const char *old = json_find_c_string(endpoint, "ipAddressType"), *wish = call_input(call, "IpAddressType");
	const char *type = wish ? wish : old ? old : "ipv4";
	const char *record_type = json_find_c_string(json_find(call->input, "DnsOptions"), "DnsRecordIpType");

	if (strcmp(type, "ipv4") != 0 && strcmp(type, "ipv6") != 0 && strcmp(type, "dualstack") != 0)
		return call_fail(
			call, "InvalidParameterValue", "Value (%s) for parameter IpAddressType is invalid.", type);
	if (record_type && strcmp(record_type, "ipv4") != 0 && strcmp(record_type, "ipv6") != 0 &&
		strcmp(record_type, "dualstack") != 0 && strcmp(record_type, "service-defined") != 0)
		return call_fail(call, "InvalidParameterValue", "Value (%s) for parameter DnsRecordIpType is invalid.",
			record_type);
	json_set_c_string(endpoint, "ipAddressType", type);
	if (record_type || wish || !old)
		json_set_c_string(json_ensure_object(endpoint, "dnsOptions"), "dnsRecordIpType",
			record_type ? record_type : type);
	return 0;
}

/* The groups that are asked for, or the VPC's default group. */
static int take_groups(struct call *call, struct json *endpoint, const char *vpc_id)
{
	struct json *set = json_ensure_array(endpoint, "groupSet");
	struct json JSON_CLEANUP *otherwise = json_array_new();
	const struct json *wanted = json_find(call->input, "SecurityGroupId");

	json_append_text(otherwise, view_from_text(network_default_group(call, vpc_id)));
	return add_groups(call, set, vpc_id, json_count(wanted) ? wanted : otherwise);
}

/* Wanted subnets: SubnetId.N and those that only SubnetConfiguration names. */
static struct json *wanted_subnets(const struct call *call)
{
	struct json *subnets =
		json_find(call->input, "SubnetId") ? json_copy(json_find(call->input, "SubnetId")) : json_array_new();

	JSON_EACH(configuration, json_find(call->input, "SubnetConfiguration"))
	{
		struct view id = json_find_text(configuration, "SubnetId");
		bool known = false;

		JSON_EACH(subnet, subnets)
		known = known || view_equals(json_text(subnet), id);
		if (!known && id.count)
			json_append_text(subnets, id);
	}
	return subnets;
}

/* permissions.def knows SubnetId.N alone: a subnet counts by whatever member it is named. */
static int authorize_subnets(struct call *call)
{
	struct json JSON_CLEANUP *wanted = wanted_subnets(call);
	int error = 0;

	JSON_EACH(subnet, wanted)
	if (error == 0)
		error = authorize_action(call, "ec2:CreateVpcEndpoint",
			call_view(call, "arn:aws:ec2:%s:%s:subnet/" VIEW_FMT, control_region(call->control),
				control_account(call->control), VIEW_ARG(json_text(subnet))));
	return error;
}

static int build(struct call *call, struct json *endpoint, const struct json *endpoints)
{
	const char *vpc_id = call_input(call, "VpcId"), *policy;
	struct json JSON_CLEANUP *wanted = wanted_subnets(call);
	struct json *subnets = json_array_new(), *tags;
	bool private_dns = json_find_bool(call->input, "PrivateDnsEnabled", true);
	char hex[18], suffix[9];
	int error;

	random_hex(hex, 17);
	random_lower_alnum(suffix, 8);
	json_set(endpoint, "vpcEndpointId", json_text_new_printf("vpce-%s", hex));
	json_set_c_string(endpoint, "vpcEndpointType", "Interface");
	json_set_c_string(endpoint, "vpcId", vpc_id);
	json_set_c_string(endpoint, "serviceName", call_input(call, "ServiceName"));
	json_set_c_string(endpoint, "state", "available");
	json_set(endpoint, "subnetIdSet", subnets);
	policy = policy_of(call, &error);
	json_set_c_string(endpoint, "policyDocument", policy);
	if (error == 0)
		error = check_subnets(call, vpc_id, wanted, subnets);
	if (error == 0)
		error = take_groups(call, endpoint, vpc_id);
	if (error == 0 && private_dns)
		error = check_private_dns(call, endpoints, vpc_id, NULL);
	if (error == 0)
		error = take_address_type(call, endpoint);
	if (error < 0)
		return error;
	tags = ec2_take_tags(call, "vpc-endpoint");
	if (!tags)
		return CALL_FAILED;
	json_set_bool(endpoint, "privateDnsEnabled", private_dns);
	json_set(endpoint, "creationTimestamp", call_now_iso(call));
	json_set(endpoint, "tagSet", tags);
	json_set_c_string(json_ensure_object(endpoint, "postern"), "dnsSuffix", suffix);
	json_set_c_string(json_ensure_object(endpoint, "postern"), "filterMode",
		call->control->settings.default_filter_mode ? call->control->settings.default_filter_mode : "reset");
	JSON_EACH(subnet, subnets)
	if (error == 0)
		error = add_interface(call, endpoint, json_c_string(subnet), endpoints);
	return error;
}

/* The same token with the same wishes is the same endpoint. `*ret` is the one that was made, or NULL. */
static int find_by_token(struct call *call, const struct json *endpoints, const struct json **ret)
{
	const char *token = call_input(call, "ClientToken");

	*ret = NULL;
	if (!token)
		return 0;
	JSON_EACH(endpoint, endpoints)
	{
		const struct json *request = json_find_path(endpoint, "postern", "request", NULL);

		if (!view_equals_text(json_find_text(request, "ClientToken"), token))
			continue;
		if (!json_equals(request, call->input))
			return call_fail(call, "IdempotentParameterMismatch",
				"The client token %s was used before with other parameters.", token);
		*ret = endpoint;
		return 0;
	}
	return 0;
}

static void take_down_again(struct control *control, const void *argument)
{
	int error = endpoint_take_down(control, argument);

	if (error < 0)
		log_warning("an endpoint that was not stored could not be taken down", LOG_TEXT("endpoint", argument),
			LOG_ERRNO(error));
}

/* Of a kernel that can't make one of the endpoint's links. */
static const char *missing_module(const struct control *control, const struct json *endpoint)
{
	JSON_EACH(address, json_find(json_find(endpoint, "postern"), "addresses"))
	{
		const char *subnet_id = json_find_c_string(address, "subnetId");
		long index = subnet_id ? network_find_subnet(control, subnet_id) : -1;

		if (index >= 0 && control->networks[index].attachment == NETNS_ATTACH_IPVLAN)
			return "ipvlan";
	}
	return "macvlan";
}

/* Have it made before it is stored: if that fails nothing is stored, and if the store fails it is taken down again. */
static int order(struct call *call, const struct json *endpoint)
{
	const char *id = json_find_c_string(endpoint, "vpcEndpointId");
	int error;

	/* One that was given up, and made after all, may hold the NIC. */
	if (call->control->filters_stale)
		endpoints_reconcile(call->control);
	error = endpoint_order(call->control, endpoint);
	if (error == 0)
		call_on_rollback(call, take_down_again, id, strlen(id) + 1);
	if (error == -ENOTCONN)
		return 0;
	if (error == -EAGAIN)
		return call_fail(
			call, "Unavailable", "The endpoint can't be made now: posternd is not there. Try again.");
	if (error == -EOPNOTSUPP)
		return call_fail(call, "UnsupportedOperation", "In local mode there is the built-in endpoint alone.");
	if (error == -EPROTONOSUPPORT)
		return call_fail(call, "UnsupportedOperation",
			"The kernel of Postern's host can't make the kind of link that the subnet's `attachment` asks "
			"for: "
			"load its module there (modprobe %s) or change the settings.",
			missing_module(call->control, endpoint));
	if (error == -EBUSY)
		return call_fail(call, "UnsupportedOperation",
			"The NIC of the subnet is in use: it is in another endpoint (`attachment: nic` is for one), is "
			"a port of "
			"a bridge, or carries links of another kind. posternd's log says which.");
	if (error < 0)
		return call_fail(call, "InternalError", "The endpoint can't be made: %s", strerror(-error));
	return 0;
}

int op_create_vpc_endpoint(struct call *call)
{
	struct json JSON_CLEANUP *endpoints = record_list(call, STORE_vpcendpoint, NULL), *endpoint = json_object_new();
	const struct json *made;
	int error = authorize_subnets(call);

	if (error == 0)
		error = check_create(call, endpoints);
	if (error == 0)
		error = find_by_token(call, endpoints, &made);
	if (error < 0)
		return error;
	if (made) {
		json_set(call->output, "vpcEndpoint", ec2_endpoint_shown(call, made));
		json_set_c_string(call->output, "clientToken", call_input(call, "ClientToken"));
		return 0;
	}
	error = build(call, endpoint, endpoints);
	if (error == 0)
		error = ec2_refuse_dry_run(call);
	if (error == 0)
		error = order(call, endpoint);
	if (error < 0)
		return error;
	if (call_input_has(call, "ClientToken"))
		json_set(json_find(endpoint, "postern"), "request", json_copy(call->input));
	record_put(call, STORE_vpcendpoint, json_find_c_string(endpoint, "vpcEndpointId"), NULL, endpoint);
	json_set(call->output, "vpcEndpoint", ec2_endpoint_shown(call, endpoint));
	json_set_c_string(call->output, "clientToken", call_input(call, "ClientToken"));
	return 0;
}

/* --- modify ------------------------------------------------------------------------------------------------------------------------- */

static int find(struct call *call, const char *id, struct json **ret)
{
	if (strncmp(id, "vpce-", 5) != 0)
		return call_fail(call, "InvalidVpcEndpointId.Malformed", "Invalid Id: '%s' (expecting 'vpce-...')", id);
	*ret = record_find(call, STORE_vpcendpoint, id);
	if (*ret)
		return 0;
	return call_fail(call, "InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '%s' does not exist", id);
}

static void remove_subnets(struct json *endpoint, const struct json *unwanted)
{
	struct json *subnets = json_find(endpoint, "subnetIdSet");
	struct json *addresses = json_find(json_find(endpoint, "postern"), "addresses");

	JSON_EACH(subnet, unwanted)
	{
		for (size_t i = json_count(subnets); i-- > 0;)
			if (view_equals(json_text(json_at(subnets, i)), json_text(subnet)))
				(void)json_remove_at(subnets, i);
		for (size_t i = json_count(addresses); i-- > 0;)
			if (view_equals(json_find_text(json_at(addresses, i), "subnetId"), json_text(subnet)))
				(void)json_remove_at(addresses, i);
	}
}

static int modify_subnets(struct call *call, struct json *endpoint, const struct json *endpoints)
{
	const struct json *added = json_find(call->input, "AddSubnetId");
	int error;

	remove_subnets(endpoint, json_find(call->input, "RemoveSubnetId"));
	error = check_subnets(
		call, json_find_c_string(endpoint, "vpcId"), added, json_ensure_array(endpoint, "subnetIdSet"));
	JSON_EACH(subnet, added)
	if (error == 0)
		error = add_interface(call, endpoint, json_c_string(subnet), endpoints);
	return error;
}

/* Give each interface an address of the families that it has now, and of no other; it keeps those that it has. */
static int modify_families(struct call *call, struct json *endpoint, const struct json *endpoints)
{
	const char *type = json_find_c_string(endpoint, "ipAddressType");
	int error = 0;

	JSON_EACH(entry, json_find(json_find(endpoint, "postern"), "addresses"))
	{
		const char *subnet_id = json_find_c_string(entry, "subnetId");
		long row = subnet_id ? network_find_subnet(call->control, subnet_id) : -1;
		size_t index = (size_t)row;

		if (row < 0)
			return call_fail(call, "InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist",
				subnet_id ? subnet_id : "");
		if (strcmp(type, "ipv6") == 0)
			(void)json_remove(entry, "ipv4");
		else if (error == 0 && !json_find(entry, "ipv4"))
			error = place_address(call, entry, index, AF_INET, endpoints);
		if (strcmp(type, "ipv4") == 0)
			(void)json_remove(entry, "ipv6");
		else if (error == 0 && !json_find(entry, "ipv6"))
			error = place_address(call, entry, index, AF_INET6, endpoints);
	}
	return error;
}

static int modify_policy(struct call *call, struct json *endpoint)
{
	const char *policy;
	int error = 0;

	if (json_find_bool(call->input, "ResetPolicy", false)) {
		json_set_c_string(endpoint, "policyDocument", endpoint_full_access);
	} else if (call_input_has(call, "PolicyDocument")) {
		policy = policy_of(call, &error);
		json_set_c_string(endpoint, "policyDocument", policy);
	}
	return error;
}

static int modify_private_dns(struct call *call, struct json *endpoint, const struct json *endpoints)
{
	bool wanted =
		json_find_bool(call->input, "PrivateDnsEnabled", json_find_bool(endpoint, "privateDnsEnabled", false));

	if (wanted && check_private_dns(call, endpoints, json_find_c_string(endpoint, "vpcId"),
			      json_find_c_string(endpoint, "vpcEndpointId")) < 0)
		return CALL_FAILED;
	json_set_bool(endpoint, "privateDnsEnabled", wanted);
	return 0;
}

/* Groups that the endpoint does not have are no reason to refuse their removal, as with subnets. */
static int modify_groups(struct call *call, struct json *endpoint)
{
	struct json *set = json_ensure_array(endpoint, "groupSet");

	if (!call_input_has(call, "AddSecurityGroupId") && !call_input_has(call, "RemoveSecurityGroupId"))
		return 0;
	if (endpoint_is_builtin(endpoint))
		return call_fail(call, "UnsupportedOperation",
			"The built-in endpoint has no security groups: there is no kernel filter in local mode.");
	JSON_EACH(id, json_find(call->input, "RemoveSecurityGroupId"))
	{
		if (ec2_check_group_id(call, json_c_string(id)) < 0)
			return CALL_FAILED;
		for (size_t i = json_count(set); i-- > 0;)
			if (view_equals(json_find_text(json_at(set, i), "groupId"), json_text(id)))
				(void)json_remove_at(set, i);
	}
	if (add_groups(call, set, json_find_c_string(endpoint, "vpcId"), json_find(call->input, "AddSecurityGroupId")) <
		0)
		return CALL_FAILED;
	if (json_count(set))
		return 0;
	return call_fail(call, "InvalidParameter", "The last security group of an endpoint cannot be removed.");
}

/* A stored change of interfaces: the endpoint is made anew, since its sockets and namespace are of one piece. */
static void remake_endpoint(struct control *control, const void *argument)
{
	const char *id = argument;
	int error = endpoint_take_down(control, id);

	log_info("an endpoint is made anew with other interfaces", LOG_TEXT("endpoint", id), LOG_ERRNO(error));
	control->filters_stale = true;
}

int op_modify_vpc_endpoint(struct call *call)
{
	const char *id = call_input(call, "VpcEndpointId");
	struct json JSON_CLEANUP *endpoint = NULL, *endpoints = NULL;
	bool interfaces = call_input_has(call, "AddSubnetId") || call_input_has(call, "RemoveSubnetId") ||
			  call_input_has(call, "IpAddressType");
	int error = find(call, id, &endpoint);

	if (error < 0)
		return error;
	if (json_count(json_find(call->input, "AddRouteTableId")) ||
		json_count(json_find(call->input, "RemoveRouteTableId")))
		return call_fail(
			call, "InvalidParameter", "Route table IDs are only supported for Gateway type VPC Endpoint.");
	if (interfaces && endpoint_is_builtin(endpoint))
		return call_fail(call, "UnsupportedOperation", "The built-in endpoint has no interfaces.");
	endpoints = record_list(call, STORE_vpcendpoint, NULL);
	error = modify_groups(call, endpoint);
	if (error == 0)
		error = modify_policy(call, endpoint);
	if (error == 0)
		error = modify_private_dns(call, endpoint, endpoints);
	if (error == 0 && (call_input_has(call, "IpAddressType") || call_input_has(call, "DnsOptions")))
		error = take_address_type(call, endpoint);
	if (error == 0 && call_input_has(call, "IpAddressType"))
		error = modify_families(call, endpoint, endpoints);
	if (error == 0 && interfaces)
		error = modify_subnets(call, endpoint, endpoints);
	if (error == 0)
		error = ec2_refuse_dry_run(call);
	if (error < 0)
		return error;
	if (interfaces)
		call_after_commit(call, remake_endpoint, id, strlen(id) + 1);
	record_put(call, STORE_vpcendpoint, id, NULL, endpoint);
	json_set_bool(call->output, "return", true);
	return 0;
}

/* --- delete ------------------------------------------------------------------------------------------------------------------------- */

static void take_down(struct control *control, const void *argument)
{
	int error = endpoint_take_down(control, argument);

	/* What could not be taken down now is no longer stored, so the next comparison with posternd does it. */
	if (error < 0 && error != -ENOTCONN && error != -ENOENT)
		log_warning("an endpoint could not be taken down", LOG_TEXT("endpoint", argument), LOG_ERRNO(error));
	control->filters_stale = control->filters_stale || error == -EAGAIN;
}

static void add_failure(struct json *list, const char *id, const char *code, const char *message)
{
	struct json *entry = json_object_new(), *error = json_ensure_object(entry, "error");

	json_set_c_string(error, "code", code);
	json_set_c_string(error, "message", message);
	json_set_c_string(entry, "resourceId", id);
	json_append(list, entry);
}

int op_delete_vpc_endpoints(struct call *call)
{
	struct json *failures = json_ensure_array(call->output, "unsuccessful");

	if (ec2_refuse_dry_run(call) < 0)
		return CALL_FAILED;
	JSON_EACH(item, json_find(call->input, "VpcEndpointId"))
	{
		const char *id = json_c_string(item);
		struct json JSON_CLEANUP *endpoint = id ? record_find(call, STORE_vpcendpoint, id) : NULL;

		if (!endpoint) {
			add_failure(failures, id, "InvalidVpcEndpointId.NotFound",
				call_text(call, "The Vpc Endpoint Id '%s' does not exist", id ? id : ""));
			continue;
		}
		if (endpoint_is_builtin(endpoint)) {
			add_failure(failures, id, "OperationNotPermitted",
				"The built-in endpoint of local mode can't be deleted");
			continue;
		}
		record_delete(call, STORE_vpcendpoint, id);
		call_after_commit(call, take_down, id, strlen(id) + 1);
	}
	return 0;
}
