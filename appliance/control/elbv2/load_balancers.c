/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * LoadBalancer. Source: ELBv2 API Reference: CreateLoadBalancer, DescribeLoadBalancers, DeleteLoadBalancer, SetSecurityGroups,
 * SetSubnets, SetIpAddressType; Elastic Load Balancing endpoints and quotas, for the ids of hosted zones.
 */
#include <stdio.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/elbv2/elbv2.h"
#include "appliance/control/networks.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* Of us-east-1: they stand for the zone of AWS's own names, which nobody can look up here. */
#define ZONE_OF_NETWORK "Z26RNL4JYFTOTI"
#define ZONE_OF_APPLICATION "Z35SXDOTRQ7X7K"

static bool is_network(const struct json *balancer)
{
	return view_equals_text(json_find_text(balancer, "Type"), "network");
}

/* --- subnets and groups --------------------------------------------------------------------------------------------------------- */

/* Local mode has no table of subnets: any id stands for one of its VPC, each in a zone of its own. */
static int find_place(struct call *call, const char *id, size_t index, const char **ret_vpc, const char **ret_zone)
{
	long found = network_find_subnet(call->control, id);

	if (found >= 0) {
		*ret_vpc = call->control->networks[found].vpc_id;
		*ret_zone = call->control->networks[found].zone;
		return 0;
	}
	if (call->control->settings.local && strncmp(id, "subnet-", 7) == 0) {
		struct json JSON_CLEANUP *vpcs = network_vpc_ids(call);

		*ret_vpc = call_text_of(call, json_text(json_at(vpcs, 0)));
		*ret_zone = call_text(call, "%s%c", control_region(call->control), (char)('a' + index % 26));
		return 0;
	}
	return call_fail(call, "SubnetNotFound", "The subnet ID '%s' does not exist", id);
}

static bool has_zone(const struct json *zones, const char *zone)
{
	JSON_EACH(other, zones)
	if (view_equals_text(json_find_text(other, "ZoneName"), zone))
		return true;
	return false;
}

/* What a mapping asks for besides the subnet: kept and shown, as nothing is made of it. */
static struct json *addresses_of(const struct json *mapping)
{
	static const char *const members[] = { "AllocationId", "PrivateIPv4Address", "IPv6Address" };
	struct json *list = json_array_new(), *address = json_object_new();

	for (size_t i = 0; i < ARRAY_COUNT(members); i++)
		if (json_find_text(mapping, members[i]).count)
			json_set_text(address, members[i], json_find_text(mapping, members[i]));
	if (json_count(address))
		json_append(list, address);
	else
		json_free(address);
	return list;
}

/* `mapping` may be NULL. */
static int add_subnet(
	struct call *call, struct json *balancer, struct json *zones, const char *id, const struct json *mapping)
{
	const char *vpc_id = "", *zone = "";
	struct json *shown;

	if (find_place(call, id, json_count(zones), &vpc_id, &zone) < 0)
		return CALL_FAILED;
	if (json_find(balancer, "VpcId") && !view_equals_text(json_find_text(balancer, "VpcId"), vpc_id))
		return call_fail(call, "InvalidConfigurationRequest",
			"All subnets must belong to the same VPC: '" VIEW_FMT "'",
			VIEW_ARG(json_find_text(balancer, "VpcId")));
	if (has_zone(zones, zone))
		return call_fail(call, "InvalidConfigurationRequest",
			"A load balancer cannot be attached to multiple subnets in the same Availability Zone");
	json_set_c_string(balancer, "VpcId", vpc_id);
	shown = json_object_new();
	json_set_c_string(shown, "ZoneName", zone);
	json_set_c_string(shown, "SubnetId", id);
	json_set(shown, "LoadBalancerAddresses", addresses_of(mapping));
	json_append(zones, shown);
	return 0;
}

static int take_subnets(struct call *call, struct json *balancer)
{
	const struct json *subnets = json_find(call->input, "Subnets"),
			  *mappings = json_find(call->input, "SubnetMappings");
	struct json *zones = json_array_new();
	size_t wanted = is_network(balancer) ? 1 : 2;

	json_set(balancer, "AvailabilityZones", zones);
	if (json_count(subnets) && json_count(mappings))
		return call_fail(
			call, "InvalidConfigurationRequest", "Only one of Subnets and SubnetMappings can be specified");
	JSON_EACH(subnet, subnets)
	if (add_subnet(call, balancer, zones, json_c_string(subnet), NULL) < 0)
		return CALL_FAILED;
	JSON_EACH(mapping, mappings)
	{
		const char *id = json_find_c_string(mapping, "SubnetId");

		if (add_subnet(call, balancer, zones, id ? id : "", mapping) < 0)
			return CALL_FAILED;
	}
	if (json_count(zones) >= wanted)
		return 0;
	return call_fail(call, "ValidationError",
		wanted == 1 ? "At least one subnet must be specified"
			    : "At least two subnets in two different Availability Zones must be specified");
}

static int take_groups(struct call *call, struct json *balancer)
{
	const struct json *wanted = json_find(call->input, "SecurityGroups");
	const char *vpc_id = json_find_c_string(balancer, "VpcId"),
		   *default_group = network_default_group(call, vpc_id);
	struct json *groups = json_array_new();

	json_set(balancer, "SecurityGroups", groups);
	JSON_EACH(group, wanted)
	{
		if (strcmp(json_c_string(group), default_group) != 0 &&
			!record_exists(call, STORE_securitygroup, json_c_string(group)))
			return call_fail(
				call, "InvalidConfigurationRequest", "One or more security groups are invalid");
		json_append_text(groups, json_text(group));
	}
	if (json_count(groups) == 0 && !is_network(balancer))
		json_append_text(groups, view_from_text(default_group));
	if (json_count(groups) == 0)
		(void)json_remove(balancer, "SecurityGroups");
	return 0;
}

/* --- CreateLoadBalancer ----------------------------------------------------------------------------------------------------------- */

static struct json *find_named(struct call *call, const char *name)
{
	struct json JSON_CLEANUP *balancers = record_list(call, STORE_loadbalancer, NULL);

	for (size_t i = 0; i < json_count(balancers); i++)
		if (view_equals_text(json_find_text(json_at(balancers, i), "LoadBalancerName"), name))
			return json_take_at(balancers, i);
	return NULL;
}

static int check_input(struct call *call)
{
	const char *name = call_input(call, "Name"), *type = call_input(call, "Type");

	if (elbv2_check_name(call, "Load balancer", name) < 0 ||
		elbv2_check_one_of(call, "type", type, "application, network, gateway") < 0 ||
		elbv2_check_one_of(call, "scheme", call_input(call, "Scheme"), "internet-facing, internal") < 0 ||
		elbv2_check_one_of(call, "ipAddressType", call_input(call, "IpAddressType"), "ipv4, dualstack") < 0)
		return CALL_FAILED;
	if (strncmp(name, "internal-", 9) == 0)
		return call_fail(
			call, "ValidationError", "Load balancer name '%s' cannot begin with 'internal-'", name);
	if (type && strcmp(type, "gateway") == 0)
		return call_fail(call, "InvalidConfigurationRequest", "Gateway Load Balancers are not supported");
	return 0;
}

static const char *or_else(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

/* {name}-{id}.elb.{region}… or {name}-{number}.{region}.elb…: the gateway answers for none of them. */
static const char *dns_name(struct call *call, const struct json *balancer, const char *arn)
{
	const char *name = json_find_c_string(balancer, "LoadBalancerName"), *region = control_region(call->control),
		   *id = strrchr(arn, '/') + 1;
	bool is_internal = view_equals_text(json_find_text(balancer, "Scheme"), "internal");

	if (is_network(balancer))
		return call_text(call, "%s-%s.elb.%s.amazonaws.com", name, id, region);
	return call_text(call, "%s%s-%.10s.%s.elb.amazonaws.com", is_internal ? "internal-" : "", name, id, region);
}

static int build(struct call *call, struct json *balancer)
{
	const char *type = or_else(call_input(call, "Type"), "application"), *name = call_input(call, "Name"), *arn;
	bool network = strcmp(type, "network") == 0;

	arn = elbv2_new_arn(
		call, STORE_loadbalancer, call_text(call, "loadbalancer/%s/%s", network ? "net" : "app", name));
	json_set_c_string(balancer, "LoadBalancerArn", arn);
	json_set_c_string(balancer, "LoadBalancerName", name);
	json_set_c_string(balancer, "Scheme", or_else(call_input(call, "Scheme"), "internet-facing"));
	json_set_c_string(balancer, "Type", type);
	json_set_c_string(balancer, "DNSName", dns_name(call, balancer, arn));
	json_set_c_string(balancer, "CanonicalHostedZoneId", network ? ZONE_OF_NETWORK : ZONE_OF_APPLICATION);
	json_set(balancer, "CreatedTime", call_now_iso(call));
	json_set_c_string(json_ensure_object(balancer, "State"), "Code", "active");
	json_set_c_string(balancer, "IpAddressType", or_else(call_input(call, "IpAddressType"), "ipv4"));
	if (take_subnets(call, balancer) < 0 || take_groups(call, balancer) < 0)
		return CALL_FAILED;
	json_set(json_ensure_object(balancer, "postern"), "request", json_copy(call->input));
	return elbv2_take_tags(call, balancer, arn);
}

int op_create_load_balancer(struct call *call)
{
	struct json JSON_CLEANUP *balancer = json_object_new(), *other = NULL;
	const char *name = call_input(call, "Name");

	if (check_input(call) < 0)
		return CALL_FAILED;
	other = find_named(call, name);
	if (other && json_equals(json_find_path(other, "postern", "request", NULL), call->input)) {
		elbv2_answer_one(call, "LoadBalancers", other);
		return 0;
	}
	if (other)
		return call_fail(call, "DuplicateLoadBalancerName",
			"A load balancer with the same name '%s' exists, but with different settings", name);
	if (record_count(call, STORE_loadbalancer) >= ELBV2_LOAD_BALANCERS_MAX)
		return call_fail(call, "TooManyLoadBalancers", "The maximum number of load balancers has been reached");
	if (build(call, balancer) < 0)
		return CALL_FAILED;
	elbv2_put(call, STORE_loadbalancer, balancer);
	/* It serves at once; only this answer says that it is being made, as clients expect. */
	json_set_c_string(json_find(balancer, "State"), "Code", "provisioning");
	elbv2_answer_one(call, "LoadBalancers", balancer);
	return 0;
}

/* --- DescribeLoadBalancers, DeleteLoadBalancer --------------------------------------------------------------------------------------- */

int op_describe_load_balancers(struct call *call)
{
	const struct json *arns = json_find(call->input, "LoadBalancerArns"), *names = json_find(call->input, "Names");
	struct json *found = json_array_new(), *balancers;

	if (json_count(arns) && json_count(names)) {
		json_free(found);
		return call_fail(
			call, "ValidationError", "Load balancer names and ARNs cannot be specified at the same time");
	}
	JSON_EACH(arn, arns)
	if (elbv2_check_arn(call, STORE_loadbalancer, json_c_string(arn)) < 0) {
		json_free(found);
		return CALL_FAILED;
	}
	balancers = record_list(call, STORE_loadbalancer, NULL);
	JSON_EACH(balancer, balancers)
	if ((json_count(arns) == 0 || json_has_text(arns, json_find_text(balancer, "LoadBalancerArn"))) &&
		(json_count(names) == 0 || json_has_text(names, json_find_text(balancer, "LoadBalancerName"))))
		json_append(found, json_copy(balancer));
	json_free(balancers);
	if (elbv2_has_all(found, "LoadBalancerArn", arns) && elbv2_has_all(found, "LoadBalancerName", names))
		return elbv2_answer_page(call, "LoadBalancers", found, "LoadBalancerArn");
	json_free(found);
	return json_count(names) ? call_fail(call, "LoadBalancerNotFound", "Load balancers '[" VIEW_FMT "]' not found",
					   VIEW_ARG(json_text(json_at(names, 0))))
				 : call_fail(call, "LoadBalancerNotFound", "One or more load balancers not found");
}

/* Does a VPC link lead to it? */
static bool is_linked(struct call *call, const char *arn)
{
	struct json JSON_CLEANUP *links = record_list(call, STORE_vpclink, NULL);

	JSON_EACH(link, links)
	if (json_has_text(json_find(link, "targetArns"), view_from_text(arn)) &&
		view_equals_text(json_find_text(link, "status"), "AVAILABLE"))
		return true;
	return false;
}

int op_delete_load_balancer(struct call *call)
{
	const char *arn = call_input(call, "LoadBalancerArn");
	struct json JSON_CLEANUP *balancer = NULL;

	if (elbv2_check_arn(call, STORE_loadbalancer, arn) < 0)
		return CALL_FAILED;
	balancer = record_find(call, STORE_loadbalancer, arn);
	/* AWS calls it a success. */
	if (!balancer)
		return 0;
	if (strcmp(elbv2_attribute(STORE_loadbalancer, balancer, "deletion_protection.enabled"), "true") == 0)
		return call_fail(call, "OperationNotPermitted",
			"Load balancer '%s' cannot be deleted because deletion protection is enabled", arn);
	if (is_linked(call, arn))
		return call_fail(call, "ResourceInUse",
			"Load balancer '%s' cannot be deleted because it is currently associated with another service",
			arn);
	record_delete_children(call, STORE_listener, arn);
	record_delete(call, STORE_loadbalancer, arn);
	elbv2_groups_follow(call);
	return 0;
}

/* --- what can be set later ------------------------------------------------------------------------------------------------------------ */

static int find_wanted(struct call *call, struct json **ret)
{
	return elbv2_find(call, STORE_loadbalancer, call_input(call, "LoadBalancerArn"), ret);
}

int op_set_security_groups(struct call *call)
{
	struct json JSON_CLEANUP *balancer = NULL;
	int error = find_wanted(call, &balancer);

	if (error == 0)
		error = take_groups(call, balancer);
	if (error < 0)
		return error;
	elbv2_put(call, STORE_loadbalancer, balancer);
	json_set(call->output, "SecurityGroupIds", json_copy(json_find(balancer, "SecurityGroups")));
	return 0;
}

int op_set_subnets(struct call *call)
{
	struct json JSON_CLEANUP *balancer = NULL;
	int error = find_wanted(call, &balancer);

	if (error == 0)
		error = elbv2_check_one_of(call, "ipAddressType", call_input(call, "IpAddressType"), "ipv4, dualstack");
	if (error == 0)
		error = take_subnets(call, balancer);
	if (error < 0)
		return error;
	call_take(call, balancer, "IpAddressType", NULL);
	elbv2_put(call, STORE_loadbalancer, balancer);
	json_set(call->output, "AvailabilityZones", json_copy(json_find(balancer, "AvailabilityZones")));
	json_set(call->output, "IpAddressType", json_copy(json_find(balancer, "IpAddressType")));
	return 0;
}

int op_set_ip_address_type(struct call *call)
{
	struct json JSON_CLEANUP *balancer = NULL;
	int error = find_wanted(call, &balancer);

	if (error == 0)
		error = elbv2_check_one_of(call, "ipAddressType", call_input(call, "IpAddressType"), "ipv4, dualstack");
	if (error < 0)
		return error;
	call_take(call, balancer, "IpAddressType", NULL);
	elbv2_put(call, STORE_loadbalancer, balancer);
	json_set(call->output, "IpAddressType", json_copy(json_find(balancer, "IpAddressType")));
	return 0;
}
